"""The comparison: equal work, results that stay, a table that says what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unstir.apps.cli import main
from unstir.recipes import players, rivals, worlds
from unstir.tasks.compare import _together, compare
from unstir.tasks.contestant import WAYS, Contestant, _steepness, contested
from unstir.tasks.request import BadRequest
from unstir.tasks.standings import Report, failed, spread


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    """A mixture with little of everything."""
    whole = worlds.open_world("mixture")
    less = replace(whole, train=whole.train[:2000], real=whole.real[:1000])
    monkeypatch.setattr(worlds, "open_world", lambda what: less)
    return less


def run(out: Path, **asked: Any) -> Report:
    usual = {"seeds": 1, "rates": 1.0, "n": 200, "work": 0.03, "jobs": 1}
    *_, report = compare("mixture", out=out, **(usual | asked))
    assert isinstance(report, Report)
    return report


def test_a_whole_comparison(small: worlds.World, tmp_path: Path) -> None:
    out = tmp_path / "study"
    report = run(out)
    assert [row["family"] for row in report.rows] == ["diffusion", "student", "gan", "vae"]
    for row in report.rows:
        used = row["training_flop"] * row["batch"] * row["steps"]
        own = 0.25 if row["family"] == "student" else 1.0  # the rest is its teacher's
        assert used == pytest.approx(own * 0.03e12, rel=0.1)  # equal work
        assert row["cpu_seconds"] > 0
        assert row["curve"]
        for way in row["ways"].values():
            assert {"frechet", "recall", "modes"} <= way["scores"].keys()
    assert report.rows[0]["ways"].keys() == {"50", "10"}
    for name in ("curves", "speed"):
        with Image.open(out / f"{name}.png") as image:
            assert image.width > 500
    page = (out / "report.md").read_text()
    assert "| Frechet distance |" in page
    assert "| modes of 25 |" in page
    assert json.loads((out / "report.json").read_text())["rows"][2]["family"] == "gan"
    before = {file: file.stat().st_mtime_ns for file in out.glob("*/result.json")}
    again = run(out)
    assert {file: file.stat().st_mtime_ns for file in out.glob("*/result.json")} == before
    assert again.markdown() == report.markdown()
    with pytest.raises(BadRequest, match="begun with other"):
        run(out, n=300)
    fresh = run(tmp_path / "other")
    for a, b in zip(report.rows, fresh.rows, strict=True):  # the quality columns repeat exactly
        assert [w["scores"] for w in a["ways"].values()] == [
            w["scores"] for w in b["ways"].values()
        ]


def test_more_seeds_and_rates_go_on(small: worlds.World, tmp_path: Path) -> None:
    run(tmp_path / "study", work=0.004)
    report = run(tmp_path / "study", work=0.004, seeds=2, rates=4.0)
    assert len(report.rows) == 4 * 4
    assert len(report.usual("gan")) == 2
    assert {row["rate"] for row in report.rows} == {1.0, 0.25, 4.0}


def test_at_the_same_time(tmp_path: Path) -> None:
    """Processes of their own come to the same results as this one."""
    who = [Contestant("vae", seed) for seed in (0, 1)]
    world = replace(worlds.open_world("digits"), budget=0.002e12)
    for one in who:
        list(contested(world, one, tmp_path / "here", 100, 1))
    *_, last = _together("digits", 0.002, who, tmp_path / "there", 100, 2)
    assert last.done == last.total == 2
    here, there = (
        [json.loads((tmp_path / at / one.folder / "result.json").read_text()) for one in who]
        for at in ("here", "there")
    )
    for a, b in zip(here, there, strict=True):
        assert a["ways"]["1"]["scores"] == b["ways"]["1"]["scores"]


def test_pictures_with_classes(tmp_path: Path) -> None:
    asked = {"seeds": 1, "rates": 1.0, "n": 100, "work": 0.002, "jobs": 1}
    *_, report = compare("digits", out=tmp_path / "study", **asked)
    assert isinstance(report, Report)
    assert (tmp_path / "study" / "samples.png").exists()
    said = [row["ways"][str(WAYS[row["family"]][0])]["scores"] for row in report.rows]
    assert all("as_told" in scores for scores in said)
    assert said[0]["kept"] == 0  # what diffusion keeps it keeps exactly
    assert said[0]["filled"] > 0
    assert said[-1]["rebuilt"] > 5
    assert said[2]["edges"] > 0


def test_edges_tell_blur_from_grain() -> None:
    real = np.random.default_rng(0).normal(size=(8, 1, 16, 16)).cumsum(2).cumsum(3)
    blurred = (real + np.roll(real, 1, 2) + np.roll(real, 1, 3)) / 3
    grainy = real + 3 * np.random.default_rng(1).normal(size=real.shape)
    assert _steepness(blurred[..., 1:, 1:]) < _steepness(real) < _steepness(grainy)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    for asked in ({"seeds": 0}, {"n": 5}, {"rates": 0.5}, {"work": -1.0}):
        with pytest.raises(BadRequest):
            compare("digits", out=tmp_path / "new", **asked)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert main(["compare", "mixture", "--out", str(tmp_path / "full"), "--work", "0.001"]) == 2
    assert main(["compare", str(tmp_path / "none"), "--out", str(tmp_path / "x")]) != 0


def row(family: str, seed: int, frechet: float, coverage: float = 0.9, **more: Any) -> dict:
    ways = [str(way) for way in WAYS[family]]
    scores = {"frechet": frechet, "coverage": coverage}
    return {
        "family": family, "seed": seed, "rate": 1.0, "diverged": False, "spikes": 0.01,
        "parameters": 10, "draw_flop": 2e6, "curve": [], "steps": 5, "batch": 64,
        "cpu_seconds": 1.0 + seed,
        "ways": {way: {"scores": scores, "ms": {"1": 2.0, "64": 1.0}} for way in ways}, **more,
    }  # fmt: skip


def test_the_table() -> None:
    rows = [row(f, s, 1.0 + s) for f in WAYS for s in (0, 1)]
    rows[4]["ways"]["1"]["scores"] = {"frechet": 9.0, "coverage": 0.1}
    del rows[6]["ways"]
    rows[6]["diverged"] = True
    report = Report("toys", "pixels", 1e12, 100, rows, {"coverage": 0.95, "frechet": 0.1})
    table = {line[0]: line[1:] for line in report.table()}
    assert table["Frechet distance"] == [
        "1.5 (1 to 2)",
        "1.5 (1 to 2)",
        "1.5 (1 to 2)",
        "5.5 (2 to 9)",
        "2",
        "0.1",
    ]
    assert table["collapsed or diverged"][:5] == [
        "0 of 2",
        "0 of 2",
        "0 of 2",
        "1 of 2",
        "1 of 2",
    ]
    assert table["operations a sample, 10^6"][:3] == ["100", "20", "2"]
    assert failed(rows[6], report.floor)
    assert spread([]) == ""


def test_players_are_matched() -> None:
    """Within a fifth in what draws, and each loses with one step of its own training."""
    world = worlds.open_world("digits")
    sizes, works = {}, {}
    for family, make in players.PLAYERS.items():
        player = make(world)
        sizes[family] = players.parameters(player.draws)
        works[family] = rivals.drawing(player.net.eval(), world, family)
        assert players.work(player, world).sample > 2.5 * works[family]
    for found in (sizes, works):
        assert max(found.values()) < 1.3 * min(found.values()), found


def test_a_sample_is_a_function_of_its_seed() -> None:
    world = worlds.open_world("digits")
    for family, make in players.PLAYERS.items():
        net = make(world).net.eval()
        many, labels = rivals.sample(net, world, family, 7, 5, 2)
        assert labels is not None
        assert labels.tolist() == list(range(7))
        few, _ = rivals.sample(net, world, family, 3, 5, 2)
        np.testing.assert_allclose(many[:3], few, atol=1e-5)
        assert np.abs(many[0] - many[1]).max() > 0 or family == "vae"


def test_a_student_goes_where_its_teacher_went(small: worlds.World, tmp_path: Path) -> None:
    """From the same noise: nearer than the teacher itself comes in one step."""
    world = replace(small, budget=0.2e12)
    for _ in rivals.contest(world, "student", tmp_path / "student", threads=1):
        pass
    teacher = rivals.loaded(world, "diffusion", tmp_path / "student" / "teacher")
    pupil = rivals.loaded(world, "student", tmp_path / "student")
    ends, hasty, taught = (
        rivals.sample(net, world, family, 500, 0, steps)[0]
        for net, family, steps in (
            (teacher, "diffusion", 10), (teacher, "diffusion", 1), (pupil, "student", 1),
        )
    )  # fmt: skip
    near, far = (np.square(x - ends).mean() for x in (taught, hasty))
    assert near < 0.5 * far


def drawings(root: Path, count: int) -> Path:
    """Discs and squares in folders of their own."""
    rng = np.random.default_rng(0)
    for i in range(count):
        pixels = np.full((40, 40, 3), 250, np.uint8)
        y, x = np.mgrid[:40, :40] - rng.integers(12, 28, 2)[:, None, None]
        inside = y**2 + x**2 < 90 if i % 2 else np.maximum(abs(x), abs(y)) < 9
        pixels[inside] = rng.integers(0, 200, 3)
        place = root / ("discs" if i % 2 else "squares")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{i}.png")
    return root


@pytest.mark.parametrize(("count", "held"), [(200, 67), (500, 100), (1200, 120)])
def test_a_folder_is_split(count: int, held: int, tmp_path: Path) -> None:
    """Enough is held out to measure against, of every class, and nothing of it is learned."""
    world = worlds.open_world(str(drawings(tmp_path / "mine", count)))
    assert (len(world.train), len(world.real), world.classes) == (count - held, held, 2)
    assert world.real_labels is not None
    assert set(world.real_labels) == {0, 1}
    learned = {x.tobytes() for x in world.train}
    assert not any(x.tobytes() in learned for x in world.real)


def test_a_folder_with_too_few(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs 200"):
        worlds.open_world(str(drawings(tmp_path / "mine", 30)))


@pytest.mark.slow
def test_a_comparison_of_a_folder(tmp_path: Path) -> None:
    mine = drawings(tmp_path / "mine", 240)
    *_, report = compare(
        str(mine), out=tmp_path / "out", seeds=1, rates=1.0, n=100, work=0.02, jobs=1
    )
    assert isinstance(report, Report)
    table = {row[0]: row[1:] for row in report.table()}
    assert table["as told"][0]
    assert (tmp_path / "out" / "samples.png").is_file()
