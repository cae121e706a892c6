"""The figures of molecules, on some whose answers are known."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unstir.modalities import chemistry
from unstir.modalities.sdf import BadMolecule, Structure
from unstir.tasks.domains import molecules, smiles
from unstir.tasks.domains.smiles import apart, diversity, exchanged, molecule, passes


@pytest.fixture(autouse=True)
def without_posebusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are the same whether it is installed or not."""
    monkeypatch.setitem(sys.modules, "posebusters", None)


def test_valid() -> None:
    assert molecule("CCO") is not None
    for wrong in ("C1CC", "c1cccc1C", "CC.O", "C[CH2]", "C(C)(C)(C)(C)C", ""):
        assert molecule(wrong) is None


def test_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    from rdkit import Chem

    monkeypatch.setattr(smiles, "unwanted", lambda: (Chem.MolFromSmarts("[#6]1-[#8]-[#6]-1"),))
    for fine in ("CCO", "c1ccccc1", "C1CCCCCC1"):
        assert passes(Chem.MolFromSmiles(fine))
    for wrong in ("C1CCCCCCC1", "C[NH3+]", "C[Si]", "C1OC1"):
        assert not passes(Chem.MolFromSmiles(wrong))


def test_distances() -> None:
    x = np.linspace(0, 1, 2000)
    assert apart(x, x) == 0
    assert apart(x, x + 3) == pytest.approx(3)
    assert apart(x, 2 * x) == pytest.approx(0.5, abs=1e-2)
    same = [molecule("CCO")] * 3
    assert diversity(same) == pytest.approx(0)
    assert diversity([molecule("CCCCCC"), molecule("c1ccncc1")]) > 0.8


def test_exchanged() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = exchanged("CC(=O)Cl", rng)
        assert sorted(other) == sorted("CC(=O)Cl")


def methane(hydrogens: int, apart: float = 1.09) -> Structure:
    """Carbon with some of its four hydrogens."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    places = np.concatenate([np.zeros((1, 3)), apart * corners])[: 1 + hydrogens]
    bonds = np.zeros((1 + hydrogens, 1 + hydrogens), np.uint8)
    bonds[0, 1:] = bonds[1:, 0] = 1
    return Structure(("C", *"H" * hydrogens), (0,) * (1 + hydrogens), places, bonds)


def test_hydrogens_that_are_drawn_count_as_they_are() -> None:
    """None is added: of two molecules one lacks a hydrogen, of two one has its bonds too long."""

    def found(*samples: Structure) -> dict[str, float]:
        return {score.name: score.value for score in molecules.figures(samples, {"CC"})}

    lacking = found(methane(4), methane(3))
    assert lacking["valid and connected"] == 0.5
    assert lacking["molecules stable by bonds"] == lacking["molecules stable by distances"] == 0.5
    assert lacking["atoms stable by bonds"] == pytest.approx(8 / 9)
    assert lacking["of these novel"] == 1
    far = found(methane(4), methane(4, apart=1.4))
    assert (far["molecules stable by bonds"], far["molecules stable by distances"]) == (1, 0.5)
    assert found(methane(0))["molecules stable by distances"] == 1  # rdkit places them


def test_radicals_are_not_valid() -> None:
    """Whether hydrogens are drawn or follow from valences, which a radical does not fill."""
    for one in (methane(3), methane(0)):
        assert not chemistry.judged(replace(one, radicals={0: 2})).good
    found = {s.name: s.value for s in molecules.figures(
        [methane(0), replace(methane(0), radicals={0: 2})], None)}  # fmt: skip
    assert found["valid and connected"] == 0.5


def test_the_column_of_a_table(tmp_path: Path) -> None:
    """That which is called so, wherever it stands; the only one; none of several."""
    file = tmp_path / "it.csv"
    for text, strings in (
        ("name,smiles\nx,CCO\n\ny,c1ccccc1\nz\n", ["CCO", "c1ccccc1", ""]),
        ("\ufeffSMILES ,seed\nCCO,1\n", ["CCO"]), ("molecule\nCCO\n", ["CCO"]),
        ('id,Smiles\n"a,b",CN\n', ["CN"]), ("", []),
    ):  # fmt: skip
        file.write_text(text, encoding="utf-8")
        assert smiles.read(file) == strings
    file.write_text("name,canonical\nx,CCO\n")
    with pytest.raises(BadMolecule, match=r"no column named smiles; it has name, canonical$"):
        smiles.read(file)


def test_a_bare_atom_among_whole_molecules_is_none() -> None:
    """Where hydrogens are drawn carbon alone lacks four, and none are thought of."""
    scores = molecules.figures([methane(4), methane(0)], None)
    found = {score.name: score.value for score in scores}
    assert found["valid and connected"] == found["molecules stable by bonds"] == 0.5
    assert chemistry.judged(methane(0)).good
    assert not chemistry.judged(methane(0), explicit=True).good


def test_stability_where_nothing_is_valid() -> None:
    """It takes no valid molecule: of methane without a hydrogen three atoms of four are stable."""
    found = {score.name: score.value for score in molecules.figures([methane(3)], set())}
    assert found["valid and connected"] == found["molecules stable by bonds"] == 0
    assert found["atoms stable by bonds"] == pytest.approx(3 / 4)
    assert "of these unique" not in found


EDGES = {
    1: "HH 84 HC 119 HN 111 HO 106 HF 102 CC 164 CN 157 CO 153 CF 145 NN 155 NO 150 NF 146 OO 158 "
       "OF 152 FF 152",
    2: "CC 139 CN 134 CO 125 NN 130 NO 126 OO 126",
    3: "CC 123 CN 119 CO 116 NN 113",
}  # fmt: skip
"""Picometers up to which a pair has a bond of this order: EDM's lengths and margins (Hoogeboom et
al. 2022), added by hand."""


@pytest.mark.parametrize("order", EDGES)
def test_bonds_by_distance(order: int) -> None:
    """Every pair of the tables, from both ends, within half a picometer of its edge."""
    words = EDGES[order].split()
    for pair, edge in zip(words[::2], map(int, words[1::2]), strict=True):
        for length, wanted in ((edge - 0.5, order), (edge + 0.5, order - 1)):
            places, bonds = np.array([[0, 0, 0], [length / 100, 0, 0]]), np.zeros((2, 2), np.uint8)
            for symbols in (tuple(pair), tuple(pair[::-1])):
                both = Structure(symbols, (0, 0), places, bonds)
                assert chemistry.by_distance(both).tolist() == [[0, wanted], [wanted, 0]], pair


def test_what_is_not_valid_is_not_stable() -> None:
    """Two oxygens with three bonds between them take no hydrogens: of two molecules one is stable,
    and of the atoms five of seven."""
    places, bonds = np.array([[0.0, 0, 0], [1.2, 0, 0]]), np.array([[0, 3], [3, 0]])
    torn = Structure(("O", "O"), (0, 0), places, bonds)
    found = {s.name: s.value for s in molecules.figures([methane(0), torn], None)}
    assert found["molecules stable by bonds"] == found["molecules stable by distances"] == 0.5
    assert found["atoms stable by bonds"] == pytest.approx(5 / 7)


def test_elements_that_the_rules_do_not_know() -> None:
    """Chloromethane is a molecule, and not stable by tables that have no chlorine."""
    chlorine = replace(methane(4), symbols=("C", "Cl", "H", "H", "H"))
    found = {s.name: s.value for s in molecules.figures([chlorine], None)}
    assert found["valid and connected"] == 1
    assert found["molecules stable by bonds"] == found["molecules stable by distances"] == 0


def test_what_posebusters_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no molecule fails, and is not shown to it; without it there is no such figure."""
    shown: list[Any] = []

    class Checks:
        def __init__(self, config: str) -> None:
            assert config == "mol_fast"

        def bust(self, molecules: list[Any]) -> np.ndarray:
            shown.extend(molecules)
            return np.array([[True, True], [True, False]])

    lacking = replace(methane(4), bonds=3 * (methane(4).bonds > 0))
    monkeypatch.setitem(sys.modules, "posebusters", SimpleNamespace(PoseBusters=Checks))
    assert molecules.busted([methane(4), None, lacking, methane(0)]) == [True, False, False, False]
    assert [molecule.GetNumAtoms() for molecule in shown] == [5, 1]
    assert molecules.busted([None]) == [False]
    monkeypatch.setitem(sys.modules, "posebusters", None)
    assert molecules.busted([methane(4)]) is None
    assert all("Pose" not in s.name for s in molecules.figures([methane(4)], None))
