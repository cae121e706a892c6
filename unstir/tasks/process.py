"""How a request walks from noise to data: sampler, path and guidance, resolved against what a
model prefers.

    process = resolve(model, steps=20, sampler="euler_a")
    denoise = process.denoiser(model, pos, neg)
    for step in process.sampler(denoise, x, process.path, noise=noise): ...

What a model prefers stands in its model.json ("defaults").
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core import paths
from unstir.core.find import find, named
from unstir.core.guidance import ONLY_WITH, check
from unstir.core.guidance.apg import apg
from unstir.core.guidance.cfg import cfg
from unstir.core.guidance.cfgpp import cfgpp
from unstir.core.guidance.interval import interval as within
from unstir.core.guidance.rescale import rescale
from unstir.core.levels import Both, Denoise, Level, Step
from unstir.core.noise import gaussian
from unstir.core.parametrizations import highest
from unstir.runtimes import tuned
from unstir.runtimes.manifest import BadModel
from unstir.runtimes.model import Model
from unstir.runtimes.tuned import Tuned
from unstir.tasks import names
from unstir.tasks.request import BadRequest, number, whole, words

GUIDANCES: dict[str, Callable[[Both[Any], float, list[Level]], Denoise[Any]]] = {
    "cfg": lambda both, scale, _: cfg(both, scale),
    "rescale": lambda both, scale, _: rescale(both, scale),
    "apg": lambda both, scale, _: apg(both, scale),
    "cfgpp": lambda both, scale, path: cfgpp(both, scale, path),
}
MOST_STEPS = 1000
TUNED = "tuned"
"""The spacing of a path that was searched for the model (`unstir tune`)."""
STUDENT = "student"
"""What stands for a sampler where a model's student draws, in few steps (`unstir distill`)."""


@dataclass(frozen=True)
class Process:
    """Everything about the walk that is not the picture's subject."""

    sampler: Callable[..., Iterator[Step[np.ndarray]]]
    path: list[Level]
    name: str
    steps: int
    spacing: str
    scale: float
    guidance: str
    interval: tuple[float, float] | None

    def denoiser(
        self, model: Model, pos: Tokens | None, neg: Tokens | None
    ) -> Denoise[np.ndarray]:
        """The model's denoiser for a condition, guided away from `neg`; made anew for each run."""
        if self.name == STUDENT:
            return model.leap(pos, self.path)
        plain = model.denoise(pos)
        if pos is None or neg is None or not self.guided(pos, neg):
            return plain
        both = GUIDANCES[self.guidance](model.both(pos, neg), self.scale, self.path)
        return within(both, plain, *self.interval) if self.interval else both

    def walk(
        self, denoise: Denoise[np.ndarray], seeds: Sequence[int], shape: Sequence[int]
    ) -> Iterator[Step[np.ndarray]]:
        """From the pure noise of these seeds, which is yielded first, down the path."""
        noise, top = gaussian(seeds, shape), self.path[0]
        x = top.sigma * noise(-1)
        yield Step(x, x, top)
        yield from self.sampler(denoise, x, self.path, noise=noise)

    def guided(self, pos: Tokens | None, neg: Tokens | None) -> bool:
        """Whether guidance does anything: there are two branches, and they are weighed."""
        if pos is None or neg is None or not (pos.mask.any() or neg.mask.any()):
            return False
        if self.name == STUDENT:
            return False
        return self.scale != 1 or self.guidance == "cfgpp"

    def evaluations(self, guided: bool) -> int:
        """Runs of the network for one picture; where it is guided each counts two."""
        calls: list[int] = []

        def counting(branches: int) -> Denoise[float]:
            def denoise(x: float, level: Level) -> float:
                calls.append(branches)
                return 0.0

            return denoise

        denoise = counting(2 if guided else 1)
        if guided and self.interval:
            denoise = within(denoise, counting(1), *self.interval)
        for _ in self.sampler(denoise, 0.0, self.path, noise=lambda step, draw=0: 0.0):
            pass
        return sum(calls)


def resolve(
    model: Model,
    *,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    scale: float | None = None,
    guidance: str = "cfg",
    interval: tuple[float, float] | None = None,
    taught: bool = False,
) -> Process:
    """Numbers and names as asked, the model's own where nothing was; BadRequest or NotFound where
    none fits. `taught`: this can be drawn by the model's student, who does so where only its
    number of steps is asked for."""
    prefers, student = model.manifest.defaults, model.manifest.student or {}
    if steps is not None:
        steps = whole("steps", steps, 1, MOST_STEPS)
    plain = sampler is None and not unlike(student, spacing, scale, interval, guidance)
    if sampler == STUDENT or (taught and plain and steps in student.get("steps", ())):
        return _student(model, steps, (spacing, scale, interval, guidance), taught)
    if sampler is not None:
        words("sampler", sampler)
    name, brought = names.sampler(sampler or model.manifest.current(prefers["sampler"]))
    steps = whole("steps", prefers["steps"] if steps is None else steps, 1, MOST_STEPS)
    if spacing not in (None, TUNED):
        named(paths.TABLE, spacing, "spacings")
    named(GUIDANCES, guidance, "guidance")
    scale = _scale(scale, guidance, prefers.get("scale", 1.0))
    walk = find("samplers", name)
    _check_guidance(guidance, name)
    cost = sys.modules[walk.__module__].COST
    try:
        count = cost.steps_for(steps)
        found = spacing or brought or interval
        searched = spacing == TUNED or not found
        better = tuned.find(model.manifest, name, count, scale, guidance) if searched else None
        spacing = TUNED if better else spacing or brought or _preferred(model)
        levels = _levels(model, count, spacing, better)
    except BadModel:
        raise
    except ValueError as error:
        raise BadRequest(f"{name}, {steps} steps, {spacing}, {guidance}: {error}") from error
    return Process(walk, levels, name, steps, spacing, scale, guidance, _interval(interval))


def unlike(
    student: Mapping[str, Any], spacing: str | None, scale: float | None,
    interval: tuple[float, float] | None, guidance: str,
) -> list[str]:  # fmt: skip
    """What of this a student did not learn: even steps, at one scale."""
    learned = {
        "spacing": spacing in (None, "uniform"),
        "scale": scale in (None, student.get("scale")),
        "interval": interval is None,
        "guidance": guidance == "cfg",
    }
    return [name for name, like in learned.items() if not like]


def _student(model: Model, steps: int | None, asked: tuple[Any, ...], taught: bool) -> Process:
    """The walk of the model's student: even steps, as it learned them."""
    name, said = model.manifest.name, model.manifest.student
    if said is None:
        raise BadRequest(f"{name} has no student; `unstir distill {name}` makes one")
    if not taught:
        raise BadRequest(
            "a student draws pictures from a prompt alone, with no negative and no picture; give "
            "another sampler"
        )
    steps = max(said["steps"]) if steps is None else steps
    if steps not in said["steps"]:
        known = ", ".join(map(str, said["steps"]))
        raise BadRequest(f"steps is {steps!r}; the student of {name} takes {known}")
    if wrong := unlike(said, *asked):
        raise BadRequest(
            f"the student of {name} learned even steps at scale {said['scale']:g} and cannot be "
            f"guided; leave {' and '.join(wrong)} out, or give another sampler"
        )
    levels = paths.path(model.schedule, steps)
    walk = find("samplers", "ddim")
    return Process(walk, levels, STUDENT, steps, "uniform", said["scale"], "cfg", None)


def _check_guidance(guidance: str, sampler: str) -> None:
    try:
        check([guidance], sampler)
    except ValueError as error:
        raise BadRequest(f"{error}; give --sampler {ONLY_WITH[guidance][0]}") from None


def _levels(model: Model, count: int, spacing: str, better: Tuned | None) -> list[Level]:
    if better is not None:
        return paths.at(model.schedule, better.times)
    if spacing == TUNED:
        raise ValueError(f"no path was tuned for that; `unstir tune {model.manifest.name}` does")
    return usual(model, count, spacing)


def usual(model: Model, count: int, spacing: str | None = None) -> list[Level]:
    """A path of `count` steps that was not searched for; without a spacing with the model's."""
    start = highest(model.manifest.parametrization, model.schedule)
    return paths.path(model.schedule, count, paths.TABLE[spacing or _preferred(model)], start)


def _preferred(model: Model) -> str:
    return model.manifest.current(model.manifest.defaults.get("spacing", "uniform"))


def _scale(scale: float | None, guidance: str, preferred: float) -> float:
    most, default = (1.0, 0.6) if guidance == "cfgpp" else (100.0, preferred)
    return number("scale", default if scale is None else scale, 0.0, most)


def _interval(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    if interval is None:
        return None
    try:
        ends = tuple(interval)
    except TypeError:
        ends = ()
    if len(ends) != 2:
        raise BadRequest(f"interval is {interval!r}; give two times, the smaller first")
    low, high = (number("interval", value, 0.0, 1.0) for value in ends)
    if low >= high:
        raise BadRequest(f"interval is {low:g} to {high:g}; give two times, the smaller first")
    return low, high
