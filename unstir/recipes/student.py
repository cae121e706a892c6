"""A student of a model, who draws what it draws in one, two or four steps; the model itself stays.

    unstir distill emoji --out runs/student
    unstir generate "a cat" --steps 2 -o cat.png      # once it is part of the model

The teacher's ways from noise to data are drawn once, guided as the model usually is, and kept at
the times that the student stops at. The student has the teacher's network and weights and is told
besides where it is to go (networks/unet.py); it learns to get there in one step
(objectives/trajectory.py; `LEARNS` has two other signals). So guidance is part of it and costs
nothing any more. Then what it draws is made to be distributed as what the teacher draws
(objectives/distribution.py). The run's folder is the model's with the student in it. Figures:
docs/speed.md.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch as st
from torch import nn

from unstir.codecs.seen import nothing
from unstir.conditions.cache import Cache, encode_all
from unstir.conditions.text import Text
from unstir.conditions.tokens import Tokens
from unstir.core.find import find
from unstir.core.guidance.cfg import cfg
from unstir.core.noise import gaussian, seeds
from unstir.core.paths import path
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.consistency import Consistency
from unstir.objectives.distribution import DistributionMatching, Shadowed
from unstir.objectives.flow_map import FlowMap
from unstir.objectives.trajectory import TrajectoryMatching
from unstir.recipes.cache import new_array, save, stored
from unstir.recipes.pipeline import by_one
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.runtimes.consistency import straight
from unstir.runtimes.export import add_student
from unstir.runtimes.manifest import sha256_of
from unstir.runtimes.model import Model, load
from unstir.training import distributed
from unstir.training.loop import Objective, train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

FIRST_SEED = 2**42
MOST_WAYS = 2**27
"""Of the noise that the teacher's ways begin from, and how far the seeds of two runs are apart."""
CHUNK = 16
TRAINER = Settings(steps=800, batch=64, lr=5e-4, muon_lr=0.01, warmup=50, cooldown=0.6, ema=(0.1,))
REFINER = Settings(
    steps=450, batch=64, optimizer="adamw", lr=5e-5, betas=(0.0, 0.99), weight_decay=0.0,
    warmup=20, cooldown=0.7, ema=(0.1,),
)  # fmt: skip
LEARNS: dict[str, Objective] = {
    "trajectory": TrajectoryMatching(leaps=True),
    "flow_map": FlowMap(),
    "consistency": Consistency(),
}
"""Training signals. The first is given steps of the ways, the others whole ways."""
ANY = tuple(range(1, 9))
"""Numbers of steps that a student draws in who learned to go from every time to every other."""


@dataclass(frozen=True)
class Lesson:
    """What a student learns.

    Args:
        steps: the numbers of steps it draws in, and any up to 8 if it learns for all times.
        ways: how many of the teacher's it sees.
        walk: the teacher's steps for each, by dpmpp_2m, a multiple of all of `steps`.
        objective: by what signal, one of `LEARNS`.
        further: whether it begins as the student that the model has already.
        trainer: settings of the training, or None; its seed also chooses the ways.
        refiner: settings of the training after that, by distributions; or None.
    """

    steps: tuple[int, ...] = (1, 2, 4)
    ways: int = 4_500
    walk: int = 12
    objective: str = "trajectory"
    further: bool = False
    trainer: Settings | None = TRAINER
    refiner: Settings | None = REFINER

    @property
    def settings(self) -> Settings:
        """Those of the first training that there is."""
        found = self.trainer or self.refiner
        if found is None:
            raise ValueError("a lesson without any training; give a trainer or a refiner")
        return found

    @property
    def drawn(self) -> tuple[int, ...]:
        """The numbers of steps that it will draw in."""
        return ANY if self.objective == "flow_map" and self.trainer else self.steps

    @property
    def stops(self) -> int:
        """Parts that the student's steps divide a way into."""
        return math.lcm(*self.steps)


def run(lesson: Lesson, prompts: Sequence[str], out: Path, base: Path) -> Events:
    """Teach a student of the model in `base` into `out`; the same call goes on after any stop."""
    settings, cache = lesson.settings, out / "cache"
    group, model = distributed.group(settings.device), load(base, threads=settings.threads)
    _check(model, lesson)
    yield from by_one(group, _begun(model, lesson, prompts, out))
    yield from by_one(group, _encoded(model, prompts, cache))
    told = Told(model, prompts, cache)
    yield from by_one(group, _ways(model, lesson, told, cache / "ways.npy"))
    net, part = pupil(model, lesson.further), "student" if lesson.further else "denoiser"
    channels_last(net)
    ways, origin = stored(cache / "ways.npy"), sha256_of(base / f"{part}.safetensors")
    if lesson.trainer is not None:
        numbers = lesson.steps if lesson.objective == "trajectory" else (1,)
        data, learns = Ways(model, numbers, told, ways), LEARNS[lesson.objective]
        part = lesson.objective
        place = out / part
        yield from by_one(group, _anew(place, origin))
        origin = yield from _learned(net, learns, data, lesson.trainer, place)
    if lesson.refiner is not None:
        teacher = _teacher(model).to(lesson.refiner.device).requires_grad_(False).eval()
        match: Any = DistributionMatching(teacher, model.manifest.defaults.get("scale", 1.0))
        both = Shadowed(net, _teacher(model))
        data, place = Ways(model, lesson.steps, told, ways), out / f"refined-{part}"
        yield from by_one(group, _anew(place, origin))
        yield from _learned(both, match, data, lesson.refiner, place)
    if group.first:
        said = {"steps": list(lesson.drawn), "scale": model.manifest.defaults.get("scale", 1.0)}
        add_student(base, out, net, said, _training(model, lesson))
    yield Progress("done", 1, 1)


def _begun(model: Model, lesson: Lesson, prompts: Sequence[str], out: Path) -> Events:
    """Mark the folder with all that ways depend on; ValueError where it is of others, or holds a
    model that no lesson made."""
    cache, mark = out / "cache", out / "cache" / "lesson.json"
    said = {
        "model": sha256_of(model.folder / "model.json"),
        "prompts": hashlib.sha256(json.dumps(list(prompts)).encode()).hexdigest(),
        "ways": lesson.ways, "walk": lesson.walk, "stops": lesson.stops,
        "seed": lesson.settings.seed,
    }  # fmt: skip
    if mark.exists():
        before = stored(mark)
        if others := [name for name, value in said.items() if before.get(name) != value]:
            raise ValueError(
                f"the run in {out} was begun with another value of {' and '.join(others)}; give "
                "the old ones, or another --out"
            )
    elif (out / "model.json").exists() or (cache.is_dir() and any(cache.iterdir())):
        raise ValueError(f"{out} holds another model or run; give another --out")
    cache.mkdir(parents=True, exist_ok=True)
    save(mark, said)
    captions = model.folder / "cache" / "conditions.json"
    if captions.is_file():  # which a student of this one will be asked
        shutil.copyfile(captions, cache / captions.name)
    yield Progress("lesson", 1, 1)


def _anew(run: Path, origin: str) -> Events:
    """A folder for a training that begins from the weights of that hash; what another began from
    others is removed."""
    mark = run / "origin.sha256"
    if run.exists() and (mark.read_text() if mark.exists() else "") != origin:
        shutil.rmtree(run)
        yield Progress(run.name, 0, 1, f"{run} began from other weights: it begins anew")
    run.mkdir(exist_ok=True)
    mark.write_text(origin)


def _learned(
    net: nn.Module, objective: Objective, data: Ways, settings: Settings, out: Path
) -> Generator[Progress, None, str]:
    """Train, and give `net` its averaged weights; returns their hash."""
    for event in train(net, objective, data, settings, out):
        yield Progress(out.name, event.step, event.steps, event)
    weights = export_ema(out, settings.ema[-1])
    net.load_state_dict(weights)
    return hashlib.sha256(st.save({k: v.contiguous() for k, v in weights.items()})).hexdigest()


def _training(model: Model, lesson: Lesson) -> dict[str, Any]:
    """What model.json says of it."""
    before = (model.manifest.student or {}).get("training") if lesson.further else None
    said: dict[str, Any] = {"ways": lesson.ways, "before": before}
    if lesson.trainer is not None:
        said |= {"objective": lesson.objective, "settings": lesson.trainer.to_json()}
        said |= {"ema": lesson.trainer.ema[-1]}
    if lesson.refiner is not None:
        said |= {"refined": lesson.refiner.to_json()}
    return said


def _check(model: Model, lesson: Lesson) -> None:
    said = model.manifest
    if said.parametrization != "flow" or not straight(said.schedule):
        raise ValueError(f"{said.name} is no flow without shift; only those can be distilled yet")
    if said.network is None or said.network["name"] != "unet":
        raise ValueError(f"{said.name} is no U-Net; only those can be distilled yet")
    if lesson.further and not said.student:
        raise ValueError(f"{said.name} has no student yet that could be taught further")
    if lesson.walk % lesson.stops:
        raise ValueError(f"a walk of {lesson.walk} steps does not stop where {lesson.steps} do")


def pupil(model: Model, further: bool = False) -> nn.Module:
    """The teacher's network, also told where to go, with the weights of the teacher or of its
    student."""
    said = model.manifest.network or {}
    net = build(said["name"], said["sizes"] | {"leaps": True})
    part = "student" if further else "denoiser"
    return warm(net, {part: model.folder}, part)


def _teacher(model: Model) -> nn.Module:
    """The model's own network, with its weights."""
    said = model.manifest.network or {}
    net = warm(build(said["name"], said["sizes"]), {"denoiser": model.folder}, "denoiser")
    channels_last(net)
    return net


def _encoded(model: Model, prompts: Sequence[str], cache: Path) -> Events:
    """Token states of every different prompt, once."""
    if isinstance(model.condition, Text):
        for done, total in encode_all(model.condition, prompts, cache / "text"):
            yield Progress("prompts", done, total)


def _ways(model: Model, lesson: Lesson, told: Told, file: Path) -> Events:
    """The teacher's ways at the student's stops, (N, stops + 1, C, h, w) float16; those that are
    drawn are kept if it stops."""
    if file.exists():
        return
    shape, pieces = (lesson.stops + 1, *model.manifest.shape), file.with_suffix("")
    pieces.mkdir(exist_ok=True)
    places = {first: pieces / f"{first}.npy" for first in range(0, lesson.ways, CHUNK)}
    for first, place in places.items():
        rows = np.arange(first, min(first + CHUNK, lesson.ways))
        if not place.exists():
            seed = FIRST_SEED + lesson.settings.seed * MOST_WAYS + first
            with new_array(place, (len(rows), *shape), np.float16) as piece:
                piece[:] = way(model, lesson, told(rows), seed, len(rows))
        yield Progress("ways", first, lesson.ways)
    with new_array(file, (lesson.ways, *shape), np.float16) as ways:
        for first, place in places.items():
            ways[first : first + CHUNK] = stored(place)
    shutil.rmtree(pieces)


def way(model: Model, lesson: Lesson, told: Tokens | None, seed: int, count: int) -> np.ndarray:
    """Ways from the noises of so many seeds, guided as the model usually is: (B, stops + 1, C, h,
    w)."""
    noise = gaussian(seeds(seed, count), model.manifest.shape)
    denoise, levels = model.denoise(told), path(model.schedule, lesson.walk)
    if told is not None and model.condition is not None:
        both = model.both(told, model.condition.null(1))
        denoise = cfg(both, model.manifest.defaults.get("scale", 1.0))
    begin = levels[0].sigma * noise(-1)
    steps = find("samplers", "dpmpp_2m")(denoise, begin, levels, noise=noise)
    points = [begin, *(step.x for step in steps)]
    return np.stack(points[:: lesson.walk // lesson.stops], 1)


class Told:
    """What ways show, by their numbers: each prompt, or each class, in turn."""

    def __init__(self, model: Model, prompts: Sequence[str], cache: Path) -> None:
        self.condition, self.prompts = model.condition, prompts
        self.states = Cache(cache / "text") if isinstance(model.condition, Text) else None

    def __call__(self, ways: np.ndarray) -> Tokens | None:
        if self.condition is None:
            return None
        asked = [self.prompts[int(i) % len(self.prompts)] for i in ways]
        if self.states is not None:
            return self.states.at(self.states.rows(asked))
        return self.condition.encode(asked)


class Ways:
    """Steps of the ways: of each, those of every number of steps, each number as often."""

    def __init__(
        self, model: Model, numbers: Sequence[int], told: Told, points: np.ndarray
    ) -> None:
        self.model, self.told, self.points = model, told, points
        self.stops = stops = points.shape[1] - 1
        each = math.lcm(*numbers)
        self.pairs = np.array([
            (k * stops // n, (k + 1) * stops // n)
            for n in numbers for k in range(n) for _ in range(each // n)
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.points) * len(self.pairs)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        ways, pairs = indices // len(self.pairs), self.pairs[indices % len(self.pairs)]
        found = {
            "noise": self.points[ways, 0].astype(np.float32),
            "begin": self.points[ways, pairs[:, 0]].astype(np.float32),
            "x": self.points[ways, pairs[:, 1]].astype(np.float32),
            "times": (1 - pairs / self.stops).astype(np.float32),
        }
        told = self.told(ways)
        if told is not None:
            longest = max(1, int(told.mask.sum(1).max()))
            found |= {"tokens": told.states[:, :longest], "token_mask": told.mask[:, :longest]}
        if self.model.manifest.repaints:
            empty = nothing(self.model.manifest.shape)
            found["extra"] = np.repeat(empty, len(indices), 0)
        return found
