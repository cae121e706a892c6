"""Figures of molecules and proteins: of files and of models, on sets whose answers are known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.modalities.traces import helix, some
from unstir.apps.cli import main
from unstir.apps.cli.measure import cells
from unstir.evaluation import mean, plain, share
from unstir.modalities import proteins as files
from unstir.modalities.proteins import Protein
from unstir.tasks import measure as measuring
from unstir.tasks.domains import proteins, smiles
from unstir.tasks.measure import Table, measure
from unstir.tasks.request import BadRequest


def test_intervals() -> None:
    half = share("it", [True] * 50 + [False] * 50)
    assert (half.value, half.n) == (0.5, 100)
    assert (half.low, half.high) == (
        pytest.approx(0.4038, abs=1e-3),
        pytest.approx(0.5962, abs=1e-3),
    )
    every = share("it", [True] * 100)
    assert every.high == pytest.approx(1)
    assert 0.95 < every.low < 0.97
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = mean("it", values.tolist())
    assert found.high - found.value == pytest.approx(1.96 * 2 / 20, rel=0.1)


def test_intervals_are_printed_as_they_are() -> None:
    """That of a share near 1 does not reach beyond it, nor as far up as down."""
    assert cells(share("it", [True] * 20)) == ("1", "0.8389 to 1")
    assert cells(plain("it", 0.5, 9)) == ("0.5", "")
    assert cells(None) == ("", "")


def test_chains_of_known_shape() -> None:
    seen = {30: [helix(30)]}
    scores = {s.name: s for s in proteins.figures([helix(30), helix(30) * [1, 1, -1]], seen)}
    assert scores["CA-CA bonds right"].value == 1
    assert scores["helix"].value > 0.4
    assert scores["right-handed turns"].value == 0.5
    assert scores["left-handed turns"].value == 0.5
    assert 0.5 < scores["likeness to training"].value < 1


def test_strings_of_known_worth() -> None:
    scores = {s.name: s.value for s in smiles.figures(["CCO", "OCC", "CCN", "C1CC"], None)}
    assert scores["valid"] == 0.75
    assert scores["of these unique"] == pytest.approx(2 / 3)
    assert "filters" not in scores


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two chains on disk, and no data to compare with but one of them."""

    def known() -> Any:
        return {30: [some(1, 30)[0][:, 1]]}

    def building() -> Iterator[tuple[int, int]]:
        yield 1, 1

    monkeypatch.setattr(proteins, "building", building)
    monkeypatch.setattr(proteins, "known", known)
    monkeypatch.setattr(proteins, "controls", lambda made: {"held out": [helix(30)] * len(made)})
    Path("made").mkdir()
    for i, xyz in enumerate(some(2, 30)):
        protein = Protein(xyz, "G" * 30, tuple(range(1, 31)))
        files.write([protein], f"made/{i}.pdb")
    return Path("made")


def test_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *_, table = measure(str(folder))
    assert isinstance(table, Table)
    assert list(table.columns) == ["made (2)", "held out (2)"]
    found = {s.name: s.value for s in table.columns["made (2)"]}
    assert found["likeness to training"] > 0.6
    assert main(["evaluate", "made", "-o", "it.json", "--no-controls"]) == 0
    assert "likeness to training" in capsys.readouterr().out
    said = json.loads(Path("it.json").read_text())
    assert list(said["figures"]) == ["made (2)"]
    assert main(["evaluate", "made/0.pdb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["n"] == 1


def test_proteins_of_archives(folder: Path) -> None:
    """Named as the PDB's own files are, and packed, they are measured as others are."""
    for name in ("pdb1abc.ent", "1ABC.ENT.gz", "1abc.pdb.gz"):
        data = Path("made/0.pdb").read_bytes()
        Path(name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    files.write([Protein(some(2, 30)[0], "G" * 30, tuple(range(1, 31)))], "it.cif")
    Path("made/it.mmcif").write_bytes(Path("it.cif").read_bytes())
    Path("made/it.cif.gz").write_bytes(gzip.compress(Path("it.cif").read_bytes()))

    def figures(what: str) -> list[float]:
        *_, table = measure(what, controls=False)
        assert isinstance(table, Table)
        (column,) = table.columns.values()
        return [score.value for score in column]

    for name in ("pdb1abc.ent", "1ABC.ENT.gz", "1abc.pdb.gz"):
        assert figures(name) == figures("made/0.pdb")
    *_, table = measure("made")
    assert isinstance(table, Table)
    assert table.settings["n"] == 4


def test_what_cannot_be(folder: Path) -> None:
    with pytest.raises(BadRequest, match="nothing is drawn"):
        measure("made", steps=3)
    Path("made/it.smi").write_text("CCO\n")
    with pytest.raises(BadRequest, match="one kind"):
        measure("made")
    with pytest.raises(BadRequest, match="no molecules and no proteins"):
        measure("emoji")
    Path("empty.smi").write_text("\n")
    with pytest.raises(BadRequest, match="nothing to measure"):
        list(measure("empty.smi"))


def test_a_table_beside_pictures_is_theirs(home: Path) -> None:
    Path("pictures").mkdir()
    Path("pictures/a.png").write_bytes(b"")
    Path("pictures/captions.csv").write_text("file,caption\n")
    assert measuring.files_of("pictures") == []
    Path("it.csv").write_text("smiles\nCCO\n")
    assert measuring.files_of("it.csv") == [Path("it.csv")]
    assert measuring.files_of("nowhere") == []


def test_what_generate_writes_beside_files(folder: Path) -> None:
    """Letters have no places and .xyz has no bonds: in a folder they are left out."""
    files = measuring.files_of("made")
    for name in ("0.fasta", "0.xyz"):
        Path("made", name).write_text(">it\nG\n")
        assert measuring.files_of("made") == files
        assert measuring.files_of(f"made/{name}") == [Path("made", name)]


def test_a_file_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("missing.pdb", "missing.sdf", "missing.csv"):
        assert main(["evaluate", name]) == 3
        assert f"there is no file {name}" in capsys.readouterr().err


def test_it_says_what_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    Path("it.smi").write_text("CCO\n")
    assert main(["evaluate", "it.smi"]) == 4
    assert "pip install 'unstir[molecules]'" in capsys.readouterr().err


def test_bad_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path.cwd().iterdir())
    assert main(["evaluate", "made", "-o", "it.txt"]) == 2
    assert "does not end in .json" in capsys.readouterr().err
    Path("bad.pdb").write_text("no\n")
    assert main(["evaluate", "bad.pdb"]) == 3
    Path("bad.pdb").unlink()
    assert sorted(Path.cwd().iterdir()) == before
