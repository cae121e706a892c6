"""Diffusion beside a GAN and a VAE, trained on the same data with the same work, and measured.

    *_, report = compare("digits", out=Path("runs/compare"))
    print(report.markdown())

Every contestant is trained with several seeds, and with its learning rates too low and too high;
each leaves its results in a folder of its own, so that the same call goes on after any stop. What
is compared, and how: docs/comparison.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unstir.core.find import find
from unstir.datasets import mixture
from unstir.evaluation import Sets
from unstir.modalities.files import replacing
from unstir.modalities.images import from_model, write
from unstir.tasks.progress import Progress
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.standings import Report

if TYPE_CHECKING:
    from unstir.recipes.worlds import World

FAMILIES = ("diffusion", "gan", "vae")
FULL, FEW = 50, 10
"""Evaluations of the network with which the diffusion model draws."""
METRICS = ("frechet", "kernel", "precision_recall", "density_coverage", "copies")
FIRST_SEED = 10**6
"""Of what is drawn to be measured."""
CURVE, CURVE_SAMPLES = 6, 500
"""Points of the curve over training, and the samples they are measured on."""
SHOWN = 40
SCHEMA = 1


def compare(
    what: str,
    *,
    out: Path,
    seeds: int = 3,
    rates: float = 4.0,
    n: int = 2000,
    work: float | None = None,
    threads: int | None = None,
) -> Iterator[Progress | Report]:
    """Compare diffusion with a GAN and a VAE on the same data.

    Args:
        what: digits, mixture, emoji, or a folder of pictures, best with a class in each
            subfolder.
        out: Folder of all runs and of the report. The same command goes on after a stop.
        seeds: How often each is trained as usual.
        rates: Each is also trained with its learning rates this many times lower and
            higher; 1 leaves that out.
        n: Samples that each is measured on.
        work: What each may train, in 10^12 floating-point operations; without it what
            suits the data.
        threads: Threads to compute with.
    """
    if find_spec("torch") is None:
        raise ImportError("training needs torch: pip install 'unstir[train]'")
    whole("seeds", seeds, 1, 1000)
    whole("n", n, 100, 100_000)
    number("rates", rates, 1, 1000)
    if work is not None:
        number("work", work, 1e-3, 1e9)
    if threads is not None:
        whole("threads", threads, 1, 1024)
    return _compared(what, out, seeds, rates, n, work, threads)


def _compared(
    what: str, out: Path, seeds: int, rates: float, n: int, work: float | None,
    threads: int | None,
) -> Iterator[Progress | Report]:  # fmt: skip
    from unstir.recipes.worlds import open_world

    world = open_world(what)
    if work is not None:
        world = replace(world, budget=work * 1e12)
    _same(out, world, n)
    jobs = [(family, seed, 1.0) for seed in range(seeds) for family in FAMILIES]
    if rates > 1:
        jobs += [(family, 0, rate) for rate in (1 / rates, rates) for family in FAMILIES]
    rows = []
    for number_of, (family, seed, rate) in enumerate(jobs):
        place = out / f"{family}-{seed}-{rate:g}"
        title = f"{family}, seed {seed}" + ("" if rate == 1 else f", rates x {rate:g}")
        yield Progress(number_of, len(jobs), title)
        for done in _contested(world, family, place, seed, rate, n, threads):
            yield Progress(number_of, len(jobs), f"{title}: {done}")
        rows.append(json.loads((place / "result.json").read_text(encoding="utf-8")))
    yield Progress(len(jobs), len(jobs), "the floor")
    report = Report(world.name, world.space, world.budget, n, tuple(rows), _floor(world, n))
    _sheet(world, out)
    _save(out / "report.json", report.to_json())
    with replacing(out / "report.md") as temporary:
        temporary.write_text(report.markdown(), encoding="utf-8")
    yield report


def _same(out: Path, world: World, n: int) -> None:
    """A study goes on with what it was begun with."""
    said = {"schema": SCHEMA, "data": world.fingerprint, "budget": world.budget, "n": n}
    file = out / "study.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) != said:
        raise BadRequest(
            f"the comparison in {out} was begun with other data, work or numbers of samples; give "
            "another --out, or delete that folder"
        )
    if out.exists() and not file.exists() and any(out.iterdir()):
        raise BadRequest(f"{out} holds other files; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    _save(file, said)


def _contested(
    world: World, family: str, place: Path, seed: int, rate: float, n: int, threads: int | None
) -> Iterator[str]:
    """Train one and measure it, unless that is done."""
    from unstir.recipes import rivals
    from unstir.training.sentinel import NotFinite

    if (place / "result.json").exists():
        return
    player = rivals.PLAYERS[family](world)
    row: dict[str, Any] = {"family": family, "seed": seed, "rate": rate, "diverged": False}
    row |= {"parameters": rivals.parameters(player.draws), "all": rivals.parameters(player.net)}
    cost = rivals.work(player, world)
    row |= {"training_flop": cost.sample, "steps": cost.steps, "batch": player.settings.batch}
    begin, spent = time.process_time(), _spent(place)
    try:
        preview = _watched(world, family)
        for event in rivals.contest(
            world, family, place, seed, rate, threads, preview=preview, previews=CURVE
        ):
            if event.kind == "step" and event.step % 50 == 0:
                yield f"step {event.step} of {event.steps}"
    except NotFinite:
        row["diverged"] = True
    finally:
        if place.is_dir():
            _save(place / "spent.json", {"cpu": spent + time.process_time() - begin})
    row |= {"cpu_seconds": _spent(place), **_diary(place)}
    if not row["diverged"]:
        yield "measuring"
        row["ways"] = _measured(world, family, place, n)
    _save(place / "result.json", row)


def _spent(place: Path) -> float:
    """CPU-seconds of training until now; those of a run that was killed are lost."""
    file = place / "spent.json"
    return json.loads(file.read_text(encoding="utf-8"))["cpu"] if file.exists() else 0.0


def _watched(world: World, family: str) -> Any:
    """What the trainer calls from time to time: a figure for the curve, into the run's log."""
    from unstir.recipes import rivals

    @dataclass(frozen=True)
    class Seen:
        figures: dict[str, float]

    def look(net: Any, step: int) -> Seen:
        x, _ = rivals.sample(net, world, family, CURVE_SAMPLES, FIRST_SEED, FEW)
        sets = Sets(world.features(x), world.features(world.real))
        return Seen({"kernel": find("evaluation", "kernel")(sets)[0].value})

    return look


def _diary(place: Path) -> dict[str, Any]:
    """The curve, and how often the gradient leapt, by the run's log."""
    file = place / "log.jsonl"
    text = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    lines = [json.loads(line) for line in text]
    curve = [(line["step"], line["figures"]["kernel"]) for line in lines if "figures" in line]
    norms = np.array([line["grad_norm"] or np.nan for line in lines if "grad_norm" in line], float)
    norms = norms[len(norms) // 10 :]
    usual = np.nanmedian(norms) if len(norms) else np.nan
    return {"curve": curve, "spikes": float((norms > 5 * usual).mean()) if len(norms) else 0.0}


def _measured(world: World, family: str, place: Path, n: int) -> dict[str, Any]:
    """All figures, by the way of drawing."""
    from unstir.recipes import rivals

    net = rivals.loaded(world, family, place)
    found = {}
    for evaluations in (FULL, FEW) if family == "diffusion" else (1,):
        x, labels = rivals.sample(net, world, family, n, FIRST_SEED, evaluations)
        scores = _scores(world, x)
        if labels is not None and world.real_labels is not None:
            scores["as_told"] = _as_told(world, x, labels)
        if world.name == "mixture":
            scores["modes"], scores["on_a_mode"] = mixture.modes(x)
        speed = {str(b): _speed(net, world, family, b, evaluations) for b in (1, 64)}
        found[str(evaluations)] = {"scores": scores, "ms": speed}
        np.save(place / f"samples-{evaluations}.npy", x[:SHOWN])
    return found


def _scores(world: World, x: np.ndarray) -> dict[str, float]:
    sets = Sets(world.features(x), world.features(world.real), world.features(world.train[:5000]))
    found = [score for name in METRICS for score in find("evaluation", name)(sets)]
    return {score.name: score.value for score in found}


def _as_told(world: World, x: np.ndarray, labels: np.ndarray) -> float:
    """Share of the samples whose nearest held-out neighbor has the label that was asked for."""
    made, real, known = world.features(x), world.features(world.real), world.real_labels
    assert known is not None
    right = 0
    for i in range(0, len(made), 256):
        part = made[i : i + 256]
        far = (real**2).sum(1) - 2 * part @ real.T
        right += int((known[far.argmin(1)] == labels[i : i + 256]).sum())
    return right / len(made)


def _speed(net: Any, world: World, family: str, batch: int, evaluations: int) -> float:
    """CPU-milliseconds for each sample, the least of five."""
    from unstir.recipes import rivals

    taken = []
    for _ in range(6):
        begin = time.process_time()
        rivals.sample(net, world, family, batch, FIRST_SEED, evaluations)
        taken.append(1000 * (time.process_time() - begin) / batch)
    return min(taken[1:])


def _floor(world: World, n: int) -> dict[str, float]:
    """What real samples score: those learned from against those held out."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(world.train))[: min(n, len(world.train))]
    sets = Sets(world.features(world.train[rows]), world.features(world.real))
    names = [name for name in METRICS if name != "copies"]
    found = [score for name in names for score in find("evaluation", name)(sets)]
    return {score.name: score.value for score in found}


def _sheet(world: World, out: Path) -> None:
    """Samples of each family, of seed 0, a row each, below real ones: samples.png."""
    if not world.widths:
        return
    rows = [world.real[:SHOWN]]
    for family, way in (("diffusion", FULL), ("diffusion", FEW), ("gan", 1), ("vae", 1)):
        file = out / f"{family}-0-1" / f"samples-{way}.npy"
        if file.exists():
            rows.append(np.load(file))
    pixels = [
        from_model(np.clip(np.broadcast_to(r, (len(r), 3, *r.shape[2:])), -1, 1)) for r in rows
    ]
    count = min(map(len, pixels))
    gap = np.full((2, count * pixels[0].shape[2], 3), 255, np.uint8)
    strips = [part for p in pixels for part in (np.concatenate(list(p[:count]), 1), gap)]
    write(out / "samples.png", np.concatenate(strips[:-1]))


def _save(file: Path, value: Any) -> None:
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
