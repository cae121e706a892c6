"""A model of proteins from training to files: short helices, learned in seconds."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pytest
import torch

from benchmarks import plans
from tests.modalities.traces import backbone
from unstir.apps.cli import main
from unstir.datasets import proteins as data
from unstir.modalities import proteins as files
from unstir.modalities.backbones import from_json
from unstir.modalities.folds import fit
from unstir.modalities.images import read as read_picture
from unstir.modalities.plans import channels
from unstir.recipes import proteins as recipes
from unstir.runtimes.manifest import BadModel, read
from unstir.runtimes.model import load
from unstir.tasks import motif
from unstir.tasks.proteins import proteins
from unstir.tasks.request import BadRequest
from unstir.tasks.scaffold import scaffold

LENGTHS = (10, 14, 14)


def helices() -> data.Proteins:
    """Thirty short ones, of alanine and leucine."""
    rng = np.random.default_rng(0)
    lengths = np.resize(LENGTHS, 30)
    chains = [backbone(-62 + rng.normal(0, 3, n), -42 + rng.normal(0, 3, n)) for n in lengths]
    xyz = [np.round(100 * (x - x.mean((0, 1)))).astype(np.int16) for x in chains]
    text = "".join(("AL" * 7)[:n] for n in lengths)
    names = np.array([f"{i}abc_A" for i in range(30)])
    return data.Proteins(names, lengths, np.concatenate(xyz), text, "H" * len(text), np.arange(30))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    torch.manual_seed(0)
    patch = pytest.MonkeyPatch()
    patch.setattr(data, "building", lambda root: iter(()))
    patch.setattr(data, "load", lambda root: helices())
    patch.setattr(data.Proteins, "split", lambda self, name: self)
    patch.setattr(data.Proteins, "globular", lambda self: self)
    small = {"width": 32, "depth": 2, "heads": 4, "pair": 16, "radial": 8}
    planned = small | {"planned": True}
    own = replace(recipes.recipe.trainer, steps=300, batch=8, warmup=10, threads=1, muon_lr=0.02)
    recipe = replace(
        recipes.recipe, sizes=planned, trainer=own, writes=small, writer=replace(own, steps=60)
    )
    out = tmp_path_factory.mktemp("proteins") / "run"
    stages = [p.stage for p in recipes.run(recipe, out)]
    assert list(dict.fromkeys(stages)) == ["denoiser", "letters", "done"]
    yield out
    patch.undo()


@pytest.fixture
def given(model: Path, home: Path) -> Path:
    """A file with a chain of fourteen."""
    [chain] = proteins(model=str(model), n=1, seed=3, length=14, steps=20, threads=1)
    xyz = np.round(chain.xyz, 3)
    return files.write([replace(chain, xyz=xyz, sequence="G" * 14)], "given.pdb")


def test_the_folder(model: Path) -> None:
    manifest = read(model)
    manifest.verify()
    assert manifest.kind == "protein"
    assert set(manifest.graphs) == {"denoiser", "letters"}
    assert (manifest.protein or {})["counts"] == [0] * 10 + [10, 0, 0, 0, 20]
    assert (model / "card.md").is_file()


def test_helices_come_out(model: Path) -> None:
    made = list(proteins(model=str(model), n=24, seed=0, steps=30, threads=1))
    assert {len(p) for p in made} == {10, 14}
    bonds = np.concatenate([np.linalg.norm(np.diff(p.xyz[:, 1], axis=0), axis=-1) for p in made])
    assert np.median(bonds) == pytest.approx(3.8, abs=0.2)
    wide = [np.linalg.norm(p.xyz[9, 1] - p.xyz[0, 1]) for p in made]
    assert np.median(wide) == pytest.approx(13.6, abs=2)
    letters = "".join(p.sequence for p in made)
    assert (letters.count("A") + letters.count("L")) / len(letters) > 0.9


def test_one_seed_is_one_backbone(model: Path) -> None:
    asked = {"model": str(model), "steps": 6, "threads": 1}
    together = list(proteins(n=3, seed=5, **asked))
    [alone] = proteins(n=1, seed=7, **asked)
    assert alone.sequence == together[2].sequence
    assert np.abs(alone.xyz - together[2].xyz).max() < 1e-3
    assert len(next(iter(proteins(n=1, seed=7, length=12, **asked)))) == 12


def test_a_structure_is_told(model: Path) -> None:
    """Another plan is another chain, nothing said is a third; as long as the plan."""

    def made(**asked: Any) -> np.ndarray:
        [chain] = proteins(model=str(model), n=1, seed=3, steps=10, threads=1, **asked)
        return chain.xyz

    helix, loop, free = (made(structure=text) for text in ("H12", "C12", "?12"))
    assert len(helix) == len(loop) == 12
    assert min(np.abs(helix - loop).max(), np.abs(helix - free).max()) > 1e-3
    assert np.array_equal(helix, made(structure="H4H8", length=12))


def test_how_much_is_as_planned(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans.main(str(model), 3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["helix", "neither", "all"]
    assert plans.share(["HHC", "CCC"], ["HCC", "HHH"], "H").value == 0.5
    assert plans.share(["HHC", "CCC"], ["HCC", "HHH"], "").value == pytest.approx(1 / 3)


def test_a_motif_is_told_no_structure(model: Path, given: Path) -> None:
    """What stays is what it is: the letters at its places change nothing."""
    [where] = motif.read(str(given), "A2-6").places([1], [14])
    made = []
    for letter in "HE":
        text = "".join(letter if i in where else "C" for i in range(14))
        [chain] = scaffold(
            str(given), keep="A2-6", structure=text, model=str(model), seed=1, steps=4, threads=1
        )
        made.append(chain.xyz)
    assert np.array_equal(*made)


def test_temperature_narrows(model: Path) -> None:
    def spread(temperature: float) -> float:
        made = proteins(model=str(model), n=48, seed=0, structure="H14", steps=20, threads=1,
                        temperature=temperature, sampler="ddpm")  # fmt: skip
        wide = [np.linalg.norm(p.xyz[-1, 1] - p.xyz[0, 1]) for p in made]
        return float(np.std(wide))

    assert spread(0.1) < spread(2.0)


def test_torch_runs_the_same_networks(model: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 14)).astype(np.float32)
    plan = channels(["H14", "?9"], 14)
    told = np.concatenate(
        [np.zeros((2, 3, 14)), np.ones((2, 1, 14)), np.zeros((2, 1, 14)), plan], 1
    )
    letters = np.full((2, 14), -1, np.float32)
    runs = [load(model, runtime, 1, kind="protein") for runtime in ("onnx", "torch")]
    for name, inputs in (
        ("denoiser", (x, np.array([0.3, 0.7], np.float32), told.astype(np.float32))),
        ("letters", (letters, x)),
    ):
        one, other = (run.graphs[name](*inputs) for run in runs)
        assert np.abs(one - other).max() < 1e-4


def test_a_motif_stays_to_the_last_bit(model: Path, given: Path) -> None:
    kept = files.read(given, "A")
    asked = {"model": str(model), "steps": 8, "threads": 1}
    made = list(scaffold(str(given), keep="A2-4,A8-10", length=14, n=3, seed=1, **asked))
    starts = set()
    for protein in made:
        rows = [
            i for i in range(14) if any(np.array_equal(protein.xyz[i], row) for row in kept.xyz)
        ]
        assert np.array_equal(protein.xyz[rows], kept.xyz[[1, 2, 3, 7, 8, 9]])
        assert all(protein.sequence[i] == "G" for i in rows)
        starts.add(rows[0])
    [alone] = scaffold(str(given), keep="A2-4,A8-10", length=14, seed=2, **asked)
    assert np.abs(alone.xyz - made[1].xyz).max() < 1e-2


def test_a_backbone_gets_other_letters(
    model: Path, given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its places stay to the last bit; letters are those it learned, and one seed is one text."""
    asked: dict[str, Any] = {"keep": "backbone", "model": str(model), "threads": 1}
    made = list(scaffold(str(given), n=20, seed=1, **asked))
    true = files.read(given, "A")
    assert all(np.array_equal(protein.xyz, true.xyz) for protein in made)
    assert all(protein.numbers == true.numbers for protein in made)
    assert {letter for protein in made for letter in protein.sequence} <= set("AL")
    [alone] = scaffold(str(given), seed=18, **asked)
    assert (alone.sequence, alone.title) == (made[17].sequence, made[17].title)
    warm = {p.sequence for p in scaffold(str(given), n=20, seed=1, temperature=3.0, **asked)}
    assert len(warm) == 20
    for sampler, run in (("confidence", 14), ("remdm", 60)):
        many, few = (
            scaffold(str(given), n=9, seed=1, temperature=3.0, steps=n, sampler=sampler, **asked)
            for n in (60, 14)
        )
        assert (many.recipe.steps, many.recipe.evaluations) == (run, run)
        texts = [[p.sequence for p in made] for made in (many, few)]
        assert (texts[0] == texts[1]) == (run == 14)
    line = ["inpaint", "given.pdb", "--model", str(model), "--threads", "1", "--keep"]
    assert main([*line, "backbone:A", "--n", "20", "--seed", "1", "-o", "it.fasta"]) == 0
    text = Path("it.fasta").read_text()
    assert text == "".join(f">{p.title}\n{p.sequence}\n" for p in made)
    assert main([*line, "backbone", "--seed", "18", "-o", "it.pdb"]) == 0
    capsys.readouterr()
    assert main(["show", "it.pdb"]) == 0
    assert main([*shlex.split(capsys.readouterr().out)[1:-1], "again.cif"]) == 0
    assert files.read("again.cif", "A").sequence == alone.sequence


def test_backbones_that_cannot_be(model: Path, given: Path) -> None:
    for asked, says in (
        ({"length": 14}, "leave length"), ({"structure": "H14"}, "leave length"),
        ({"relax": False}, "leave length"), ({"temperature": 0.0}, "temperature"),
        ({"keep": "backbone:"}, "give a chain"), ({"steps": 0}, "steps is 0"), ({"n": 0}, "n is"),
    ):  # fmt: skip
        told: dict[str, Any] = {"keep": "backbone", "model": str(model), **asked}
        with pytest.raises(BadRequest, match=says):
            scaffold(str(given), **told)
    for told, says in (({"keep": "backbone:B"}, "no chain 'B'"), ({"sampler": "ddim"}, "ddim")):
        with pytest.raises(ValueError, match=says):
            scaffold(str(given), **{"keep": "backbone", "model": str(model), **told})
    longer = [replace(files.read(given, "A"), xyz=np.zeros((99, 4, 3)), sequence="G" * 99,
                      numbers=tuple(range(1, 100)))]  # fmt: skip
    files.write(longer, "longer.pdb")
    with pytest.raises(BadRequest, match="has 99 residues"):
        scaffold("longer.pdb", keep="backbone", model=str(model))


def test_where_motifs_stand(given: Path) -> None:
    found = motif.read(str(given), "A1-3,A12-14")
    apart = np.linalg.norm(found.xyz[3, 1] - found.xyz[2, 1])
    assert found.gaps == [int(np.ceil(apart / motif.REACH)) - 1]
    for places, n in zip(found.places(range(50), [14, 40] * 25), [14, 40] * 25, strict=True):
        assert np.array_equal(np.diff(places)[[0, 1, 3, 4]], [1] * 4)
        assert places[3] - places[2] > found.gaps[0]
        assert places[0] >= 0
        assert places[-1] < n
    assert len({int(p[0]) for p in found.places(range(50), [40] * 50)}) > 10


def test_how_a_motif_is_laid(model: Path, given: Path) -> None:
    """Nearest to where the estimate has it; the residues next to it follow from its own atoms, and
    the peptides there are what peptides are."""
    whole, complete = files.read(given, "A"), from_json(dict(read(model).protein or {}))
    found, where = motif.read(str(given), "A5-9"), np.arange(4, 9)
    rough = whole.xyz[:, 1] + 0.5 * np.random.default_rng(0).normal(size=(14, 3))
    x = rough.copy()
    fixed = found.lay(x, where, complete)
    turn, shift = fit(found.xyz[:, 1], rough[where])
    assert np.allclose(x[where], found.xyz[:, 1] @ turn + shift)
    assert fixed.tolist() == list(range(3, 10))
    free = [0, 1, 2, 10, 11, 12, 13]
    assert np.array_equal(x[free], rough[free])
    assert np.allclose(np.linalg.norm(np.diff(x[[3, 4, 8, 9]], axis=0)[::2], axis=-1), 3.8)
    xyz = found.exact(x, where, complete)
    assert np.array_equal(xyz[where], found.xyz)
    long = np.linalg.norm(xyz[1:, 0] - xyz[:-1, 2], axis=-1)
    assert np.abs(long[[3, 8]] - 1.33).max() < 0.05


def test_stretches_in_a_row_are_one(given: Path) -> None:
    assert motif.read(str(given), "A2-4,A5-8").lengths == (7,)
    assert motif.read(str(given), "A2-4,A6-8").lengths == (3, 3)
    assert motif.read(str(given), "A:2-4,A 5 - 8".replace("A ", "A")).lengths == (7,)


def test_numbers_below_nothing_and_chains_that_are_numbers(given: Path) -> None:
    structure = gemmi.read_structure(str(given))
    chain = structure[0]["A"]
    chain.name = "1"
    for residue, number in zip(chain, range(-3, 11), strict=True):
        residue.seqid = gemmi.SeqId(str(number))
    structure.write_pdb("other.pdb")
    whole = files.read("other.pdb")
    assert np.array_equal(motif.read("other.pdb", "1:-2-1").xyz, whole.xyz[1:5])


def test_letters_of_a_chain_with_a_gap_are_told_of(model: Path, given: Path) -> None:
    chain = files.read(given)
    assert scaffold(str(given), keep="backbone", model=str(model)).notes == ()
    rows = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13]
    torn = replace(chain, xyz=chain.xyz[rows], sequence="G" * 10,
                   numbers=tuple(chain.numbers[i] for i in rows))  # fmt: skip
    files.write([torn], "torn.pdb")
    [note] = scaffold("torn.pdb", keep="backbone", model=str(model)).notes
    assert "missing after 4" in note


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        ("A3-20", "no residue 15"),
        ("A1-4,A3-6", "names A3 twice"),
        ("A4-1", "ends before it begins"),
        ("-to-9", "give a chain and its residues"),
        ("A1-2", "three or more"),
        ("", "give a chain"),
    ],
)
def test_motifs_that_cannot_be(keep: str, says: str, given: Path) -> None:
    with pytest.raises(BadRequest, match=says):
        motif.read(str(given), keep)


def test_what_cannot_be(model: Path, given: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="draws 10 to 14 residues"):
        proteins(model=str(model), length=200)
    with pytest.raises(BadRequest, match="temperature"):
        proteins(model=str(model), temperature=-1)
    with pytest.raises(BadRequest, match="14 residues are; length is 12"):
        proteins(model=str(model), structure="H14", length=12)
    with pytest.raises(BadRequest, match="structure is 'helix' is no structure"):
        proteins(model=str(model), structure="helix")
    with pytest.raises(BadRequest, match="draws 10 to 14 residues"):
        proteins(model=str(model), structure="H9999")
    with pytest.raises(BadRequest, match="the motif and what is drawn take 10"):
        scaffold(str(given), keep="A1-9", length=8, model=str(model))
    with pytest.raises(BadRequest, match="the motif and what is drawn take 15"):
        scaffold(str(given), keep="A1-14", length=14, model=str(model))
    with pytest.raises(files.BadProtein, match="no chain 'B'"):
        scaffold(str(given), keep="B1-9", model=str(model))
    with pytest.raises(FileNotFoundError):
        scaffold("nothing.pdb", keep="A1-9", model=str(model))
    said = json.loads((model / "model.json").read_text())
    changes = [{"counts": [1, 2]}, {"turn": [[1, 2]]}, {"planes": "no"}, {"letters": None},
               {"plans": None}, {"plans": {"lengths": 3}}]  # fmt: skip
    for number, change in enumerate(changes):
        protein = {k: v for k, v in (said["protein"] | change).items() if v is not None}
        broken = tmp_path / f"broken{number}"
        broken.mkdir()
        (broken / "model.json").write_text(json.dumps(said | {"protein": protein}))
        with pytest.raises(BadModel):
            read(broken)


def test_the_commands(model: Path, given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["generate", "--model", str(model), "--seed", "5", "--steps", "4", "--threads", "1"]
    words = [*line, "--n", "2", "-o", "out.pdb", "--preview", "it.png", "--view", "it.html"]
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["files"] == ["out-1.pdb", "out-2.pdb"]
    assert "out-2.pdb" in said.err
    assert read_picture("it.png").std() > 1
    assert "ATOM" in Path("it.html").read_text()
    for file in ("out-2.pdb", "on.cif"):
        if file == "on.cif":
            words = ["inpaint", "given.pdb", "--keep", "A2-6", "--seed", "1", "--steps", "3",
                     "--structure", "?6H8"]  # fmt: skip
            assert main([*words, "--model", str(model), "--threads", "1", "-o", file]) == 0
        assert len(gemmi.read_structure(file)[0]["A"]) in LENGTHS
        first = files.read(file, "A")
        capsys.readouterr()
        assert main(["show", file]) == 0
        command = capsys.readouterr().out
        Path(file).unlink()
        assert main(shlex.split(command)[1:]) == 0
        again = files.read(file, "A")
        assert again.sequence == first.sequence
        assert np.abs(again.xyz - first.xyz).max() < 0.01
    assert main([*line, "-o", "out.fasta", "--n", "3"]) == 0
    assert Path("out.fasta").read_text().count(">") == 3


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["-o", "out.png"], 2, "out.png ends in .png; chains go to .pdb, .cif, .fasta"),
        (["-o", "out.pdb", "--preview", "x.pdf"], 2, "x.pdf"),
        (["-o", "out.pdb", "--length", "9999"], 2, "length is 9999"),
        (["-o", "nowhere/out.pdb"], 3, "nowhere does not exist"),
        (["a helix", "-o", "out.pdb"], 2, "too many words"),
    ],
)
def test_bad_commands_leave_nothing(
    words: list[str], code: int, says: str, model: Path, home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = sorted(Path.cwd().iterdir())
    assert main(["generate", "--model", str(model), "--steps", "2", *words]) == code
    assert says in capsys.readouterr().err.replace("\n", " ")
    assert sorted(Path.cwd().iterdir()) == before


def test_a_file_without_a_recipe(given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(given)]) == 3
    assert "does not say how it was made" in capsys.readouterr().err
