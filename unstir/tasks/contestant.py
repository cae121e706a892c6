"""One contestant of a comparison: trained, measured, its results kept in a folder of its own.

    for text in contested(world, Contestant("gan", seed=0), out, n=2000): ...
    row = json.loads((out / "gan-0-1" / "result.json").read_text())

A folder with results is left as it is, one without is gone on with; so a study can be stopped
and run again, and its contestants may be trained at the same time by several processes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unstir.core.find import find
from unstir.datasets import mixture
from unstir.evaluation import Sets
from unstir.modalities.files import replacing

if TYPE_CHECKING:
    from unstir.recipes.worlds import World

FULL, FEW = 50, 10
"""Evaluations of the network with which the diffusion model draws."""
WAYS = {"diffusion": (FULL, FEW), "student": (1,), "gan": (1,), "vae": (1,)}
"""Evaluations with which each family draws."""
METRICS = ("frechet", "kernel", "precision_recall", "density_coverage", "copies")
FIRST_SEED = 10**6
"""Of what is drawn to be measured."""
CURVE, CURVE_SAMPLES = 6, 500
"""Points of the curve over training, and the samples they are measured on."""
HOLES = 256
"""Held-out samples of which a half is drawn anew."""
SHOWN = 40


@dataclass(frozen=True)
class Contestant:
    """Who, with which seed, and how many times its usual learning rates."""

    family: str
    seed: int
    rate: float = 1.0

    @property
    def folder(self) -> str:
        """Its name inside the study's."""
        return f"{self.family}-{self.seed}-{self.rate:g}"

    @property
    def title(self) -> str:
        """For people."""
        more = "" if self.rate == 1 else f", rates x {self.rate:g}"
        return f"{self.family}, seed {self.seed}{more}"


def contested(
    world: World, who: Contestant, out: Path, n: int, threads: int | None = None
) -> Iterator[str]:
    """Train one and measure it, unless that is done; says what it is at."""
    from unstir.recipes import players, rivals
    from unstir.training.sentinel import NotFinite

    place = out / who.folder
    if (place / "result.json").exists():
        return
    player = players.PLAYERS[who.family](world)
    row: dict[str, Any] = {"family": who.family, "seed": who.seed, "rate": who.rate}
    row |= {"parameters": players.parameters(player.draws), "diverged": False, "steps": 0}
    row |= {"all": players.parameters(player.net), "batch": player.settings.batch}
    row["draw_flop"] = rivals.drawing(player.net.eval(), world, who.family)
    row["training_flop"] = players.work(player, world).sample
    begin, spent = time.process_time(), _spent(place)
    try:
        for event in rivals.contest(
            world, who.family, place, who.seed, who.rate, threads,
            preview=_watched(world, who.family), previews=CURVE,
        ):  # fmt: skip
            row["steps"] = event.steps
            if event.kind == "step" and event.step % 50 == 0:
                yield f"step {event.step} of {event.steps}"
    except NotFinite:
        row["diverged"] = True
    finally:
        if place.is_dir():
            spent += time.process_time() - begin
            save(place / "spent.json", {"cpu": spent})
    row |= {"cpu_seconds": spent, **_diary(place)}
    if not row["diverged"]:
        yield "measuring"
        row["ways"] = _measured(world, who.family, place, n)
    save(place / "result.json", row)


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
        x, _ = rivals.sample(net, world, family, CURVE_SAMPLES, FIRST_SEED, WAYS[family][-1])
        sets = Sets(world.features(x), world.seen["real"])
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
    for evaluations in WAYS[family]:
        x, labels = rivals.sample(net, world, family, n, FIRST_SEED, evaluations)
        figures = scores(world, x, labels)
        if family == "vae":
            figures["rebuilt"] = _decibels(rivals.rebuilt(net, world), world.real)
        if family == "diffusion" and world.widths:
            figures |= _filled(net, world, evaluations)
        speed = {str(b): _speed(net, world, family, b, evaluations) for b in (1, 64)}
        found[str(evaluations)] = {"scores": figures, "ms": speed}
        np.save(place / f"samples-{evaluations}.npy", x[:SHOWN])
    return found


def scores(world: World, x: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """The figures of samples."""
    made = world.features(x)
    sets = Sets(made, world.seen["real"], world.seen["train"])
    found = {s.name: s.value for name in METRICS for s in find("evaluation", name)(sets)}
    if labels is not None and world.real_labels is not None:
        found["as_told"] = _as_told(made, world.seen["real"], world.real_labels, labels)
    if world.widths:
        steep = [_steepness(world.pictures(each)) for each in (x, world.real)]
        found["edges"] = steep[0] / steep[1]
    if world.name == "mixture":
        found["modes"], found["on_a_mode"] = mixture.modes(x)
    return found


def _steepness(pictures: np.ndarray) -> float:
    """The mean step from a pixel to its neighbors: blur lessens it, grain adds to it."""
    return float(sum(np.abs(np.diff(pictures, axis=axis)).mean() for axis in (2, 3)))


def _as_told(made: np.ndarray, real: np.ndarray, known: np.ndarray, labels: np.ndarray) -> float:
    """Share of the samples whose nearest held-out neighbor has the label that was asked for."""
    right = 0
    for i in range(0, len(made), 256):
        far = (real**2).sum(1) - 2 * made[i : i + 256] @ real.T
        right += int((known[far.argmin(1)] == labels[i : i + 256]).sum())
    return right / len(made)


def _decibels(x: np.ndarray, true: np.ndarray) -> float:
    """Peak signal-to-noise ratio of data in [-1, 1]."""
    return float(10 * np.log10(4 / np.square(x - true).mean()))


def _filled(net: Any, world: World, evaluations: int) -> dict[str, float]:
    """The lower half of held-out samples drawn anew below the upper, which is kept."""
    from unstir.recipes import rivals

    real = world.real[:HOLES]
    labels = None if world.real_labels is None else world.real_labels[:HOLES]
    mask = np.zeros((1, 1, *real.shape[2:]), np.float32)
    mask[..., real.shape[2] // 2 :, :] = 1
    x = rivals.fill(net, world, real, mask, labels, FIRST_SEED, evaluations)
    hole = np.broadcast_to(mask > 0, x.shape)
    return {
        "kept": float(np.abs(x - real)[~hole].max()),
        "filled": _decibels(x[hole], real[hole]),
    }


def _speed(net: Any, world: World, family: str, batch: int, evaluations: int) -> float:
    """CPU-milliseconds for each sample, the least of five."""
    from unstir.recipes import rivals

    taken = []
    for _ in range(6):
        begin = time.process_time()
        rivals.sample(net, world, family, batch, FIRST_SEED, evaluations)
        taken.append(1000 * (time.process_time() - begin) / batch)
    return min(taken[1:])


def save(file: Path, value: Any) -> None:
    """As JSON, whole or not at all."""
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
