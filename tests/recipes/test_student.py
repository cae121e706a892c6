"""Teaching a student: it goes where its teacher went, in fewer steps, and `generate` takes it
where only its number of steps is asked for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from unstir.apps.cli import main
from unstir.core.noise import gaussian
from unstir.core.paths import path
from unstir.networks.build import build
from unstir.recipes import student
from unstir.recipes.student import Lesson
from unstir.runtimes import tuned
from unstir.runtimes.export import write
from unstir.runtimes.manifest import read
from unstir.runtimes.model import Model, load
from unstir.runtimes.tuned import Tuned
from unstir.tasks.generate import generate
from unstir.tasks.process import resolve
from unstir.tasks.request import BadRequest

SIZES: dict[str, Any] = dict(
    channels=3, tokens=2, widths=[32, 32], blocks=1, attention=[1], embedding=32
)
LESSON = Lesson(
    ways=512, walk=8,
    trainer=replace(
        student.TRAINER, steps=200, batch=64, lr=2e-3, muon_lr=3e-3, warmup=10, threads=1
    ),
    refiner=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    torch.manual_seed(0)
    base, out = (tmp_path_factory.mktemp("student") / name for name in ("base", "run"))
    net = build("unet", SIZES)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.2 * torch.randn_like(p))
    said = dict(
        kind="image", name="noise", title="Noise",
        condition=dict(name="labels", classes=["a", "b"]),
        network=dict(name="unet", sizes=SIZES), codec=None,
        schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[3, 8, 8],
        size=[8, 8], defaults=dict(sampler="heun", steps=9, scale=2.0, spacing="uniform"),
        licences={}, aliases={}, training={},
    )  # fmt: skip
    write(base, said, net, None)
    for _ in student.run(LESSON, ["a", "b"], out, base):
        pass
    return base, out


def ends(model: Model, steps: int, sampler: str | None = None) -> np.ndarray:
    """Where 16 new noises of class a end."""
    way = resolve(model, steps=steps, sampler=sampler, taught=True)
    assert model.condition is not None
    pos, neg = model.condition.encode(["a"]), model.condition.null(1)
    *_, last = way.walk(way.denoiser(model, pos, neg), range(16), model.manifest.shape)
    return last.x


def test_it_goes_where_the_teacher_went(runs: tuple[Path, Path]) -> None:
    """Noises that it never saw; nearer than the teacher itself comes in as many steps (of four it
    learns no more than the teacher knows in so short a training)."""
    model = load(runs[1])
    exact = ends(model, 60, "dpmpp_2m")
    for steps in (1, 2):
        taught, hasty = ends(model, steps), ends(model, steps, "ddim")
        errors = [float(np.square(x - exact).mean()) for x in (taught, hasty)]
        assert errors[0] < 0.5 * errors[1], (steps, errors)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["flow_map", "consistency"])
def test_other_signals_lead_there_too(
    runs: tuple[Path, Path], tmp_path: Path, objective: str
) -> None:
    """From the same ways, with the same weights to begin from; told apart in model.json."""
    base, first = runs
    shutil.copytree(first / "cache", tmp_path / "cache")
    lesson = replace(LESSON, objective=objective)
    assert not any(
        event.stage == "ways" for event in student.run(lesson, ["a", "b"], tmp_path, base)
    )
    model = load(tmp_path)
    assert (model.manifest.student or {})["training"]["objective"] == objective
    exact = ends(model, 60, "dpmpp_2m")
    known = list(range(1, 9)) if objective == "flow_map" else list(LESSON.steps)
    assert (model.manifest.student or {})["steps"] == known
    for steps in (1, 2, 3) if objective == "flow_map" else (1, 2):
        errors = [
            float(np.square(ends(model, steps, name) - exact).mean()) for name in (None, "ddim")
        ]
        assert errors[0] < 0.8 * errors[1], (steps, errors)


def test_it_begins_as_its_teacher(runs: tuple[Path, Path]) -> None:
    model = load(runs[0])
    net, x = student.pupil(model).eval(), torch.randn(2, 3, 8, 8)
    tokens, mask = torch.eye(2)[:, None], torch.ones(2, 1)
    t, s = torch.tensor([0.9, 0.4]), torch.tensor([0.5, 0.0])
    with torch.no_grad():
        mine = net(x, t, tokens, mask, s=s).numpy()
    theirs = model.net(x.numpy(), t.numpy(), tokens.numpy(), mask.numpy())
    np.testing.assert_allclose(mine, theirs, atol=1e-4)
    with pytest.raises(ValueError, match="told the time it goes to"):
        net(x, t, tokens, mask)


def test_a_student_goes_on(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """It begins with its own weights, sees other ways, and says so; a model without one cannot."""
    base, first = runs
    seed = replace(LESSON.trainer, steps=1, lr=1e-9, muon_lr=1e-9, warmup=0, seed=1)
    lesson = replace(LESSON, ways=8, further=True, trainer=seed)
    for _ in student.run(lesson, ["a", "b"], tmp_path, first):
        pass
    models = load(first), load(tmp_path)
    np.testing.assert_allclose(*(ends(model, 2) for model in models), atol=1e-2)
    assert np.abs(ends(models[0], 2) - ends(models[0], 2, "ddim")).max() > 0.1
    said = models[1].manifest.student or {}
    assert said["training"]["before"] == (models[0].manifest.student or {})["training"]
    ways = [np.load(run / "cache" / "ways.npy")[:8] for run in (first, tmp_path)]
    assert np.abs(ways[0] - ways[1]).max() > 0.5
    with pytest.raises(ValueError, match="has no student yet"):
        next(iter(student.run(lesson, ["a", "b"], tmp_path / "none", base)))


def test_a_student_is_refined(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Alone, where it has been taught: its pictures move, and end where the teacher's way did as
    nearly as before; and after a training, in the same run."""
    base, first = runs
    refiner = replace(student.REFINER, steps=40, batch=32, warmup=5, threads=1)
    lesson = replace(LESSON, ways=64, further=True, trainer=None, refiner=refiner)
    stages = [event.stage for event in student.run(lesson, ["a", "b"], tmp_path / "alone", first)]
    assert "refined-student" in stages
    assert "trajectory" not in stages
    models = load(first), load(tmp_path / "alone")
    exact = ends(models[0], 60, "dpmpp_2m")
    errors = [float(np.square(ends(model, 2) - exact).mean()) for model in models]
    assert errors[0] != errors[1] < 1.5 * errors[0]
    said = (models[1].manifest.student or {})["training"]
    assert said["refined"]["optimizer"] == "adamw"
    assert said["before"] == (models[0].manifest.student or {})["training"]
    both = replace(LESSON, ways=8, trainer=replace(LESSON.settings, steps=2), refiner=refiner)
    both = replace(both, refiner=replace(refiner, steps=2))
    stages = [event.stage for event in student.run(both, ["a", "b"], tmp_path / "both", base)]
    assert stages.index("trajectory") < stages.index("refined-trajectory") < stages.index("done")
    with pytest.raises(ValueError, match="without any training"):
        next(student.run(replace(lesson, refiner=None), ["a"], tmp_path / "none", first))


def test_what_was_refined_is_of_what_was_taught(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one folder, by another signal, longer, or as it is: the student is the one that a folder
    of its own gives, and what is done is done again only where what it began from is another."""
    base, first = runs
    refiner = replace(student.REFINER, steps=2, batch=8, warmup=0, threads=1)

    def added(base: Path, out: Path, net: torch.nn.Module, *_: Any) -> None:
        weights = {name: w.contiguous() for name, w in net.state_dict().items()}
        save_file(weights, out / "student.safetensors")

    def taught(out: Path, objective: str, steps: int) -> tuple[bytes, list[str]]:
        torch.manual_seed(0)
        shutil.copytree(first / "cache", out / "cache", dirs_exist_ok=True)
        short = replace(LESSON.settings, steps=steps, batch=8, warmup=0)
        lesson = replace(LESSON, objective=objective, trainer=short, refiner=refiner)
        events = list(student.run(lesson, ["a", "b"], out, base))
        anew = [event.stage for event in events if isinstance(event.event, str)]
        return (out / "student.safetensors").read_bytes(), anew

    monkeypatch.setattr(student, "add_student", added)
    one, _ = taught(tmp_path / "one", "trajectory", 2)
    assert taught(tmp_path / "one", "trajectory", 2) == (one, [])
    alone, _ = taught(tmp_path / "two", "flow_map", 2)
    assert taught(tmp_path / "one", "flow_map", 2) == (alone, [])
    assert taught(tmp_path / "one", "trajectory", 4)[1] == ["refined-trajectory"]


def test_a_run_is_of_one_lesson(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Another model, other prompts or ways are refused, and so is the folder of another model."""
    base, first = runs
    shutil.copytree(first, tmp_path / "run")
    shutil.copytree(base, tmp_path / "other")
    model = tmp_path / "other" / "model.json"
    model.write_text(model.read_text() + "\n")
    seeded = replace(LESSON, trainer=replace(LESSON.settings, seed=1))
    for lesson, prompts, at, says in (
        (LESSON, ["a", "b"], tmp_path / "other", "another value of model;"),
        (LESSON, ["b", "a"], base, "another value of prompts;"),
        (replace(LESSON, ways=64), ["a", "b"], base, "of ways;"),
        (replace(LESSON, walk=16), ["a", "b"], base, "of walk;"),
        (replace(LESSON, steps=(1, 2)), ["a", "b"], base, "of stops;"),
        (seeded, ["a", "b"], base, "of seed;"),
    ):
        with pytest.raises(ValueError, match=says):
            next(student.run(lesson, prompts, tmp_path / "run", at))
    before = model.read_bytes()
    with pytest.raises(ValueError, match="holds another model"):
        next(student.run(LESSON, ["a", "b"], tmp_path / "other", base))
    assert model.read_bytes() == before


def test_ways_that_are_drawn_are_kept(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop among them; what was drawn is not drawn again, and all are as without the stop."""
    lesson, drawn, way = replace(LESSON, ways=40), [], student.way
    monkeypatch.setattr(student, "way", lambda *a: drawn.append(a[-1]) or way(*a))
    for number in range(2):
        for event in student.run(lesson, ["a", "b"], tmp_path, runs[0]):
            if (event.stage, event.done) == ("ways", 16) and not number:
                break
            if event.stage == "trajectory":
                break
    assert drawn == [16, 16, 8]
    ways = np.load(tmp_path / "cache" / "ways.npy")
    np.testing.assert_allclose(ways, np.load(runs[1] / "cache" / "ways.npy")[:40], atol=0.02)
    assert not (tmp_path / "cache" / "ways").exists()


def test_what_belongs_to_the_teacher_goes_along(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """What it was trained on, for a student of the student's folder; and paths tuned for it."""
    base = tmp_path / "base"
    shutil.copytree(runs[0], base)
    (base / "cache").mkdir()
    (base / "cache" / "conditions.json").write_text('["a", "b"]')
    paths = [Tuned("heun", 2, 2.0, "cfg", (1.0, 0.4, 0.0), 0.1, 0.2)]
    tuned.write(read(base), paths)
    lesson = replace(LESSON, ways=8, trainer=replace(LESSON.settings, steps=1))
    for _ in student.run(lesson, ["a", "b"], tmp_path / "run", base):
        pass
    assert (tmp_path / "run" / "cache" / "conditions.json").read_text() == '["a", "b"]'
    assert tuned.read(read(tmp_path / "run")) == paths


def test_a_flow_with_a_shift_is_not_distilled(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Its sigma is not its time; neither taught nor taken from a folder that says so."""
    for folder, says in ((runs[0], "no flow without shift"), (runs[1], "of a flow without shift")):
        place = tmp_path / folder.name
        shutil.copytree(folder, place)
        said = json.loads((place / "model.json").read_text())
        said["schedule"]["shift"] = 3.0
        (place / "model.json").write_text(json.dumps(said))
        with pytest.raises(ValueError, match=says):
            next(student.run(LESSON, ["a"], tmp_path / "it", place))


def test_the_teacher_stays(runs: tuple[Path, Path]) -> None:
    base, out = runs
    for file in ("denoiser.safetensors", "denoiser.onnx"):
        assert (out / file).read_bytes() == (base / file).read_bytes()
    load(out).manifest.verify()


def test_both_runtimes_agree(runs: tuple[Path, Path]) -> None:
    for steps in (1, 4):
        found = [ends(load(runs[1], runtime=name), steps) for name in ("onnx", "torch")]
        np.testing.assert_allclose(*found, atol=1e-3)


def test_a_way_is_the_walk_of_its_noise(runs: tuple[Path, Path]) -> None:
    """Its points are where the teacher is at the student's stops, and it begins in its noise."""
    model = load(runs[0])
    told = student.Told(model, ["a", "b"], runs[1] / "cache")
    points = student.way(model, LESSON, told(np.arange(3)), student.FIRST_SEED, 3)
    assert points.shape == (3, 5, 3, 8, 8)
    seeds = range(student.FIRST_SEED, student.FIRST_SEED + 3)
    np.testing.assert_array_equal(points[:, 0], gaussian(seeds, (3, 8, 8))(-1))
    kept = np.load(runs[1] / "cache" / "ways.npy")[:3]
    np.testing.assert_allclose(points, kept, atol=0.02)
    one = student.way(model, LESSON, told(np.arange(1, 2)), student.FIRST_SEED + 1, 1)
    np.testing.assert_allclose(one[0], points[1], atol=1e-3)
    assert len(path(model.schedule, LESSON.walk)) == LESSON.walk + 1


def test_every_number_of_steps_counts_alike(runs: tuple[Path, Path]) -> None:
    model = load(runs[0])
    told = student.Told(model, ["a", "b"], runs[1] / "cache")
    data = student.Ways(model, LESSON.steps, told, np.load(runs[1] / "cache" / "ways.npy"))
    batch = data.batch(np.arange(len(data)))
    long = np.round(batch["times"][:, 0] - batch["times"][:, 1], 3)
    assert {float(n): int((long == n).sum()) for n in np.unique(long)} == {
        0.25: 4 * 512, 0.5: 4 * 512, 1.0: 4 * 512,
    }  # fmt: skip
    whole = batch["times"][:, 0] == 1
    assert np.array_equal(batch["begin"][whole][0], data.points[0, 0].astype(np.float32))


def test_generate_takes_the_student_where_nothing_speaks_against_it(
    runs: tuple[Path, Path],
) -> None:
    def draw(**asked: Any) -> Any:
        return generate("a", model=str(runs[1]), seed=3, threads=1, **asked)[0]

    two = draw(steps=2)
    assert (two.recipe.sampler, two.recipe.evaluations) == ("student", 2)
    words = two.recipe.command("x.png")
    assert words[words.index("--sampler") + 1] == "student"
    same = draw(steps=2, sampler="student", spacing="uniform", scale=2.0)
    assert np.array_equal(two.native, same.native)
    assert draw(sampler="student").recipe.steps == 4
    for same in ({"scale": 2}, {"spacing": "uniform"}, {"negative": " "}):
        assert np.array_equal(two.native, draw(steps=2, **same).native), same
    for other, why in (
        ({"steps": 3}, ""), ({"steps": 2, "sampler": "ddim"}, ""),
        ({"steps": 2, "scale": 3.0}, "not with this scale:"),
        ({"steps": 2, "negative": "b"}, "not with a negative:"),
        ({"steps": 2, "spacing": "karras", "guidance": "apg"}, "this spacing and this guidance:"),
        ({"steps": 2, "prompt": ""}, "not with an empty prompt:"),
    ):  # fmt: skip
        run = generate(**({"prompt": "a", "model": str(runs[1]), "seed": 3} | other))
        assert run.recipe.sampler != "student", other
        said = [note for note in run.notes if "the student of noise draws in 2 steps" in note]
        assert (len(said) == 1 and why in said[0]) if why else not said
    for wrong, says in (
        ({"steps": 3}, "takes 1, 2, 4"), ({"scale": 3.0}, "at scale 2"),
        ({"negative": "b"}, "no negative"), ({"spacing": "karras"}, "even steps"),
        ({"guidance": "apg"}, "cannot be guided"), ({"interval": (0.2, 0.8)}, "cannot be guided"),
    ):  # fmt: skip
        with pytest.raises(BadRequest, match=says):
            draw(sampler="student", **wrong)


def test_numbers_of_steps_are_whole(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Also numpy's, which a record takes; but not True."""
    picture = generate("a", model=str(runs[1]), seed=3, steps=np.int64(2))[0]
    assert picture.recipe.sampler == "student"
    picture.save(tmp_path / "a.png")
    for asked in ({}, {"sampler": "student"}):
        with pytest.raises(BadRequest, match="steps is True"):
            generate("a", model=str(runs[1]), steps=True, **asked)


def test_one_seed_is_one_picture(runs: tuple[Path, Path]) -> None:
    many = generate("a", model=str(runs[1]), seed=3, n=5, steps=2, threads=1)
    alone = generate("a", model=str(runs[1]), seed=5, steps=2, threads=1)[0]
    assert np.abs(many[2].native.astype(int) - alone.native).max() <= 1


def test_what_cannot_be_distilled(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    base = str(runs[0])
    for words, says in (
        (["upscaler", "--out", "it"], "draws no pictures from noise"),
        ([base, "--out", base], "itself"),
        ([base, "--out", "it", "--ways", "0"], "ways is 0"),
        ([base, "--out", "it", "--objective", "flow"], "did you mean 'flow_map'"),
        ([base, "--out", "it", "--steps", "0"], "give --further"),
        ([base, "--out", "it", "--refine", "-1"], "refine is -1"),
        (["nothing", "--out", "it"], "no 'nothing'"),
        ([base, "--out", "it", "--device", "foo"], "which torch does not know"),
    ):
        assert main(["distill", *words]) == 2
        assert says in capsys.readouterr().err.replace("\n", " ")
        assert not Path("it").exists()
    with pytest.raises(BadRequest, match="has no student"):
        generate("a", model=base, steps=2, sampler="student")
    with pytest.raises(ValueError, match="does not stop where"):
        next(student.run(replace(LESSON, walk=6), ["a"], tmp_path / "it", runs[0]))
