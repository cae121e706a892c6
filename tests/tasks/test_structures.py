"""Molecules, end to end: from a data set to a model folder to drawn molecules, and what cannot
be."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unstir.apps.cli import main
from unstir.datasets import qm9
from unstir.modalities import sdf
from unstir.modalities.chemistry import smiles
from unstir.modalities.images import read as read_picture
from unstir.runtimes.manifest import BadModel, read
from unstir.tasks.request import BadRequest
from unstir.tasks.structures import Drawn, structures

COUNTS = [0, 0, 3, 5, 0, 0, 0, 0, 0, 2]


def test_the_model_folder(chains: Path) -> None:
    manifest = read(chains)
    manifest.verify()
    assert manifest.kind == "molecule"
    assert manifest.molecule is not None
    assert manifest.molecule["counts"] == COUNTS
    assert manifest.molecule["kinds"] == list(qm9.TOKENS[:-1])
    assert (chains / "card.md").is_file()


def test_chains_come_out(chains: Path) -> None:
    """In sizes of the data; two atoms are what it has learned by then: one single bond, about 1.5
    angstrom long."""
    drawn = list(structures(model=str(chains), n=40, seed=0, steps=20, threads=1))
    assert {len(m) for m in drawn} == {2, 3, 9}
    pairs = [m for m in drawn if len(m) == 2]
    apart = [np.linalg.norm(m.positions[0] - m.positions[1]) for m in pairs]
    assert np.median(apart) == pytest.approx(1.5, abs=0.35)
    assert np.mean([m.bonds[0, 1] == 1 for m in pairs]) > 0.7
    for m in drawn:
        assert set(m.symbols) <= {"C", "O", "N", "F"}
        assert np.array_equal(m.bonds, m.bonds.T)
        assert not m.bonds.diagonal().any()
        assert np.allclose(m.positions.mean(0), 0, atol=1e-4)


def test_one_seed_is_one_molecule(chains: Path) -> None:
    asked = {"model": str(chains), "steps": 5, "threads": 1}
    together = list(structures(n=3, seed=5, **asked))
    [alone] = structures(n=1, seed=7, **asked)
    assert alone.symbols == together[2].symbols
    assert np.abs(alone.positions - together[2].positions).max() < 1e-3
    [four] = structures(n=1, seed=7, atoms=4, **asked)
    assert len(four) == 4


def test_wishes_are_granted(wishing: Path) -> None:
    """Oxygen where it is wished for, none where not, some where nothing is."""
    asked = {"model": str(wishing), "n": 48, "seed": 0, "steps": 10, "threads": 1}

    def share(**more: Any) -> float:
        return float(np.mean(["O" in m.symbols for m in structures(**asked, **more)]))

    assert 0.2 < share() < 0.8
    assert share(want="dipole=1") - share(want="dipole=0") > 0.5
    assert share(want="dipole=1", scale=2.0) > 0.8
    assert share(want="dipole=0", scale=2.0) < 0.15
    drawn = structures(**asked, want="dipole=1", scale=2.0)
    assert drawn.recipe.evaluations == 20
    said = " ".join(drawn.recipe.command("it.sdf"))
    assert "--want dipole=1" in said
    assert "--scale 2.0" in said


def test_wishes_that_cannot_be(wishing: Path, chains: Path) -> None:
    for model, asked, says in (
        (wishing, {"want": "gap=3"}, "no 'gap' in properties"),
        (wishing, {"want": "dipole=99"}, "most that the model has learned from"),
        (chains, {"want": "dipole=1"}, "takes no wishes"),
        (chains, {"scale": 2.0}, "leave scale out"),
        (wishing, {"scale": 2.0}, "scale is 2, and nothing is wished for; give want, or leave"),
        (wishing, {"scale": 2.0, "want": ""}, "nothing is wished for"),
    ):
        with pytest.raises(BadRequest, match=says):
            structures(model=str(model), **asked)
    usual = structures(model=str(wishing), scale=1.0)  # as commands of older files have it
    assert "--scale" not in usual.recipe.command("it.sdf")


def test_what_has_no_room_is_not_drawn(
    chains: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Drawn, "group", lambda *_: pytest.fail("it draws"))
    assert main(["generate", "--model", str(chains), "--n", "2", "-o", "out.mol"]) == 2
    assert "out.mol has room for one molecule, not 2; give an .sdf" in capsys.readouterr().err


def test_what_cannot_be(chains: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="knows up to 9"):
        structures(model=str(chains), atoms=10)
    with pytest.raises(BadModel, match="a model of pictures"):
        structures(model="emoji")
    said = json.loads((chains / "model.json").read_text())
    for change in ({"scale": 0}, {"counts": [0, 1]}, {"kinds": ["C"]}, {"counts": [0] * 10}):
        broken = tmp_path / "broken"
        broken.mkdir(exist_ok=True)
        (broken / "model.json").write_text(
            json.dumps(said | {"molecule": said["molecule"] | change})
        )
        with pytest.raises(BadModel):
            read(broken)


def test_the_command(chains: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`generate` with such a model writes molecules, each of which tells how it was made."""
    line = ["generate", "--model", str(chains), "--seed", "5", "--steps", "4", "--threads", "1"]
    assert main([*line, "--n", "3", "-o", "out.sdf", "--preview", "out.png", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["molecules"] == 3
    assert "out.sdf  3 molecules, seed 5, ddim, 4 evaluations, molecules" in said.err
    made = sdf.read("out.sdf")
    assert [m.title for m in made] == ["molecules 5", "molecules 6", "molecules 7"]
    assert read_picture("out.png").std() > 1
    last = json.loads(made[2].tags["unstir"])["command"]
    assert main([*last[1:-1], "last.sdf"]) == 0
    [again] = sdf.read("last.sdf")
    assert again.symbols == made[2].symbols
    assert np.abs(again.positions - made[2].positions).max() < 2e-3
    assert main([*line, "--n", "3", "-o", "out.smi"]) == 0
    assert Path("out.smi").read_text() == "".join(
        f"{smiles(m)}\tmolecules-{5 + i}\n" for i, m in enumerate(made)
    )
    assert main([*line, "--n", "3", "-o", "out.csv"]) == 0
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows] == ["5", "6", "7"]
    assert main([*shlex.split(rows[2]["command"])[1:-1], "last.smi"]) == 0
    assert Path("last.smi").read_text() == f"{rows[2]['smiles']}\tmolecules-7\n"
    capsys.readouterr()
    assert main(["show", "out.sdf"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("unstir generate --model")
    assert " --n 3 " in shown.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ["-o", "out.png"],
            2,
            "out.png ends in .png; molecules go to .sdf, .mol, .xyz, .smi, .csv",
        ),
        (["-o", "out.sdf", "--preview", "x.pdf"], 2, "x.pdf"),
        (["-o", "out.sdf", "--atoms", "99"], 2, "atoms is 99"),
        (["-o", "out.sdf", "--n", "0"], 2, "n is 0"),
        (["-o", "out.mol", "--n", "2"], 2, "room for one molecule"),
        (["-o", "nowhere/out.sdf"], 3, "nowhere does not exist"),
        (["a cat", "-o", "out.sdf"], 2, "too many words"),
        (["--scale", "2", "-o", "out.sdf"], 2, "leave scale out"),
    ],
)
def test_bad_commands_leave_nothing(
    words: list[str], code: int, says: str, chains: Path, home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = sorted(Path.cwd().iterdir())
    assert main(["generate", "--model", str(chains), "--steps", "2", *words]) == code
    assert says in capsys.readouterr().err.replace("\n", " ")
    assert sorted(Path.cwd().iterdir()) == before
