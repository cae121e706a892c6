"""Molecules on disk: what is written is read again, by us and by rdkit, and bad files say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unstir.modalities import sdf
from unstir.modalities.sdf import BadMolecule, Structure

BONDS = np.array([[0, 2, 1], [2, 0, 0], [1, 0, 0]], np.uint8)
PLACES = np.array([[0, 0, 0], [1.2, 0, 0], [-0.6, 1.0, -0.25]])
TAGS = {"seed": "7", "model": "molecules"}
ONE = Structure(("C", "O", "O"), (0, 0, -1), PLACES, BONDS, "formate", TAGS)


def test_round_trip(home: Path) -> None:
    sdf.write([ONE, ONE], "two.sdf")
    for back in sdf.read("two.sdf"):
        assert (back.symbols, back.charges) == (ONE.symbols, ONE.charges)
        assert (back.title, back.tags) == (ONE.title, dict(ONE.tags))
        assert np.array_equal(back.bonds, ONE.bonds)
        assert np.abs(back.positions - ONE.positions).max() < 1e-4
    assert len(sdf.read("two.sdf")) == 2


def test_tags_keep_their_spaces(home: Path) -> None:
    """A recipe's paths and prompts may have two in a row; only line breaks cannot stay."""
    said = {"unstir": '{"command": ["a  b"]}', "other": "two\nlines"}
    sdf.write([replace(ONE, tags=said)], "it.sdf")
    assert sdf.read("it.sdf")[0].tags == {**said, "other": "two lines"}
    sdf.write([replace(ONE, tags=said)], "it.xyz")
    line = Path("it.xyz").read_text().splitlines()[1]
    assert line == f"formate unstir={said['unstir']}; other=two lines"


def test_whether_it_has_three_dimensions(capfd: pytest.CaptureFixture[str]) -> None:
    """Columns 21 and 22 of the second line say so; rdkit warns where they do not."""
    chem = pytest.importorskip("rdkit.Chem")
    flat = replace(ONE, positions=ONE.positions * [1, 1, 0])
    assert sdf.molfile(ONE).splitlines()[1] == "  unstir            3D"
    assert sdf.molfile(flat).splitlines()[1] == "  unstir"
    for one in (ONE, flat):
        molecule = chem.MolFromMolBlock(sdf.molfile(one))
        assert molecule.GetConformer().Is3D() == (one is ONE)
    assert "Warning" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["C", "N+", "O-", "S++"])
def test_kinds_have_names(name: str) -> None:
    assert sdf.kind(*sdf.of_kind(name)) == name


def test_rdkit_reads_the_same(home: Path) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    sdf.write([ONE], "one.sdf")
    [molecule] = chem.SDMolSupplier("one.sdf")
    assert chem.MolToSmiles(molecule) == "O=C[O-]"
    assert molecule.GetProp("seed") == "7"
    assert np.allclose(molecule.GetConformer().GetPositions(), ONE.positions, atol=1e-4)
    again = chem.SDWriter("theirs.sdf")
    again.write(molecule)
    again.close()
    assert np.array_equal(sdf.read("theirs.sdf")[0].bonds, ONE.bonds)


def test_xyz_and_mol(home: Path) -> None:
    sdf.write([ONE], "one.xyz")
    lines = Path("one.xyz").read_text().splitlines()
    assert lines[0] == "3"
    assert lines[1] == "formate seed=7; model=molecules"
    assert lines[4].split() == ["O", "-0.60000", "1.00000", "-0.25000"]
    sdf.write([ONE], "one.mol")
    assert sdf.read("one.mol")[0].charges == (0, 0, -1)
    for name, count, says in (("two.mol", 2, "room for one"), ("one.pdb", 1, "ends in .pdb")):
        with pytest.raises(ValueError, match=says):
            sdf.write([ONE] * count, name)
        assert not Path(name).exists()


GOOD = sdf.record(ONE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no molecule"),
        ("hello\n", "line 4: no V2000 or V3000 counts line"),
        (GOOD.replace("V2000", "     "), "line 4: no V2000 or V3000 counts line"),
        (GOOD.replace("V2000", "V3000"), "line 5: .* in a V3000 table"),
        (GOOD.replace("  3  2  0", "  a  2  0"), "line 4: no counts"),
        (GOOD.replace("  3  2  0", "  0  0  0"), "a molecule of 0 atoms"),
        (GOOD.replace("  3  2  0", " -1  2  0"), "a molecule of -1 atoms"),
        (GOOD.replace("  3  2  0", " 30 20  0"), "ends before its 30 atoms"),
        (GOOD.replace("    1.2000", "      what"), "line 6: no position"),
        (GOOD.replace("    1.2000", "       nan"), "line 6: no element and position"),
        (GOOD.replace("0 C  ", "0 7  "), "line 5: no element"),
        (GOOD.replace("0 C  ", "0 Xx "), "line 5: no element"),
        (GOOD.replace("  1  2  2", "  1  9  2"), "line 8: a bond of order 2 between atoms"),
        (GOOD.replace("  1  2  2", "  1  2  5"), "a bond of order 5"),
        (
            GOOD.replace("  1  2  2", "  1  2  4"),
            "line 8: the bond between atoms 1 and 2 is aromatic; write it with single and double",
        ),
        (GOOD.replace("CHG  1   3", "CHG  1   8"), "line 10: M  CHG names atom 8 of 3"),
        (GOOD.replace("CHG  1   3", "CHG  1 abc"), "no numbers in 'M  CHG  1 abc"),
        (GOOD.replace("CHG  1   3", "RAD  1   9"), "M  RAD names atom 9 of 3"),
        (GOOD.replace("C   0", "C   1", 1), "line 5: an isotope as a difference, 1; state it by"),
    ],
)  # fmt: skip
def test_bad_files(text: str, says: str, home: Path) -> None:
    Path("bad.sdf").write_text(text)
    with pytest.raises(BadMolecule, match=says):
        sdf.read("bad.sdf")


def test_a_file_that_is_no_text(home: Path) -> None:
    Path("bad.sdf").write_bytes(bytes(range(256)))
    with pytest.raises(BadMolecule, match="no text"):
        sdf.read("bad.sdf")


def test_a_title_in_latin_1(home: Path) -> None:
    """As old programs write it: the rest is read, and the byte that is a line break in Unicode
    breaks no line."""
    text = GOOD.replace("formate", "m\xe9thano\x85ate")
    for encoding in ("latin-1", "utf-8", "utf-8-sig"):
        Path("it.sdf").write_text(text, encoding=encoding)
        [it] = sdf.read("it.sdf")
        assert it.title == "m\xe9thano\x85ate"
        assert it.symbols == ONE.symbols


def test_wedges_radicals_and_isotopes(home: Path) -> None:
    """They are written as they are read, wedges from their narrow end."""
    wedges = {(2, 0): 6, (0, 1): 3}
    it = replace(ONE, wedges=wedges, radicals={0: 2}, isotopes={0: 13, 2: 18})
    sdf.write([it], "it.sdf")
    lines = Path("it.sdf").read_text().splitlines()
    assert lines[7:9] == ["  1  2  2  3", "  3  1  1  6"]
    assert lines[10:12] == ["M  RAD  1   1   2", "M  ISO  2   1  13   3  18"]
    [back] = sdf.read("it.sdf")
    assert (back.wedges, back.radicals, back.isotopes) == (wedges, it.radicals, it.isotopes)
    assert np.array_equal(back.bonds, ONE.bonds)
    assert not back.flat


def test_radicals_and_isotopes_of_old_files(home: Path) -> None:
    """The atom block's code 4, unless M lines say more, and symbols of heavy hydrogen."""
    lines = [line for line in GOOD.splitlines(keepends=True) if "CHG" not in line]
    lines[4] = lines[4].replace("  0  0", "  0  4", 1)
    lines[5] = lines[5].replace(" O ", " D ")
    Path("old.sdf").write_text("".join(lines))
    [old] = sdf.read("old.sdf")
    assert (old.symbols, old.charges) == (("C", "H", "O"), (0, 0, 0))
    assert (old.radicals, old.isotopes) == ({0: 2}, {1: 2})
    Path("new.sdf").write_text("".join(lines).replace("M  END", "M  RAD  1   3   3\nM  END"))
    assert sdf.read("new.sdf")[0].radicals == {2: 3}
    Path("new.sdf").write_text("".join(lines).replace("M  END", "M  CHG  1   3  -1\nM  END"))
    assert sdf.read("new.sdf")[0].radicals == {}


def test_charges_of_the_atom_block(home: Path) -> None:
    """Old files have them there, as codes; where there are M CHG lines these alone count."""
    lines = GOOD.splitlines(keepends=True)
    lines[6] = lines[6].replace("  0  0", "  0  5", 1)
    Path("new.sdf").write_text("".join(lines).replace("M  CHG  1   3  -1", "M  CHG  1   1   1"))
    assert sdf.read("new.sdf")[0].charges == (1, 0, 0)
    Path("old.sdf").write_text("".join(line for line in lines if "CHG" not in line))
    assert sdf.read("old.sdf")[0].charges == (0, 0, -1)


def test_positions_alone_are_no_molecule(home: Path) -> None:
    sdf.write([ONE], "one.xyz")
    with pytest.raises(BadMolecule, match="holds no bonds"):
        sdf.read("one.xyz")
