"""Completing a molecule: what is kept is kept to the last bit, and the rest stands around it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unstir.apps.cli import main
from unstir.core.levels import Level
from unstir.modalities import sdf
from unstir.modalities.chemistry import smiles, stereo, stereo_of
from unstir.modalities.folds import superposed
from unstir.modalities.sdf import BadMolecule, Structure
from unstir.modalities.structures import KNOWN, pack, project, unpack
from unstir.tasks import complete as completing
from unstir.tasks.complete import complete
from unstir.tasks.kept import Kept, chosen
from unstir.tasks.request import BadRequest
from unstir.tasks.structures import Drawn, again

KINDS = ("C", "N", "O", "O-")
KEPT = Structure(
    ("C", "O"), (0, -1), np.array([[5.125, 0.0625, 7.0], [6.4, 0.1, 7.1]]),
    np.array([[0, 1], [1, 0]], np.uint8),
)  # fmt: skip


def estimate() -> tuple[np.ndarray, np.ndarray]:
    """Something a network might answer for two molecules, one of them shorter."""
    rng = np.random.default_rng(0)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.float32)
    return project(rng.normal(size=(2, 3 + 4 + 20, 5)), mask, 4).astype(np.float32), mask


def test_the_estimate_holds_what_is_kept() -> None:
    z, mask = estimate()
    out, told = Kept(KEPT).holding(mask, KINDS, 1.4)(z)
    assert np.allclose(project(out, mask, 4), out, atol=1e-5)
    x, h, e = unpack(out, 4)
    assert (h[:, :2].max(-1) == 1).all()
    wanted = np.linalg.norm(KEPT.positions[1] - KEPT.positions[0]) / 1.4
    assert np.allclose(np.linalg.norm(x[:, 1] - x[:, 0], axis=-1), wanted, atol=1e-5)
    assert h[:, 0].argmax(-1).tolist() == [0, 0]
    assert h[:, 1].argmax(-1).tolist() == [3, 3]
    assert e[:, 0, 1].argmax(-1).tolist() == [1, 1]
    before = unpack(z, 4)
    assert np.array_equal(h[:, 2:], before[1][:, 2:])
    assert np.array_equal(e[:, 2:, 2:], before[2][:, 2:, 2:])
    assert np.allclose(x[0, 3] - x[0, 2], before[0][0, 3] - before[0][0, 2], atol=1e-5)
    said = unpack(told, 4)
    assert np.array_equal(said[1][:, :2], KNOWN * h[:, :2])
    assert np.array_equal(said[1][:, 2:], h[:, 2:])
    assert np.array_equal(said[0], x)
    assert np.array_equal(said[2], e)


def test_a_part_is_turned_to_fit_and_not_mirrored() -> None:
    """Four atoms of one hand, where the estimate has them turned, and moved a little."""
    rng = np.random.default_rng(1)
    points, turn = rng.normal(size=(4, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn = turn * np.linalg.det(turn)
    part = Structure(("C",) * 4, (0,) * 4, points, np.zeros((4, 4), np.uint8))
    for hand, near in ((1, True), (-1, False)):
        z, mask = estimate()
        x, h, e = (part[:1].copy() for part in unpack(z, 4))
        x[0, :4] = hand * (points - points.mean(0)) @ turn + 0.01 * rng.normal(size=(4, 3))
        (out, _), mask = Kept(part).holding(mask[:1], KINDS, 1.0)(pack(x, h, e)), mask[:1]
        laid = unpack(out, 4)[0][0, :4]
        assert np.abs(superposed(points, laid) - laid).max() < 1e-5
        assert (np.abs((laid - laid.mean(0)) - (x[0, :4] - x[0, :4].mean(0))).max() < 0.05) == near


def test_it_is_given_back_to_the_last_bit() -> None:
    drawn = Structure(
        ("N", "N", "C"), (0, 0, 0), np.array([[0.0, 0, 0], [1.27, 0, 0], [2.5, 0, 0]]),
        np.zeros((3, 3), np.uint8),
    )  # fmt: skip
    out = Kept(KEPT).exact(drawn)
    assert (out.symbols, out.charges) == (("C", "O", "C"), (0, -1, 0))
    assert np.array_equal(out.positions[:2], KEPT.positions)
    assert np.linalg.norm(out.positions[2] - KEPT.positions.mean(0)) == pytest.approx(
        1.865, abs=0.01
    )
    assert out.bonds[0, 1] == 1


def test_only_the_graph_is_held() -> None:
    """Kinds and bonds are what they were, and the places are the network's own."""
    z, mask = estimate()
    out, told = Kept(KEPT, placed=False).holding(mask, KINDS, 1.4)(z)
    assert np.array_equal(out, told)
    (x, h, e), before = unpack(out, 4), unpack(z, 4)
    assert np.array_equal(x, before[0])
    assert h[:, :2].argmax(-1).tolist() == [[0, 3], [0, 3]]
    assert e[:, 0, 1].argmax(-1).tolist() == [1, 1]
    assert np.array_equal(h[:, 2:], before[1][:, 2:])
    drawn = Structure(("N", "N"), (0, 0), np.eye(2, 3), np.zeros((2, 2), np.uint8))
    exact = Kept(KEPT, placed=False).exact(drawn)
    assert (exact.symbols, exact.charges) == (("C", "O"), (0, -1))
    assert np.array_equal(exact.positions, drawn.positions)
    assert exact.bonds[0, 1] == 1


def test_the_network_is_told_what_is_kept() -> None:
    """As its last estimate, from the second evaluation on."""
    seen: list[np.ndarray] = []

    def net(z: np.ndarray, t: float, extra: np.ndarray) -> np.ndarray:
        seen.append(extra.copy())
        return np.ones_like(z)

    model: Any = SimpleNamespace(net=net, manifest=SimpleNamespace(shape=(3, 2)))
    way: Any = SimpleNamespace(guided=lambda *_: False)
    about: Any = SimpleNamespace(pos=None, neg=None)
    denoise = again(model, way, about, np.ones((1, 2), np.float32), lambda x0: (x0 + 5, x0 + 7))
    z = np.zeros((1, 3, 2), np.float32)
    for _ in range(2):
        assert (denoise(z, Level(0.5, 0.5, 0.5)) == 6).all()
    assert not seen[0][:, :-1].any()
    assert (seen[1][:, :-1] == 8).all()


def test_which_atoms() -> None:
    assert chosen("0-3,7", 9) == [0, 1, 2, 3, 7]
    assert chosen(" 4 ", 5) == [4]
    for keep, says in (
        ("", "give atoms as"), ("a", "give atoms as"), ("3-1", "names 3-1"), ("0-9", "atoms 0-8"),
        ("0-3,2", "atom 2 twice"), ("-1", "give atoms as"),
    ):  # fmt: skip
        with pytest.raises(BadRequest, match=says):
            chosen(keep, 9)


def test_the_command(chains: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept atoms stand in the file as they stood, in every molecule; hydrogens and what the model
    does not know are told of."""
    sdf.write([KEPT], "it.sdf")
    line = ["inpaint", "it.sdf", "--model", str(chains), "--steps", "4", "--threads", "1"]
    asked = [*line, "--keep", "0-1", "--atoms", "5", "--n", "3", "--seed", "2", "-o", "out.sdf"]
    assert main(asked) == 0
    for molecule in sdf.read("out.sdf"):
        assert molecule.symbols[:2] == ("C", "O")
        assert molecule.charges[:2] == (0, -1)
        assert np.array_equal(molecule.positions[:2], sdf.read("it.sdf")[0].positions)
        assert len(molecule) == 5
    capsys.readouterr()
    assert main([*line, "--keep", "0-1", "--n", "40", "--seed", "2", "-o", "any.sdf"]) == 0
    assert all(len(molecule) > 2 for molecule in sdf.read("any.sdf"))
    capsys.readouterr()
    assert main(["show", "out.sdf"]) == 0
    assert "unstir inpaint it.sdf --keep 0-1 --atoms 5" in capsys.readouterr().out
    shapes = [*line, "--keep", "graph", "--n", "2", "--seed", "2", "-o", "shapes.sdf"]
    assert main(shapes) == 0
    one, two = sdf.read("shapes.sdf")
    for molecule in (one, two):
        assert (molecule.symbols, molecule.charges) == (KEPT.symbols, KEPT.charges)
        assert np.array_equal(molecule.bonds, KEPT.bonds)
    assert not np.allclose(one.positions, two.positions)
    capsys.readouterr()
    assert main(["show", "shapes.sdf"]) == 0
    assert "unstir inpaint it.sdf --keep graph" in capsys.readouterr().out
    odd = Structure(("Si", "H"), (0, 0), KEPT.positions, KEPT.bonds)
    sdf.write([odd], "odd.sdf")
    for words, code, says in (
        (["inpaint", "odd.sdf", "--keep", "0"], 3, "atom 0 is Si"),
        (["inpaint", "odd.sdf", "--keep", "1"], 2, "it has no hydrogens"),
        (["inpaint", "it.sdf", "--keep", "0-1", "--atoms", "1"], 2, "2 are kept"),
        (
            ["inpaint", "it.sdf", "--keep", "graph", "--atoms", "3"],
            2,
            "the graph that is kept has 2",
        ),
        (["inpaint", "it.sdf", "--keep", "0-1", "--atoms", "2"], 2, "nothing is left to draw"),
        (["inpaint", "it.sdf"], 2, "keep"),
        (["inpaint", "no.sdf", "--keep", "0"], 3, "no.sdf"),
    ):
        assert main([*words, "--model", str(chains), "-o", "new.sdf"]) == code
        assert says in capsys.readouterr().err.replace("\n", " ")
        assert not Path("new.sdf").exists()


def handed(*hands: int) -> Structure:
    """Centers C(F)(N)(O) in a chain, each of one hand or the other."""
    corners = np.array([[1, 1, -1], [-1, 1, 1], [0.3, -1.5, 0.2]])
    symbols, places = [], []
    for i, hand in enumerate(hands):
        symbols += "CFNO"
        at = np.array([1.6 * i, 0.0, 0.0])
        places += [at, *(at + corners * [0.2, 1, hand])]
    n = len(symbols)
    bonds = np.zeros((n, n), np.uint8)
    for i in range(0, n, 4):
        bonds[i, i + 1 : i + 4] = 1
        bonds[i, i + 4 : i + 5] = 1
    return Structure(tuple(symbols), (0,) * n, np.array(places), bonds + bonds.T)


def test_shapes_are_of_the_same_stereoisomer() -> None:
    """One that is the mirror image is mirrored, one that is neither is counted; without anything
    known of the file's hand nothing is done."""
    pytest.importorskip("rdkit")
    true, other = handed(1, 1), handed(1, -1)
    mirrored = replace(true, positions=true.positions * [1, 1, -1])
    assert len(stereo(true)) == len(stereo(other)) == 2
    kept = Kept(true, placed=False, stereo=stereo(true))
    for shape in (true, mirrored):
        made = kept.exact(shape)
        assert stereo(made) == stereo(true)
        assert kept.same(made)
    assert np.array_equal(kept.exact(true).positions, true.positions)
    assert not kept.same(kept.exact(other))
    assert np.array_equal(kept.exact(other).positions, other.positions)
    assert stereo(Kept(true, placed=False).exact(mirrored)) == stereo(mirrored)
    drawn: Any = SimpleNamespace(kept=kept)
    assert Drawn.others(drawn, [true, mirrored, other]) == 2


def test_stereo_of_a_double_bond() -> None:
    """From places, and none of a file without any."""
    pytest.importorskip("rdkit")
    places = np.array([[-0.5, 1, 0], [0, 0, 0], [1.3, 0, 0], [1.8, 1, 0]])
    bonds = np.array([[0, 1, 0, 0], [1, 0, 2, 0], [0, 2, 0, 1], [0, 0, 1, 0]], np.uint8)
    it = Structure(("F", "C", "C", "F"), (0,) * 4, places, bonds)
    assert stereo(it) == {(1, 2): "Z"}
    places = places * [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, -1, 1]]
    assert stereo(replace(it, positions=places)) == {(1, 2): "E"}
    assert stereo(replace(it, positions=0 * places)) == {}


ALANINE = """
     RDKit          2D

  6  5  0  0  0  0  0  0  0  0999 V2000
    1.5000    1.2990    0.0000 C   0  0
    0.7500    0.0000    0.0000 C   0  0
    1.5000   -1.2990    0.0000 N   0  0
   -0.7500   -0.0000    0.0000 C   0  0
   -1.5000    1.2990    0.0000 O   0  0
   -1.5000   -1.2990    0.0000 O   0  0
  2  1  1  6
  2  3  1  0
  2  4  1  0
  4  5  2  0
  4  6  1  0
M  END
"""
"""L-alanine as rdkit draws it on paper."""
BUTENE = """
  paper

  4  3  0  0  0  0  0  0  0  0999 V2000
   -1.2000    0.8000    0.0000 C   0  0
    0.0000    0.0000    0.0000 C   0  0
    1.3000    0.0000    0.0000 C   0  0
    2.5000    0.8000    0.0000 C   0  0
  1  2  1  0
  2  3  2  0
  3  4  1  0
M  END
"""
HYDROGEN = ALANINE.replace("  6  5", "  7  6").replace("  2  1  1  6", "  2  1  1  0").replace(
    "M  END", "  2  7  1  1\nM  END"
).replace("  2  1  1  0", "    0.2500    0.8660    0.0000 H   0  0\n  2  1  1  0")  # fmt: skip
"""The same hand, by a wedge to the hydrogen alone."""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ALANINE, {(1,): "S"}),
        (ALANINE.replace("  2  1  1  6", "  2  1  1  1"), {(1,): "R"}),
        (ALANINE.replace("  2  1  1  6", "  1  2  1  6"), {}),  # narrow at the methyl group
        (ALANINE.replace("  2  1  1  6", "  2  1  1  4"), {}),
        (ALANINE.replace("  2  1  1  6", "  2  1  1  0"), {}),
        (HYDROGEN, {(1,): "S"}),
        (re.sub(r"0\.0000(?= [A-Z])", "7.0000", HYDROGEN), {(1,): "S"}),  # no z differs
        (BUTENE, {(1, 2): "Z"}),
        (BUTENE.replace("2.5000    0.8000", "2.5000   -0.8000"), {(1, 2): "E"}),
        (BUTENE.replace("  2  3  2  0", "  3  2  2  3"), {}),
    ],
)
def test_stereo_of_a_drawing(text: str, found: dict[Any, str], tmp_path: Path) -> None:
    """By wedges, seen from their narrow end, and by places for double bonds; `either` is none."""
    pytest.importorskip("rdkit")
    (tmp_path / "it.mol").write_text(text)
    [it] = sdf.read(tmp_path / "it.mol")
    heavy = [i for i, symbol in enumerate(it.symbols) if symbol != "H"]
    assert it.flat
    assert stereo_of(it, heavy) == found


def test_stereo_that_what_is_drawn_does_not_show(tmp_path: Path) -> None:
    """Of a double bond whose end has nothing but a hydrogen that is left out."""
    pytest.importorskip("rdkit")
    text = BUTENE.replace("0.0000 C   0  0\n  1  2", "0.0000 H   0  0\n  1  2")
    (tmp_path / "it.mol").write_text(text.replace("1.3000    0.0000    0.0000 C",
                                                  "1.3000    0.0000    0.0000 N"))  # fmt: skip
    [it] = sdf.read(tmp_path / "it.mol")
    assert stereo_of(it, range(4)) == {(1, 2): "Z"}
    assert stereo_of(it, range(3)) == {}


def test_shapes_of_a_drawing(tmp_path: Path) -> None:
    """Are of its hand; rdkit, which reads drawing and shape by itself, is asked."""
    chem = pytest.importorskip("rdkit.Chem")
    wanted = chem.MolToSmiles(chem.MolFromMolBlock(ALANINE))
    (tmp_path / "it.mol").write_text(ALANINE)
    run = complete(str(tmp_path / "it.mol"), keep="graph", n=6, seed=1, steps=10, threads=1)
    made = list(run)
    assert run.notes == ()
    assert run.others(made) == 0
    assert {chem.MolToSmiles(chem.MolFromMolBlock(sdf.molfile(m))) for m in made} == {wanted}


def test_atoms_of_a_drawing(tmp_path: Path) -> None:
    """A note, for benzene is flat indeed; of an atom alone, of a small molecule, of a graph and of
    what is not flat nothing is said."""
    flat, deep = ALANINE, ALANINE.replace("1.2990    0.0000 C", "1.2990    0.5000 C")
    for text, keep, notes in (
        (flat, "0-2", 1), (flat, "0", 0), (flat, "graph", 0), (deep, "0-2", 0),
    ):  # fmt: skip
        (tmp_path / "it.mol").write_text(text)
        told = complete(str(tmp_path / "it.mol"), keep=keep, threads=1).notes
        assert ["lie in one plane" in note for note in told] == [True] * notes
    sdf.write([replace(KEPT, positions=KEPT.positions * [1, 1, 0])], tmp_path / "two.mol")
    assert complete(str(tmp_path / "two.mol"), keep="0-1", threads=1).notes == ()


def test_radicals_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "it.mol").write_text(ALANINE.replace("M  END", "M  RAD  1   2   2\nM  END"))
    for keep in ("graph", "0-2"):
        with pytest.raises(BadMolecule, match="atom 1 is a radical, which molecules does not"):
            complete(str(tmp_path / "it.mol"), keep=keep, threads=1)
    assert complete(str(tmp_path / "it.mol"), keep="3-5", threads=1)


def test_isotopes_are_kept(tmp_path: Path) -> None:
    """Of atoms that are; hydrogens that are left out are told of."""
    text = HYDROGEN.replace("M  END", "M  ISO  2   4  13   7   2\nM  END")
    (tmp_path / "it.mol").write_text(text)
    asked: dict[str, Any] = {"seed": 1, "steps": 2, "threads": 1}
    run = complete(str(tmp_path / "it.mol"), keep="graph", **asked)
    assert run.notes[0] == (
        "hydrogens of the file are left out, 1 of them (1 by isotope); molecules draws none"
    )
    [made] = run
    assert made.isotopes == {3: 13}
    assert "[13C]" in smiles(made)
    [made] = complete(str(tmp_path / "it.mol"), keep="3-5", atoms=5, **asked)
    assert made.isotopes == {0: 13}


def test_hydrogens_of_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that draws them needs them, and one that does not says that they are left out."""
    bonds = np.eye(2, k=1, dtype=np.uint8) + np.eye(2, k=-1, dtype=np.uint8)
    for name, symbols in (("bare", ("C", "C")), ("whole", ("F", "H"))):
        file = Structure(symbols, (0, 0), np.eye(2, 3), bonds)
        sdf.write([file], tmp_path / f"{name}.sdf")
    bare, whole = (str(tmp_path / f"{name}.sdf") for name in ("bare", "whole"))
    with pytest.raises(BadRequest, match="atom 0 of the file lacks hydrogens"):
        complete(bare, keep="graph", model="molecules-h")
    assert complete(bare, keep="0", model="molecules-h").notes == ()
    assert complete(whole, keep="graph", model="molecules-h").notes == ()
    assert complete(bare, keep="graph").notes == ()
    [note] = complete(whole, keep="graph").notes
    assert note == "hydrogens of the file are left out, 1 of them; molecules draws none"
    monkeypatch.setattr(completing, "find_spec", lambda name: None)
    [note] = complete(bare, keep="graph").notes
    assert "shapes may be of another stereoisomer" in note


def test_atoms_that_stand_nowhere(tmp_path: Path) -> None:
    """Positions of a file without any are all the same."""
    flat = Structure(("C", "C", "O"), (0, 0, 0), np.zeros((3, 3)), np.eye(3, k=1, dtype=np.uint8))
    sdf.write([flat], tmp_path / "it.sdf")
    with pytest.raises(BadRequest, match="atoms 0 and 1 of the file stand in the same place"):
        complete(str(tmp_path / "it.sdf"), keep="0-1", atoms=5)
