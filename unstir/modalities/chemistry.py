"""What a molecule in space is worth, by rdkit (the extra `molecules`) and by the field's rules.

    verdict = judged(structure)         # valid, connected, SMILES
    atoms, whole = stable(structure)    # share of atoms whose bonds fit their element; all of them
    atoms, whole = looked_up(structure) # the same, with bonds by distance alone
    text = smiles(structure)            # whatever it is worth
    stereo(structure)                   # hands of atoms, sides of double bonds

Valid: rdkit sanitizes it (valences, rings), it has one fragment and no radical. Where hydrogens
are not drawn they are what valences leave open; whether they are drawn may be said (`explicit`),
else it is whether there are any. Stability by distances is the protocol of
Hoogeboom et al. 2022 (EDM): bond lengths in picometer are those of their table, within margins of
10, 5 and 3; for a molecule without hydrogens those that rdkit places are used, and it is said.
Neither rule knows other elements than H, C, N, O and F: atoms of others are not stable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from unstir.modalities.sdf import Structure, molfile

VALENCES = {"H": (1,), "C": (4,), "N": (3,), "O": (2,), "F": (1,)}
CHARGED = {("N", 1): (4,), ("O", -1): (1,), ("C", -1): (3,)}
SINGLE = {
    "HH": 74, "HC": 109, "HN": 101, "HO": 96, "HF": 92, "CC": 154, "CN": 147, "CO": 143,
    "CF": 135, "NN": 145, "NO": 140, "NF": 136, "OO": 148, "OF": 142, "FF": 142,
}  # fmt: skip
DOUBLE = {"CC": 134, "CN": 129, "CO": 120, "NN": 125, "NO": 121, "OO": 121}
TRIPLE = {"CC": 120, "CN": 116, "CO": 113, "NN": 110}
MARGINS = 10, 5, 3
ORDER = "HCNOF"
LABEL = "_CIPCode"
ELECTRONS = {1: 2, 2: 1, 3: 2}
"""Unpaired or not, of a radical by its code in a file."""


@dataclass(frozen=True)
class Verdict:
    """What rdkit says of a molecule; `smiles` is canonical, empty where it is not valid."""

    valid: bool
    connected: bool
    smiles: str

    @property
    def good(self) -> bool:
        return self.valid and self.connected


PROPERTIES = ("logp", "weight", "qed")
"""Octanol-water partition (Wildman & Crippen 1999), molecular weight in dalton, and drug-likeness
(Bickerton et al. 2012)."""


def properties(smiles: str) -> tuple[float, ...]:
    """`PROPERTIES` of a string; NaN of one that is no molecule."""
    from rdkit import Chem, rdBase
    from rdkit.Chem import QED, rdMolDescriptors

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return (float("nan"),) * len(PROPERTIES)
    log_p = rdMolDescriptors.CalcCrippenDescriptors(molecule)[0]
    return log_p, rdMolDescriptors._CalcMolWt(molecule), QED.qed(molecule)


def judged(structure: Structure, explicit: bool | None = None) -> Verdict:
    """Sanitized or not, in one piece or not, and its canonical SMILES without hydrogens."""
    from rdkit import Chem, rdBase

    molecule = sane(structure, explicit)
    if molecule is None:
        return Verdict(False, False, "")
    connected = len(Chem.GetMolFrags(molecule)) == 1
    radical = any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    with rdBase.BlockLogs():
        smiles = Chem.MolToSmiles(Chem.RemoveHs(molecule))
    return Verdict(not radical, connected, smiles)


def needed() -> None:
    """ImportError, with the way out, where there is no rdkit."""
    if find_spec("rdkit") is None:
        raise ImportError("SMILES of molecules need rdkit: pip install 'unstir[molecules]'")


def smiles(structure: Structure) -> str:
    """Its canonical SMILES; of one that is not valid, atoms and bonds as they stand, which rdkit
    will not read."""
    from rdkit import Chem, rdBase

    if (found := judged(structure)).smiles:
        return found.smiles
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(raw(structure))


def sane(structure: Structure, explicit: bool | None = None) -> Any:
    """The rdkit molecule with its conformer, sanitized, or None."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecule = raw(structure, explicit)
        problem = Chem.SanitizeMol(molecule, catchErrors=True)
    return None if problem else molecule


def raw(structure: Structure, explicit: bool | None = None) -> Any:
    """The rdkit molecule as it stands."""
    from rdkit import Chem
    from rdkit.Geometry import Point3D

    molecule = Chem.RWMol()
    explicit = "H" in structure.symbols if explicit is None else explicit
    for symbol, charge in zip(structure.symbols, structure.charges, strict=True):
        atom = Chem.Atom(symbol)
        atom.SetFormalCharge(charge)
        atom.SetNoImplicit(explicit)
        molecule.AddAtom(atom)
    for i, code in structure.radicals.items():
        molecule.GetAtomWithIdx(i).SetNumRadicalElectrons(ELECTRONS.get(code, 0))
    for i, mass in structure.isotopes.items():
        molecule.GetAtomWithIdx(i).SetIsotope(mass)
    kinds = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
    for i, j in zip(*np.nonzero(np.triu(structure.bonds, 1)), strict=True):
        molecule.AddBond(int(i), int(j), kinds[int(structure.bonds[i, j]) - 1])
    conformer = Chem.Conformer(len(structure))
    for i, (x, y, z) in enumerate(structure.positions.tolist()):
        conformer.SetAtomPosition(i, Point3D(x, y, z))
    molecule.AddConformer(conformer)
    return molecule


def stereo(structure: Structure) -> dict[tuple[int, ...], str]:
    """R, S, r or s of atoms (i,) and E or Z of bonds (i, j), as they stand in space or, where all
    is flat, as its wedges say, where they have any: rdkit's reading of a molfile."""
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdCIPLabeler

    if structure.flat:
        structure = replace(structure, positions=structure.positions * [1, 1, 0])
    with rdBase.BlockLogs():
        molecule = Chem.MolFromMolBlock(molfile(structure), removeHs=False)
    if molecule is None:
        return {}
    rdCIPLabeler.AssignCIPLabels(molecule)
    atoms = {(a.GetIdx(),): a for a in molecule.GetAtoms()}
    bonds = {tuple(sorted((b.GetBeginAtomIdx(), b.GetEndAtomIdx()))): b
             for b in molecule.GetBonds()}  # fmt: skip
    return {place: it.GetProp(LABEL) for place, it in (atoms | bonds).items() if it.HasProp(LABEL)}


def stereo_of(structure: Structure, rows: Sequence[int]) -> dict[tuple[int, ...], str]:
    """The same, of these atoms alone, counted among themselves, where they show it: of a center
    with three bonds among them, and of a double bond with one at either end."""
    new, out = {row: i for i, row in enumerate(rows)}, {}
    shown = (structure.bonds[np.ix_(rows, rows)] > 0).sum(1)
    isotopes = {row: mass for row, mass in structure.isotopes.items() if row in new}
    for place, label in stereo(replace(structure, isotopes=isotopes)).items():
        if all(row in new and shown[new[row]] >= (3 if len(place) == 1 else 2) for row in place):
            out[tuple(new[row] for row in place)] = label
    return out


def with_hydrogens(structure: Structure) -> Structure | None:
    """The molecule with the hydrogens that its valences leave open, placed by rdkit; None where
    it is not valid."""
    from rdkit import Chem

    molecule = sane(structure)
    if molecule is None:
        return None
    molecule = Chem.AddHs(molecule, addCoords=True)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    n = molecule.GetNumAtoms()
    bonds = np.zeros((n, n), np.uint8)
    for bond in molecule.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        bonds[i, j] = bonds[j, i] = int(bond.GetBondTypeAsDouble())
    atoms = list(molecule.GetAtoms())
    return replace(
        structure, symbols=tuple(a.GetSymbol() for a in atoms),
        charges=tuple(a.GetFormalCharge() for a in atoms),
        positions=np.array(molecule.GetConformer().GetPositions()), bonds=bonds,
    )  # fmt: skip


def stable(structure: Structure) -> tuple[float, bool]:
    """By its own bonds: the share of atoms with the valence of their element and charge."""
    return _fitting(structure, structure.bonds.astype(int), charged=True)


def looked_up(structure: Structure) -> tuple[float, bool]:
    """By bonds that follow from distances, charges not seen: EDM's protocol."""
    return _fitting(structure, by_distance(structure), charged=False)


def by_distance(structure: Structure) -> np.ndarray:
    """Orders (N, N) of the bonds that distances speak for."""
    x = structure.positions
    apart = 100 * np.linalg.norm(x[:, None] - x[None], axis=-1)
    orders = np.zeros(apart.shape, int)
    for i, one in enumerate(structure.symbols):
        for j, two in enumerate(structure.symbols[:i]):
            pair = "".join(sorted((one, two), key=ORDER.find))
            orders[i, j] = orders[j, i] = _order(pair, float(apart[i, j]))
    return orders


def _order(pair: str, apart: float) -> int:
    order = 0
    for table, margin in zip((SINGLE, DOUBLE, TRIPLE), MARGINS, strict=True):
        if pair not in table or apart >= table[pair] + margin:
            break
        order += 1
    return order


def lacking(structure: Structure) -> list[int]:
    """Atoms that have fewer bonds than their element and charge take."""
    allowed = map(_allowed, structure.symbols, structure.charges)
    orders = structure.bonds.sum(1, dtype=int)
    return [i for i, each in enumerate(allowed) if orders[i] < max(each, default=0)]


def _allowed(symbol: str, charge: int) -> tuple[int, ...]:
    return CHARGED.get((symbol, charge), ()) if charge else VALENCES.get(symbol, ())


def _fitting(structure: Structure, orders: np.ndarray, charged: bool) -> tuple[float, bool]:
    fits = [
        int(order) in _allowed(symbol, charged * charge)
        for symbol, charge, order in zip(
            structure.symbols, structure.charges, orders.sum(1), strict=True
        )
    ]
    return float(np.mean(fits)), all(fits)
