"""Molecules in space: valid, new, stable. Needs rdkit (the extra `molecules`).

Valid, in one piece: by rdkit; unique among these; novel: no molecule of the training set has that
SMILES. Stability of atoms and of whole molecules: by the bonds that are drawn, and by EDM's table
of distances (Hoogeboom et al. 2022), of all that was drawn. Where hydrogens are not drawn those
that rdkit places are used, so valences are easier to get right than where they are, and what takes
none, for it is not valid, is not stable, nor is any of its atoms. With the package posebusters
installed its fast checks of a molecule alone are passed or not: lengths, angles, room between
atoms, flat rings (Buttenschoen et al. 2024).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unstir.datasets import qm9
from unstir.evaluation import Score, plain, share
from unstir.folders import cache_dir
from unstir.modalities import sdf
from unstir.modalities.chemistry import judged, looked_up, sane, stable, with_hydrogens
from unstir.modalities.sdf import Structure, of_kind
from unstir.tasks.structures import structures

DATA, MOVED = "QM9", 0.1
"""MOVED: angstrom, deviation along each axis."""
POSES = 400
"""The first so many are what posebusters sees."""


def building() -> Iterator[tuple[int, int]]:
    """The data, fetched and read once."""
    return qm9.building(cache_dir() / "qm9")


def drawn(model: str, n: int, seed: int, **asked: Any) -> Iterator[Structure]:
    """By a model."""
    return iter(structures(model=model, n=n, seed=seed, **asked))


def read(path: Path) -> list[Structure]:
    """From a file."""
    return sdf.read(path)


def known() -> set[str]:
    """Canonical SMILES of the training set."""
    from rdkit import Chem

    train = qm9.load(cache_dir() / "qm9").split("train").smiles
    return {Chem.MolToSmiles(Chem.MolFromSmiles(smiles)) for smiles in train}


def controls(samples: Sequence[Structure]) -> dict[str, list[Structure]]:
    """As many molecules that are held out, with hydrogens or without like these; and those with
    every atom moved."""
    test = qm9.load(cache_dir() / "qm9").split("test")
    test = test if whole(samples) else test.heavy()
    real = [one(test, i) for i in range(min(len(samples), len(test)))]
    rng = np.random.default_rng(0)
    moved = [
        replace(s, positions=s.positions + rng.normal(0, MOVED, s.positions.shape)) for s in real
    ]
    return {"held out": real, f"moved by {MOVED} A": moved}


def figures(samples: Sequence[Structure], seen: set[str] | None) -> list[Score]:
    """What they are worth; `seen` is what is not novel."""
    explicit = whole(samples)
    verdicts = [judged(molecule, explicit) for molecule in samples]
    good = [v.smiles for v in verdicts if v.good]
    out = [share("valid and connected", [v.good for v in verdicts])]
    if good:
        out.append(plain("of these unique", len(set(good)) / len(good), len(good)))
    if good and seen is not None:
        fresh = [smiles not in seen for smiles in set(good)]
        out.append(share("of these novel", fresh, len(seen)))
    complete = _complete(samples, [v.good for v in verdicts])
    counts = [len(molecule or drawn) for molecule, drawn in zip(complete, samples, strict=True)]
    for title, rule in (("bonds", stable), ("distances", looked_up)):
        shares = [rule(molecule) if molecule else (0.0, False) for molecule in complete]
        atoms = np.average([part for part, _ in shares], weights=counts)
        out.append(plain(f"atoms stable by {title}", float(atoms), sum(counts)))
        out.append(share(f"molecules stable by {title}", [all_ for _, all_ in shares]))
    passing = busted(complete[:POSES])
    return out if passing is None else [*out, share("passing PoseBusters", passing)]


def busted(molecules: Sequence[Structure | None]) -> list[bool] | None:
    """Whether each, with all its hydrogens, passes all of PoseBusters' fast checks, if the package
    posebusters is here; what is no molecule does not."""
    try:
        posebusters = importlib.import_module("posebusters")
    except ImportError:
        return None
    ready = [molecule and sane(molecule, explicit=True) for molecule in molecules]
    good = [molecule for molecule in ready if molecule]
    if not good:
        return [False] * len(ready)
    table = posebusters.PoseBusters(config="mol_fast").bust(good)
    passed = iter(table.all(axis=1).tolist())
    return [bool(molecule) and bool(next(passed)) for molecule in ready]


def _complete(samples: Sequence[Structure], good: Sequence[bool]) -> list[Structure | None]:
    """Molecules as they were drawn where that is with hydrogens; else those that are `good` with
    what rdkit places on them, and None for the others."""
    if whole(samples):
        return list(samples)
    return [with_hydrogens(m) if fine else None for m, fine in zip(samples, good, strict=True)]


def whole(samples: Sequence[Structure]) -> bool:
    """Whether hydrogens are among what was drawn."""
    return any("H" in molecule.symbols for molecule in samples)


def one(molecules: qm9.Molecules, row: int) -> Structure:
    """A molecule of the set."""
    n = int((molecules.tokens[row] > 0).sum())
    kinds = [of_kind(qm9.TOKENS[k - 1]) for k in molecules.tokens[row, :n]]
    symbols, charges = zip(*kinds, strict=True)
    x, bonds = molecules.positions[row, :n], molecules.bonds[row, :n, :n]
    return Structure(symbols, charges, x.astype(float), bonds)
