"""Proteins drawn around a part of a real one: do they fit?

    python -m benchmarks.motifs proteins 60

Of held-out chains a third stays, one stretch anywhere; `unstir inpaint it.pdb --keep A20-35
--length N` draws as long a chain around it. CA-CA bonds of 3.8 +- 0.2 angstrom, all and those
where the stretch begins and ends; peptides there, C-N of 1.33 +- 0.1; clashes for 100 residues;
size; contacts of a residue of the stretch with the others. Beside the chains themselves and chains
of the same lengths drawn whole.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from unstir.datasets import proteins as data
from unstir.evaluation import mean
from unstir.folders import cache_dir
from unstir.modalities import folds
from unstir.modalities.chains import BOND
from unstir.modalities.proteins import Protein, write
from unstir.tasks.domains.proteins import building
from unstir.tasks.proteins import proteins
from unstir.tasks.scaffold import scaffold

Drawn = tuple[np.ndarray, Sequence[int]]
"""A backbone (N, 4, 3), and the places of the stretch in it."""
PEPTIDE, NEAR = 1.33, 0.1


def main(which: str, count: int) -> None:
    """A line for each kind of chain."""
    true = held_out(count)
    kept = [stretch(len(protein), seed) for seed, protein in enumerate(true)]
    pairs = list(zip(true, kept, strict=True))
    report("around a third", (around(which, *pair, seed) for seed, pair in enumerate(pairs)))
    report("held out", ((protein.xyz, range(*part)) for protein, part in pairs))
    report("drawn whole", ((whole(which, len(protein), seed), range(*part))
                           for seed, (protein, part) in enumerate(pairs)))  # fmt: skip


def held_out(count: int) -> list[Protein]:
    """So many chains that no training set has, in a shuffled order."""
    for _ in building():
        pass
    test = data.load(cache_dir() / "proteins").split("test").globular()
    order = np.random.default_rng(0).permutation(len(test))[:count]
    return [Protein(test.chain(i), test.letters(i)[0], tuple(range(1, int(test.lengths[i]) + 1)))
            for i in order]  # fmt: skip


def stretch(length: int, seed: int) -> tuple[int, int]:
    """Where a third of the residues begins and ends, one in a row."""
    count = length // 3
    first = int(np.random.default_rng(seed).integers(length - count + 1))
    return first, first + count


def around(which: str, true: Protein, part: tuple[int, int], seed: int) -> Drawn:
    """A chain drawn around a part of the true one, as `unstir inpaint` does, and where in it the
    part is: there it stands to the last bit."""
    first, last = part
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "it.pdb"
        write([true], file)
        asked = {"keep": f"A{first + 1}-{last}", "length": len(true), "seed": seed}
        [made] = scaffold(str(file), model=which, **asked)
    x, motif = made.xyz, true.xyz[first:last]
    for at in range(len(x) - len(motif) + 1):
        if np.allclose(x[at : at + len(motif)], motif, atol=1e-3):
            return x, range(at, at + len(motif))
    raise RuntimeError(f"the stretch {part} of chain {seed} is not in what was drawn")


def whole(which: str, length: int, seed: int) -> np.ndarray:
    """A chain drawn from nothing."""
    [made] = proteins(model=which, length=length, seed=seed)
    return made.xyz


def measured(xyz: np.ndarray, part: Sequence[int]) -> dict[str, float]:
    """Figures of one chain, and of how a part stands in it."""
    x = xyz[:, 1]
    said = folds.measured(x)
    peptides = np.abs(np.linalg.norm(xyz[1:, 0] - xyz[:-1, 2], axis=-1) - PEPTIDE) <= NEAR
    bonds = np.abs(np.linalg.norm(np.diff(x, axis=0), axis=-1) - BOND) <= folds.NEAR
    ends = [i for i in (part[0] - 1, part[-1]) if 0 <= i < len(bonds)]
    others = np.setdiff1d(np.arange(len(x)), np.arange(part[0] - 2, part[-1] + 3))
    near = folds.distances(x)[np.ix_(list(part), others)] < folds.CONTACT
    return {
        "bonds": said["bonds"], "bonds at its ends": float(bonds[ends].mean()),
        "peptides at its ends": float(peptides[ends].mean()),
        "clashes": said["clashes"], "size": said["gyration"],
        "its contacts": float(near.sum() / len(part)),
    }  # fmt: skip


def report(name: str, drawn: Iterator[Drawn]) -> None:
    """The mean of each figure."""
    rows = [measured(*each) for each in drawn]
    scores = [mean(title, [row[title] for row in rows]) for title in rows[0]]
    said = (f"{s.name} {s.value:.3f} ({s.low:.3f} to {s.high:.3f})" for s in scores)
    print(f"{name:15} {', '.join(said)}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.motifs MODEL N")
