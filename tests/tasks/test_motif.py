"""Files of proteins as others write them, for `unstir inpaint it.pdb --keep A20-35`: what is not
one stretch is not taken for one, and what cannot be kept is refused before anything is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest

from tests.modalities.traces import some
from unstir.apps.cli import main
from unstir.modalities import proteins as files
from unstir.modalities.proteins import Protein, write
from unstir.tasks.motif import read
from unstir.tasks.proteins import Folded
from unstir.tasks.request import BadRequest
from unstir.tasks.scaffold import scaffold


@pytest.fixture
def chain(home: Path) -> Protein:
    """Twenty residues in a row, in it.pdb."""
    made = Protein(np.round(some(1, 20)[0], 3), "G" * 20, tuple(range(1, 21)))
    write([made], "it.pdb")
    return made


def torn(chain: Protein) -> str:
    """A file without the residues 8 to 10, whose numbers do not tell."""
    rows = [*range(7), *range(10, 20)]
    left = replace(chain, xyz=chain.xyz[rows], sequence="G" * 17, numbers=tuple(range(1, 18)))
    return str(write([left], "torn.pdb"))


def test_a_gap_that_no_number_tells_of_parts_a_stretch(chain: Protein) -> None:
    assert read("it.pdb", "A3-14").lengths == (12,)
    assert read("it.pdb", "A3-14").notes == ()
    found = read(torn(chain), "A3-14")
    assert found.lengths == (5, 7)
    assert found.notes == (
        "A7 and A8 are not bonded, so residues are missing between them; they are drawn",
    )
    assert scaffold("torn.pdb", keep="A3-14", seed=1).notes == found.notes
    said = read("torn.pdb", "A3-7,A8-14")
    assert (said.lengths, said.notes) == ((5, 7), ())


def test_residues_with_an_insertion_code_are_told_of(chain: Protein) -> None:
    """1 to 7, 7A, 8 to 19: a stretch over it is refused, those beside it are two."""
    structure = gemmi.read_structure("it.pdb")
    structure[0]["A"][7].seqid = gemmi.SeqId(7, "A")
    for i in range(8, 20):
        structure[0]["A"][i].seqid = gemmi.SeqId(i, " ")
    structure.write_pdb("code.pdb")
    with pytest.raises(BadRequest, match=r"a residue 7A there.* on either side: A3-7,A8-11"):
        read("code.pdb", "A3-11")
    for keep, lengths in (("A1-7", (7,)), ("A8-11", (4,)), ("A3-7,A8-11", (5, 4))):
        found = read("code.pdb", keep)
        assert (found.lengths, found.notes) == (lengths, ())


def test_residues_in_one_place_are_refused(chain: Protein) -> None:
    xyz = chain.xyz.copy()
    xyz[11] = xyz[4] + 0.5
    write([replace(chain, xyz=xyz)], "heap.pdb")
    with pytest.raises(BadRequest, match="CA of A5 and A12 are less than 1 angstrom apart"):
        read("heap.pdb", "A4-6,A11-13")
    assert len(read("heap.pdb", "A4-6,A13-15").xyz) == 6


def test_a_chain_without_a_name(chain: Protein) -> None:
    text = Path("it.pdb").read_text()
    Path("blank.pdb").write_text(text.replace(" GLY A", " GLY  "))
    for keep in ("4-9", ":4-9"):
        assert np.array_equal(read("blank.pdb", keep).xyz, chain.xyz[3:9])
    assert np.array_equal(read("it.pdb", "4-9").xyz, chain.xyz[3:9])
    with pytest.raises(files.BadProtein, match="no chain 'A'; there are: ''"):
        read("blank.pdb", "A4-9")
    with pytest.raises(BadRequest, match="names A5 twice"):
        read("it.pdb", "4-9,A5-7")
    structure = gemmi.read_structure("it.pdb")
    structure[0].add_chain(structure[0]["A"].clone()).name = "B"
    structure.write_pdb("two.pdb")
    with pytest.raises(BadRequest, match="not of which chain; there are: 'A', 'B'"):
        read("two.pdb", "4-9")


def test_far_away(
    chain: Protein, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page can show what a PDB file has no room for, which is told before it is drawn."""
    write([replace(chain, xyz=chain.xyz + 20_000)], "far.cif")
    words = ["inpaint", "far.cif", "--keep", "A4-9", "--steps", "2", "--threads", "1", "-o"]
    assert main([*words, "out.cif", "--view", "out.html", "--length", "40"]) == 0
    assert np.abs(files.read("out.cif").xyz - 20_000).max() < 200
    assert "ATOM" in Path("out.html").read_text()
    monkeypatch.setattr(Folded, "group", lambda *_: pytest.fail("drawn"))
    assert main([*words, "out.pdb"]) == 3
    assert "to 9999.999; write .cif" in capsys.readouterr().err.replace("\n", " ")
    assert not Path("out.pdb").exists()
