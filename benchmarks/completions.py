"""Molecules completed around a part of a real one: are they molecules?

    python -m benchmarks.completions molecules 200

Of held-out molecules of QM9 the first half of the heavy atoms stays, counted from one of them
along its bonds, with their places; `unstir inpaint it.sdf --keep ... --atoms N` draws as many as
there were. Valid and in one piece, by rdkit, beside as many drawn whole. Needs rdkit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from unstir.datasets import qm9
from unstir.evaluation import share
from unstir.folders import cache_dir
from unstir.modalities import sdf
from unstir.modalities.chemistry import judged
from unstir.modalities.sdf import Structure
from unstir.runtimes.manifest import read
from unstir.runtimes.shelf import folder
from unstir.tasks.complete import complete
from unstir.tasks.domains.molecules import building, one
from unstir.tasks.structures import structures

LEAST = 7
"""Heavy atoms of a molecule that is taken, at least."""


def main(which: str, count: int) -> None:
    """A line for what is completed, and one for what is drawn whole."""
    true = held_out(which, LEAST)[:count]
    made = [completed(which, each, seed) for seed, each in enumerate(true)]
    whole = structures(model=which, n=count, seed=0)
    for name, molecules in (("completed", made), ("drawn whole", whole)):
        score = share(name, [judged(molecule).good for molecule in molecules])
        print(f"{name:12} {100 * score.value:.1f} % ({100 * score.low:.1f} to "
              f"{100 * score.high:.1f}) valid and in one piece")  # fmt: skip


def held_out(which: str, least: int) -> list[Structure]:
    """Molecules of QM9 with so many heavy atoms or more, shuffled, with hydrogens if the model
    draws them."""
    for _ in building():
        pass
    data = qm9.load(cache_dir() / "qm9").split("test")
    data = data if "H" in (read(folder(which)).molecule or {})["kinds"] else data.heavy()
    heavy = ((data.tokens > 0) & (data.tokens < len(qm9.TOKENS))).sum(1)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(heavy >= least))
    return [one(data, int(row)) for row in rows]


def completed(which: str, true: Structure, seed: int) -> Structure:
    """The molecule with half of it drawn anew."""
    keep = ",".join(map(str, part(true)))
    return drawn(which, true, keep=keep, atoms=len(true), seed=seed)[0]


def drawn(which: str, true: Structure, **asked: Any) -> list[Structure]:
    """What `unstir inpaint` makes of a file with the molecule."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "it.sdf"
        sdf.write([true], file)
        return list(complete(str(file), model=which, **asked))


def part(true: Structure) -> list[int]:
    """Half of the heavy atoms, neighbors before those farther away."""
    heavy = [i for i, symbol in enumerate(true.symbols) if symbol != "H"]
    rows, half = heavy[:1], len(heavy) // 2
    for row in rows:
        near = [i for i in heavy if true.bonds[row, i] and i not in rows]
        rows += near[: half - len(rows)]
    return rows


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.completions MODEL N")
