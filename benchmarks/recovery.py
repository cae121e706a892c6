"""Letters for real backbones: how many are nature's?

    python -m benchmarks.recovery proteins 100

Of held-out chains (no family of similar sequences is in training too) all letters are drawn anew,
`unstir inpaint it.pdb --keep backbone`, at temperature 0.1; the share that are nature's own,
beside what the same letters in any order have, and the training set's most frequent one.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.motifs import held_out
from unstir.datasets import proteins as data
from unstir.evaluation import mean
from unstir.folders import cache_dir
from unstir.modalities.proteins import Protein, write
from unstir.tasks.scaffold import scaffold


def main(which: str, count: int) -> None:
    """A line for what is drawn, and one for each control."""
    chains = held_out(count)
    true = [chain.sequence for chain in chains]
    made = [written(which, chain, seed) for seed, chain in enumerate(chains)]
    rng = np.random.default_rng(0)
    mixed = ["".join(rng.permutation(list(text))) for text in made]
    known = data.load(cache_dir() / "proteins").split("train").sequence
    [(usual, _)] = Counter(known).most_common(1)
    same = [usual * len(text) for text in true]
    for name, texts in (("drawn", made), ("in any order", mixed), (f"all {usual}", same)):
        score = mean(name, [recovered(*pair) for pair in zip(texts, true, strict=True)])
        print(f"{name:13} {100 * score.value:.1f} % ({100 * score.low:.1f} to "
              f"{100 * score.high:.1f})")  # fmt: skip


def written(which: str, chain: Protein, seed: int) -> str:
    """The letters that are drawn for its backbone."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "it.pdb"
        write([chain], file)
        [made] = scaffold(str(file), keep="backbone", model=which, seed=seed)
    return made.sequence


def recovered(text: Sequence[str], true: Sequence[str]) -> float:
    """The share of places with the same letter."""
    return float(np.mean([a == b for a, b in zip(text, true, strict=True)]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.recovery MODEL N")
