"""Paths that are searched: the search is optimal, its paths end nearer than the usual ones, and
`generate` walks them, for just the model they were found for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from unstir.core.exact import Mixture, gaussian
from unstir.core.find import find
from unstir.core.noise import gaussian as normal
from unstir.core.paths import at, path
from unstir.core.schedules import flow
from unstir.runtimes import tuned
from unstir.runtimes.manifest import BadModel, read
from unstir.runtimes.model import load
from unstir.runtimes.shelf import SHIPPED
from unstir.runtimes.tuned import Tuned
from unstir.tasks.generate import generate
from unstir.tasks.process import resolve
from unstir.tasks.request import BadRequest
from unstir.tasks.show import show
from unstir.tasks.tune import FINE, best, costs, tune


@pytest.mark.parametrize("growth", [1.0, 1.15])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_no_path_of_so_many_steps_is_cheaper(count: int, growth: float) -> None:
    """Against all of them."""
    table = np.random.default_rng(count).uniform(0, 1, (7, 7))

    def price(places: tuple[int, ...]) -> float:
        return sum(growth**k * table[pair] for k, pair in enumerate(pairwise(places)))

    every = [(0, *middle, 6) for middle in combinations(range(1, 6), count - 1)]
    found = tuple(best(table, count, growth))
    assert price(found) == pytest.approx(min(map(price, every)))
    with pytest.raises(ValueError, match="give 1 to 6"):
        best(table, 7)


@pytest.mark.parametrize("count", [4, 6, 10])
def test_on_a_mixture_it_ends_nearer(count: int) -> None:
    """Narrow modes far apart, whose walks bend in a few places: by straight steps nearer to the
    exact walk than equal ones, on other noise than it was searched on. (The costs are those of
    straight steps; for samplers of higher order it need not be so, and `tune` measures.)"""
    parts = [gaussian(np.array([mean]), np.eye(1) * 0.01) for mean in (-3.0, 1.0, 4.0)]
    mixture = Mixture((0.5, 0.3, 0.2), parts)
    levels = path(flow(), FINE)
    denoise = mixture.denoise

    def walked(way: list, seeds: range, name: str = "ddim") -> tuple[list, list]:
        noise = normal(seeds, (1,), dtype="float64")
        states = [way[0].sigma * noise(-1)]
        clean = []
        for step in find("samplers", name)(denoise, states[0], way, noise=noise):
            states.append(step.x)
            clean.append(step.x0)
        return states, clean

    states, clean = walked(levels, range(64), "dpmpp_2m")
    searched = at(flow(), [levels[i].t for i in best(costs(levels, states, clean), count)])
    exact = walked(path(flow(), 2000), range(100, 164), "dpmpp_2m")[0][-1]
    errors = [
        float(np.abs(walked(way, range(100, 164))[0][-1] - exact).mean())
        for way in (searched, path(flow(), count))
    ]
    assert errors[0] < errors[1]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A model folder that may be written."""
    shutil.copytree(SHIPPED / "emoji", tmp_path / "emoji")
    (tmp_path / "emoji" / tuned.FILE).unlink(missing_ok=True)
    return tmp_path / "emoji"


TIMES = (1.0, 0.8, 0.5, 0.0)


def test_generate_walks_it(copied: Path) -> None:
    """Where sampler, steps and scale are those it was found for, and no spacing was asked for."""
    manifest = read(copied)
    tuned.write(manifest, [Tuned("dpmpp_2m", 3, 3.0, "cfg", TIMES, 0.1, 0.2)])
    model = load(str(copied))
    way = resolve(model, steps=3)
    assert [level.t for level in way.path] == list(TIMES)
    assert way.spacing == "tuned"
    others = (
        {"scale": 2.0},
        {"sampler": "ddim"},
        {"spacing": "uniform"},
        {"interval": (0.1, 0.9)},
    )
    for asked in ({"steps": 4}, *({"steps": 3} | other for other in others)):
        assert resolve(model, **asked).spacing != "tuned"
    picture = generate("a cat", model=str(copied), steps=3, seed=1, threads=1)[0]
    assert "tuned" in picture.recipe.command("cat.png")
    with pytest.raises(BadRequest, match="no path was tuned"):
        resolve(model, steps=4, spacing="tuned")


def test_a_file_that_does_not_belong(copied: Path) -> None:
    """Another model's is not used; a damaged one is told of."""
    manifest = read(copied)
    file = tuned.write(manifest, [Tuned("dpmpp_2m", 3, 3.0, "cfg", TIMES, 0.1, 0.2)])
    good = json.loads(file.read_text())
    file.write_text(json.dumps(good | {"denoiser": "0" * 64}))
    assert tuned.read(manifest) == []
    for change in ({"times": [0.0, 0.5, 0.8, 1.0]}, {"times": [1.0, 0.0]}, {"steps": "3"}):
        file.write_text(json.dumps(good | {"paths": [good["paths"][0] | change]}))
        with pytest.raises(BadModel, match=r"tuned\.json"):
            tuned.read(manifest)
    half = {"times": [0.5, 0.4, 0.3, 0.1]}
    file.write_text(json.dumps(good | {"paths": [good["paths"][0] | half]}))
    with pytest.raises(BadModel, match=r"from 0\.5 to 0\.1 for 3 steps; one more .* from 1 to 0"):
        tuned.read(manifest)
    for damaged in ("{", "[" * 100_000):
        file.write_text(damaged)
        with pytest.raises(BadModel, match="delete it"):
            tuned.read(manifest)


def test_paths_belong_to_the_denoiser(copied: Path) -> None:
    """Another decoder or student does not matter to them, another denoiser does."""
    tuned.write(read(copied), [Tuned("dpmpp_2m", 3, 3.0, "cfg", TIMES, 0.1, 0.2)])
    said = json.loads((copied / "model.json").read_text())

    def walked(**files: str) -> list[int]:
        changed = said | {"files": said["files"] | files, "title": "Another"}
        (copied / "model.json").write_text(json.dumps(changed))
        return [path.steps for path in tuned.read(read(copied))]

    assert walked(**{"decoder.onnx": "0" * 64, "student.onnx": "0" * 64}) == [3]
    assert walked(**{"denoiser.onnx": "0" * 64}) == []
    assert walked(**{"denoiser.safetensors": "0" * 64}) == []


def test_paths_are_left_where_a_model_is_trained_further(tmp_path: Path) -> None:
    """Its graph is the same to the last byte then, for weights are beside it."""
    folder = plain(tmp_path / "plain", 0)
    tuned.write(read(folder), [Tuned("dpmpp_2m", 3, 1.0, "cfg", TIMES, 0.1, 0.2)])
    graph = (folder / "denoiser.onnx").read_bytes()
    assert len(tuned.read(read(folder))) == 1
    plain(folder, 1)
    assert (folder / "denoiser.onnx").read_bytes() == graph
    assert tuned.read(read(folder)) == []


def test_a_picture_tells_of_another_path(tmp_path: Path) -> None:
    """Its command says `--spacing tuned`; what that is now may be another, or nothing."""
    folder = plain(tmp_path / "plain", 0)
    path = Tuned("dpmpp_2m", 3, 1.0, "cfg", TIMES, 0.1, 0.2)
    tuned.write(read(folder), [path])
    file = tmp_path / "it.png"
    generate(model=str(folder), steps=3, seed=1, threads=1)[0].save(file)
    assert show(str(file)).notes == ()
    tuned.write(read(folder), [replace(path, times=(1.0, 0.7, 0.5, 0.0))])
    (note,) = show(str(file)).notes
    assert "tuned for" in note
    (folder / tuned.FILE).unlink()
    assert show(str(file)).notes == (note,)


def test_a_search_says_what_there_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is not kept leaves no older one in its place, others stay; and a damaged file is
    written anew."""
    folder = plain(tmp_path / "plain", 0)
    old = [
        Tuned("dpmpp_2m", 3, 1.0, "cfg", TIMES, 0.1, 0.2),
        Tuned("dpmpp_2m", 2, 1.0, "cfg", (1.0, 0.3, 0.0), 0.1, 0.2),
    ]
    tuned.write(read(folder), old)
    errors = iter([1.0, 0.5, 0.5, 1.0])  # of the path that was found, of the usual one; twice
    monkeypatch.setattr("unstir.tasks.tune._error", lambda *_: next(errors))
    *_, report = tune(str(folder), steps=(3, 3), walks=1, threads=1)
    assert report.kept == ()
    assert tuned.read(read(folder)) == old[1:]
    (folder / tuned.FILE).write_text("{")
    *_, report = tune(str(folder), steps=(3, 3), walks=1, threads=1)
    assert tuned.read(read(folder)) == list(report.kept) != []


def test_tuning_a_model(copied: Path) -> None:
    """A few walks: paths fall, and only those that are better are kept, beside the model."""
    *events, report = tune(str(copied), steps=(4, 5), walks=2, threads=1)
    assert events[-1].done == events[-1].total
    assert [row.steps for row in report.rows] == [4, 5]
    assert all(row.error < row.plain for row in report.kept)
    assert [t.steps for t in tuned.read(read(copied))] == [row.steps for row in report.kept]
    read(copied).verify()
    for asked in ({"steps": (5, 4)}, {"steps": (1, 4)}, {"walks": 0}):
        with pytest.raises(BadRequest):
            list(tune(str(copied), **asked))


def test_samplers_that_draw_are_refused(home: Path) -> None:
    for name in ("ddpm", "euler_ancestral", "lcm", "dpmpp_sde"):
        with pytest.raises(BadRequest, match="draws fresh noise"):
            tune("tiny", sampler=name)


def test_a_guidance_that_belongs_to_its_path_is_refused(home: Path) -> None:
    with pytest.raises(BadRequest, match="guidance is cfgpp"):
        tune("tiny", sampler="ddim", guidance="cfgpp")


def plain(folder: Path, seed: int) -> Path:
    """A model without a condition, of random weights."""
    torch = pytest.importorskip("torch")
    from unstir.networks.build import build
    from unstir.runtimes.export import write

    torch.manual_seed(seed)
    sizes = {"channels": 3, "widths": [16, 32], "blocks": 1, "attention": [], "embedding": 16}
    net = build("unet", sizes)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    said = {
        "kind": "image", "name": "plain", "title": "Random weights",
        "network": {"name": "unet", "sizes": sizes}, "codec": None, "condition": None,
        "schedule": {"name": "flow", "shift": 1.0}, "parametrization": "flow",
        "shape": [3, 8, 8], "size": [8, 8],
        "defaults": {"sampler": "dpmpp_2m", "steps": 4, "scale": 1.0, "spacing": "uniform"},
        "licences": {}, "aliases": {}, "training": {},
    }  # fmt: skip
    write(folder, said, net, None)
    return folder


def test_a_model_that_is_told_nothing(tmp_path: Path) -> None:
    """Without a condition, prompts are refused, and paths are searched all the same."""
    plain(tmp_path / "plain", 0)
    *_, report = tune(str(tmp_path / "plain"), steps=(3, 4), walks=2, threads=1)
    assert [row.steps for row in report.rows] == [3, 4]
    (tmp_path / "said.txt").write_text("a cat\n")
    with pytest.raises(BadRequest, match="takes no prompts"):
        tune(str(tmp_path / "plain"), prompts=tmp_path / "said.txt")
