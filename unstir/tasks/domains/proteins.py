"""Protein chains: what can be seen of a trace, and whether the training set has it.

Bonds: CA to the next CA 3.8 +- 0.2 angstrom. Clashes: CA nearer than 3.8 angstrom, three or more
apart along the chain, for 100 residues. Helix and strand: by P-SEA; right and left: helical turns
of either hand among all. Size: radius of gyration as a multiple of 2.2 N^0.38 angstrom. Contacts:
CA within 8 angstrom, of a residue. Likeness: TM-score with the nearest training chain of the same
length, residue i on residue i. Whether a sequence folds so is not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unstir.datasets import proteins as data
from unstir.evaluation import Better, Score, mean
from unstir.folders import cache_dir
from unstir.modalities import folds
from unstir.modalities import proteins as files
from unstir.modalities.chains import BOND
from unstir.tasks.proteins import proteins
from unstir.tasks.request import BadRequest

DATA = "the PDB"
SHORTEST = 4
"""Residues that have a turn."""
TITLES: Mapping[str, tuple[str, Better]] = {
    "bonds": ("CA-CA bonds right", "higher"), "clashes": ("clashes / 100 residues", "lower"),
    "helix": ("helix", "as real"), "strand": ("strand", "as real"),
    "gyration": ("size / globule", "as real"), "contacts": ("contacts / residue", "as real"),
    "right": ("right-handed turns", "as real"), "left": ("left-handed turns", "as real"),
}  # fmt: skip
Known = Mapping[int, Sequence[np.ndarray]]
"""Length -> traces (N, 3)."""


def building() -> Iterator[tuple[int, int]]:
    """The data, fetched and read once."""
    return data.building(cache_dir() / "proteins")


def drawn(model: str, n: int, seed: int, **asked: Any) -> Iterator[np.ndarray]:
    """Traces (N, 3) by a model."""
    return (protein.xyz[:, 1] for protein in proteins(model=model, n=n, seed=seed, **asked))


def read(path: Path) -> list[np.ndarray]:
    """From a file: its first chain."""
    chain = files.read(path).xyz[:, 1]
    if len(chain) < SHORTEST:
        raise BadRequest(
            f"{path} has {len(chain)} residues; of less than {SHORTEST} nothing is said"
        )
    return [chain]


def known() -> Known:
    """The training set's."""
    chains = data.load(cache_dir() / "proteins").split("train").globular()
    out: dict[int, list[np.ndarray]] = {}
    for i in range(len(chains)):
        x = chains.chain(i)[:, 1]
        out.setdefault(len(x), []).append(x)
    return out


def controls(samples: Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Held-out chains; their mirror images; chains of good bonds that go anywhere."""
    test = data.load(cache_dir() / "proteins").split("test").globular()
    order = np.random.default_rng(0).permutation(len(test))[: len(samples)]
    real = [test.chain(int(i))[:, 1] for i in order]
    rng, walks = np.random.default_rng(0), []
    for x in real:
        steps = rng.normal(size=(len(x) - 1, 3))
        steps *= BOND / np.linalg.norm(steps, axis=-1, keepdims=True)
        walks.append(np.concatenate([np.zeros((1, 3)), steps.cumsum(0)]))
    return {"held out": real, "mirror images": [x * [1, 1, -1] for x in real],
            "random walks": walks}  # fmt: skip


def figures(samples: Sequence[np.ndarray], seen: Known | None) -> list[Score]:
    """What they are worth; `seen` is what they may be like."""
    said = [folds.measured(x) for x in samples]
    out = [
        mean(title, [one[name] for one in said], better=better)
        for name, (title, better) in TITLES.items()
    ]
    if seen is not None:
        nearest = [
            max(folds.tm_score(x, y) for y in seen[len(x)]) for x in samples if len(x) in seen
        ]
        if nearest:
            count = sum(map(len, seen.values()))
            out.append(mean("likeness to training", nearest, count, "lower"))
    return out
