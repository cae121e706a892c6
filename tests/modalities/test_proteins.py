"""Chains on disk: what is written is what another program reads, and bad files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest

from tests.modalities.traces import some
from unstir.modalities.images import BadEnding
from unstir.modalities.proteins import BadProtein, Protein, ending, read, said, write

TEXT = "ACDEFGHIKLMNPQRSTVWYX"


@pytest.fixture
def protein() -> Protein:
    xyz = np.round(some(1, 21)[0], 3)
    return Protein(xyz, TEXT, tuple(range(5, 26)), "it 7", '{"a": "' + "b c" * 60 + '"}')


@pytest.mark.parametrize("name", ["it.pdb", "it.cif"])
def test_there_and_back(protein: Protein, tmp_path: Path, name: str) -> None:
    again = read(write([protein], tmp_path / name), "A")
    assert np.array_equal(again.xyz, protein.xyz)
    assert np.array_equal(read(tmp_path / name).xyz, protein.xyz)
    assert again.sequence == TEXT[:-1] + "G"
    assert again.numbers == protein.numbers
    assert said(tmp_path / name) == protein.recipe


def test_columns(protein: Protein, tmp_path: Path) -> None:
    lines = write([protein], tmp_path / "it.pdb").read_text().splitlines()
    assert all(len(line) <= 80 for line in lines)
    atoms = [line for line in lines if line.startswith("ATOM")]
    assert len(atoms) == 84
    assert atoms[1][:30] == "ATOM      2  CA  ALA A   5    "
    assert atoms[1][76:78] == " C"
    assert lines[-1].rstrip() == "END"


def test_fasta(protein: Protein, tmp_path: Path) -> None:
    text = write([protein, replace(protein, title="b")], tmp_path / "it.fasta").read_text()
    assert text == f">it 7\n{TEXT}\n>b\n{TEXT}\n"


def test_what_has_no_room(protein: Protein, tmp_path: Path) -> None:
    with pytest.raises(BadEnding, match=r"\.xyz"):
        ending(tmp_path / "it.xyz")
    with pytest.raises(BadEnding, match="one chain"):
        write([protein, protein], tmp_path / "it.pdb")
    far = replace(protein, xyz=protein.xyz + 20_000)
    with pytest.raises(BadProtein, match=r"a PDB file from -999.999 to 9999.999; write \.cif"):
        write([far], tmp_path / "it.pdb")
    assert not list(tmp_path.iterdir())
    assert np.array_equal(read(write([far], tmp_path / "it.cif"), "A").xyz, far.xyz)
    late = replace(protein, numbers=tuple(range(9_990, 10_011)))
    with pytest.raises(BadProtein, match="numbers of residues"):
        write([late], tmp_path / "it.pdb")
    assert read(write([late], tmp_path / "it.cif"), "A").numbers == late.numbers


def test_a_pdb_file_has_room_up_to_its_columns(protein: Protein, tmp_path: Path) -> None:
    xyz = protein.xyz.copy()
    xyz[0, 0], xyz[1, 0] = (-999.9994, 9999.9994, 1500), (9999.999, -999.999, 0)
    edge = read(write([replace(protein, xyz=xyz)], tmp_path / "it.pdb"))
    assert np.array_equal(edge.xyz, np.round(xyz, 3))
    for beyond in (-999.9996, 9999.9996):
        xyz[2, 3, 1] = beyond
        with pytest.raises(BadProtein, match="the chain reaches from"):
            write([replace(protein, xyz=xyz)], tmp_path / "it.pdb")


@pytest.mark.parametrize("name", ["it.pdb", "it.cif"])
def test_what_stands_nowhere_is_not_written(protein: Protein, tmp_path: Path, name: str) -> None:
    xyz = protein.xyz.copy()
    xyz[2, 3, 1] = np.nan
    with pytest.raises(BadProtein, match="residue 7 stands nowhere"):
        write([replace(protein, xyz=xyz)], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_residue_of_several_kinds_counts_once(protein: Protein, tmp_path: Path) -> None:
    """As what it is first; two numbers with different insertion codes are two residues."""
    structure = gemmi.read_structure(str(write([protein], tmp_path / "it.pdb")))
    chain = structure[0]["A"]
    other = chain[3].clone()
    other.name = "SER"
    for residue, mark in ((chain[3], "A"), (other, "B")):
        for atom in residue:
            atom.altloc = mark
    chain.add_residue(other, 4)
    chain[8].seqid = gemmi.SeqId(11, "A")
    structure.write_pdb(str(tmp_path / "it.pdb"))
    found = read(tmp_path / "it.pdb")
    assert found.numbers == (*range(5, 12), *range(13, 26))
    assert found.sequence == TEXT[:7] + TEXT[8:-1] + "G"
    assert found.inserted == ((11, "A"),)
    assert np.array_equal(found.xyz, np.delete(protein.xyz, 7, 0))


def test_files_of_others(protein: Protein, tmp_path: Path) -> None:
    """Other chains, waters, residues without a whole backbone, insertions, two models."""
    structure = gemmi.read_structure(str(write([protein], tmp_path / "it.pdb")))
    chain = structure[0]["A"]
    chain[3].remove_atom("O", "\0")
    chain[4].seqid = gemmi.SeqId("9B")
    water = gemmi.Residue()
    water.name, water.seqid = "HOH", gemmi.SeqId("200")
    water.add_atom(gemmi.Atom())
    chain.add_residue(water)
    second = structure[0].clone()
    second.num = 2
    structure.add_model(second)
    structure.write_pdb(str(tmp_path / "other.pdb"))
    found = read(tmp_path / "other.pdb", "A")
    assert len(found) == 19
    assert found.sequence == TEXT[:3] + TEXT[5:-1] + "G"


def test_modified_residues_have_the_letter_of_what_they_are_made_of(
    protein: Protein, tmp_path: Path
) -> None:
    structure = gemmi.read_structure(str(write([protein], tmp_path / "it.pdb")))
    for place, name in ((0, "MSE"), (1, "SEP"), (2, "LIG")):
        structure[0]["A"][place].name = name
    structure.write_pdb(str(tmp_path / "it.pdb"))
    assert read(tmp_path / "it.pdb").sequence == "MSX" + TEXT[3:-1] + "G"


@pytest.mark.parametrize("name", ["it.pdb", "it.cif"])
def test_what_is_none(protein: Protein, tmp_path: Path, name: str) -> None:
    write([protein], tmp_path / name)
    with pytest.raises(BadProtein, match="no chain 'B'; there are: 'A'"):
        read(tmp_path / name, "B")
    text = write([protein], tmp_path / name).read_text()
    x = f"{protein.xyz[2, 1, 0]:.3f}"
    (tmp_path / name).write_text(text.replace(x, f"{'nan':>{len(x)}}"))
    with pytest.raises(BadProtein, match=r"residue 7 of chain 'A'|nan"):
        read(tmp_path / name, "A")
    with pytest.raises(BadProtein, match="letters alone"):
        read(tmp_path / "it.fasta")
    (tmp_path / name).write_text("nothing\n")
    with pytest.raises(BadProtein):
        read(tmp_path / name, "A")
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadProtein, match="holds no chain"):
        read(tmp_path / name)
    (tmp_path / name).write_bytes(bytes(range(256)))
    with pytest.raises(BadProtein):
        read(tmp_path / name, "A")
