"""V3000 tables say what V2000 tables do: as rdkit writes both, and by hand; bad ones say why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unstir.modalities import sdf
from unstir.modalities.sdf import BadMolecule, Structure

TABLE = """formate
  by hand

  0  0  0     0  0            999 V3000
M  V30 BEGIN CTAB
M  V30 COUNTS 3 2 0 0 0
M  V30 BEGIN ATOM
M  V30 7 C 0 0 0 0
M  V30 3 O 1.2 0 0 0 MASS=18
M  V30 12 O -0.6 1.0 -
M  V30 -0.25 0 CHG=-1 ATTCHORD=(2 7 Al)
M  V30 END ATOM
M  V30 BEGIN BOND
M  V30 1 2 7 3
M  V30 2 1 7 12
M  V30 END BOND
M  V30 BEGIN SGROUP
M  V30 1 DAT 0 ATOMS=(1 7) FIELDDATA="C 9 9 9"
M  V30 END SGROUP
M  V30 END CTAB
M  END
>  <seed>
7

$$$$
"""


def read(text: str) -> Structure:
    Path("it.sdf").write_text(text)
    (found,) = sdf.read("it.sdf")
    return found


def test_a_table_by_hand(home: Path) -> None:
    """Atoms named in any order, lines that go on in the next, groups, tags."""
    found = read(TABLE)
    assert (found.symbols, found.charges) == (("C", "O", "O"), (0, 0, -1))
    assert found.positions.tolist() == [[0, 0, 0], [1.2, 0, 0], [-0.6, 1.0, -0.25]]
    assert found.bonds.tolist() == [[0, 2, 1], [2, 0, 0], [1, 0, 0]]
    assert (found.title, found.tags, found.isotopes) == ("formate", {"seed": "7"}, {1: 18})


SMILES = [
    "C[C@H](N)C(=O)O", "[O-][N+](=O)c1ccccc1", "[CH2]C", "[13CH3][C@@]([2H])(F)Cl", "F/C=C/Cl",
    "C#N.[Na+].[Cl-]", "O=S(=O)([O-])c1ccc2[nH]cnc2c1.[K+]", "[CH]1[CH]C1",
]  # fmt: skip


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("smiles", SMILES)
def test_both_forms_by_rdkit(smiles: str, flat: bool, home: Path) -> None:
    chem = pytest.importorskip("rdkit.Chem.AllChem")
    molecule = chem.MolFromSmiles(smiles)
    if flat:
        chem.Compute2DCoords(molecule)
    else:
        molecule = chem.AddHs(molecule)
        chem.EmbedMolecule(molecule, randomSeed=1)
    old = read(chem.MolToMolBlock(molecule, kekulize=True))
    new = read(chem.MolToV3KMolBlock(molecule, kekulize=True))
    for name in ("symbols", "charges", "radicals", "isotopes", "wedges", "title", "tags"):
        assert getattr(new, name) == getattr(old, name), name
    assert np.array_equal(new.bonds, old.bonds)
    assert np.abs(new.positions - old.positions).max() <= 5.1e-5


def test_more_atoms_than_the_old_form_has_room_for(home: Path) -> None:
    chem = pytest.importorskip("rdkit.Chem.AllChem")
    molecule = chem.MolFromSmiles("C" * 1200)
    molecule.AddConformer(chem.Conformer(1200))
    assert len(read(chem.MolToMolBlock(molecule))) == 1200


def changed(old: str, new: str) -> str:
    assert old in TABLE
    return TABLE.replace(old, new, 1)


BAD = {
    changed("COUNTS 3 2", "COUNTS 4 2"): "line 6: 4 atoms and 2 bonds, but 3 and 2 follow",
    changed("COUNTS 3 2", "COUNTS three"): "line 6: no number in 'three 0'",
    changed("M  V30 COUNTS 3 2 0 0 0\n", ""): "a molecule of 0 atoms",
    changed("7 C 0 0 0 0", "7 R# 0 0 0 0"): "line 8: no element and position in 'R# 0 0 0'",
    changed("7 C 0 0 0 0", "7"): "line 8: no position in ''",
    changed("7 C 0 0 0 0", "7 C 0 0"): "line 8: no position",
    changed("3 O 1.2", "3 O inf"): "line 9: no element and position",
    changed("3 O 1.2", "7 O 1.2"): "two atoms with one number",
    changed("MASS=18", "MASS=heavy"): "line 9: no number in 'heavy'",
    changed("1 2 7 3", "1 2 7 9"): "line 14: a bond of order 2 between atoms 1 and 0 of 3",
    changed("1 2 7 3", "1 2 7"): "line 14: a bond of order 2",
    changed("1 2 7 3", "1"): "line 14: no number in ''",
    changed("1 2 7 3", "1 4 7 3"): "line 14: the bond between atoms 1 and 2 is aromatic",
    changed("1 2 7 3", "1 9 7 3"): "a bond of order 9",
    changed("M  V30 END CTAB\n", ""): "the file ends before its table",
    changed("M  V30 1 2 7 3", "  1  2  2"): "line 14: '  1  2  2' in a V3000 table",
}


@pytest.mark.parametrize("text", BAD, ids=list(BAD.values()))
def test_bad_tables(text: str, home: Path) -> None:
    with pytest.raises(BadMolecule) as raised:
        read(text)
    assert BAD[text] in str(raised.value)
