"""How good the molecules of the shipped model are, beside real ones.

    python -m benchmarks.molecules 1000                  # needs rdkit
    python -m benchmarks.molecules 1000 --model runs/molecules

Seeds 0 to N - 1, none left out. Valid, connected: by rdkit; unique among the valid; novel: no
molecule of the training set has that SMILES. Stability of atoms and of whole molecules: by the
bonds that are drawn, and by EDM's table of distances, where hydrogens are missing those that rdkit
places. The controls: molecules that are held out, and those with positions moved by 0.1 angstrom.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.judge.score import interval
from unstir.datasets import qm9
from unstir.folders import cache_dir
from unstir.modalities.chemistry import judged, looked_up, stable, with_hydrogens
from unstir.modalities.sdf import Structure, of_kind
from unstir.tasks.structures import structures


def main(count: int, model: str) -> None:
    """A block of lines for the model and for each control."""
    for _ in qm9.building(cache_dir() / "qm9"):
        pass
    molecules = qm9.load(cache_dir() / "qm9")
    known = {canonical(smiles) for smiles in molecules.split("train").smiles}
    begin = time.process_time()
    drawn = list(structures(model=model, n=count, seed=0))
    taken = time.process_time() - begin
    report(f"{model}, {count / taken:.1f} each CPU-s", drawn, known)
    test = molecules.split("test").heavy()
    real = [real_one(test, i) for i in range(min(count, len(test)))]
    report("held-out molecules", real, known)
    rng = np.random.default_rng(0)
    moved = [
        replace(s, positions=s.positions + rng.normal(0, 0.1, s.positions.shape)) for s in real
    ]
    report("moved by 0.1 angstrom", moved, known)


def real_one(molecules: qm9.Molecules, row: int) -> Structure:
    """A molecule of the set."""
    n = int((molecules.tokens[row] > 0).sum())
    kinds = [of_kind(qm9.TOKENS[k - 1]) for k in molecules.tokens[row, :n]]
    symbols, charges = zip(*kinds, strict=True)
    x, bonds = molecules.positions[row, :n], molecules.bonds[row, :n, :n]
    return Structure(symbols, charges, x.astype(float), bonds)


def canonical(smiles: str) -> str:
    """As rdkit writes it."""
    from rdkit import Chem

    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


def report(name: str, molecules: Sequence[Structure], known: set[str]) -> None:
    """What they are worth."""
    verdicts = [judged(molecule) for molecule in molecules]
    good = [v.smiles for v in verdicts if v.good]
    print(f"{name}\n  valid and connected  {interval([v.good for v in verdicts])}")
    if not good:
        return
    print(f"  of these unique      {100 * len(set(good)) / len(good):5.1f} %")
    print(f"  of these novel       {interval([smiles not in known for smiles in set(good)])}")
    whole = [with_hydrogens(m) for m, v in zip(molecules, verdicts, strict=True) if v.good]
    for title, rule in (("bonds", stable), ("distances", looked_up)):
        shares = [rule(molecule) for molecule in whole if molecule is not None]
        weights = [len(molecule) for molecule in whole if molecule is not None]
        atoms = np.average([share for share, _ in shares], weights=weights)
        print(f"  stable by {title:10} {100 * atoms:5.1f} % of atoms, "
              f"{interval([all_of_it for _, all_of_it in shares])} of molecules")  # fmt: skip
    print("  for example", *good[:5], flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    if not words or not words[0].isdigit() or (words[1:] and words[1] != "--model"):
        sys.exit("usage: python -m benchmarks.molecules N [--model MODEL]")
    main(int(words[0]), words[2] if words[2:] else "molecules")
