"""Draw pictures: noise in, `Picture`s out, everything that decides them recorded.

    run = generate("a cat wearing a hat", n=4, seed=11)
    run[0].save("cat.png")                          # drawn when first asked for
    for event in generate("a cat").events(): ...    # Note, Progress after each step, Picture

Picture i has the seed `seed + i` and is what a request for that seed alone gives: noise is a
function of (seed, step, draw) only (core/noise.py). `steps` is a budget of network evaluations for
each branch of the guidance; a sampler that needs two per step takes half as many steps.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from unstir.core.levels import Step
from unstir.core.noise import gaussian, seeds
from unstir.modalities.images import MOST_PIXELS, from_model, resize
from unstir.runtimes.model import Model, Runtime, load
from unstir.runtimes.shelf import folder
from unstir.tasks import process, subject
from unstir.tasks.picture import Picture
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import MOST_SEED, BadRequest, seed_or_drawn, whole

GROUP = 16
"""Pictures that are drawn together; more would take memory, not less time."""
MOST = 10_000
SMALLEST = 256
"""Pixels of the shorter side where no size is asked for: 64 are enlarged by Lanczos resampling."""


class Diverged(ArithmeticError):
    """The model answered with something that is not a number."""


@dataclass(frozen=True)
class Note:
    """Something a person should know about the request."""

    text: str


@dataclass(frozen=True)
class Progress:
    """After `done` of `total` steps, for the pictures `which`; the first of them is pure noise."""

    done: int
    total: int
    which: range
    step: Step[np.ndarray]
    run: Run

    def frames(self) -> list[np.ndarray]:
        """The noisy state itself, decoded: (H, W, 3) uint8 of each picture at its final size."""
        level = self.step.level
        shown = self.step.x * (1 / (level.alpha**2 + level.sigma**2) ** 0.5)
        native = from_model(self.run.model.decode(shown))
        return [resize(pixels, *self.run.recipe.pixels) for pixels in native]


Event = Note | Progress | Picture


class Run(Sequence[Picture]):
    """A request that is ready to be drawn; as a sequence it draws on first use and keeps its
    pictures."""

    def __init__(
        self, model: Model, way: process.Process, about: subject.Subject, recipe: Recipe, n: int
    ) -> None:
        self.model, self.way, self.about, self.recipe, self.n = model, way, about, recipe, n
        self._kept: list[Picture] = []

    def events(self) -> Iterator[Event]:
        """Draw, telling of every step."""
        yield from (Note(text) for text in self.about.notes)
        groups, steps = range(0, self.n, GROUP), len(self.way.path) - 1
        for number, first in enumerate(groups):
            which = range(first, min(first + GROUP, self.n))
            for taken, step in enumerate(self._steps(which)):
                yield Progress(number * steps + taken, len(groups) * steps, which, step, self)
            yield from self._pictures(step.x, which)

    def _steps(self, which: range) -> Iterator[Step[np.ndarray]]:
        """The noise itself, then what the sampler yields."""
        noise = gaussian(seeds(self.recipe.seed + which[0], len(which)), self.model.manifest.shape)
        top = self.way.path[0]
        x = top.sigma * noise(-1)
        yield Step(x, x, top)
        denoise = self.way.denoiser(self.model, self.about.pos, self.about.neg)
        for number, step in enumerate(self.way.sampler(denoise, x, self.way.path, noise=noise), 1):
            if not np.isfinite(step.x).all():
                raise Diverged(
                    f"{self.recipe.name} gave something that is not a number at step {number} "
                    f"(t = {step.level.t:.3f}); its weights are damaged, or the scale is too high"
                )
            yield step

    def _pictures(self, x: np.ndarray, which: range) -> Iterator[Picture]:
        for i, pixels in zip(which, from_model(self.model.decode(x)), strict=True):
            yield Picture(pixels, replace(self.recipe, seed=self.recipe.seed + i))

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Picture]: ...
    def __getitem__(self, index: Any) -> Any:
        if not self._kept:
            events = list(self.events())
            for note in self.about.notes:
                warnings.warn(note, stacklevel=2)
            self._kept = [event for event in events if isinstance(event, Picture)]
        return self._kept[index]


def generate(
    prompt: str | None = None,
    *,
    model: str = "emoji",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    size: int | Literal["native"] | None = None,
    spacing: str | None = None,
    guidance: str = "cfg",
    interval: tuple[float, float] | None = None,
    padded: bool = False,
    runtime: Runtime = "onnx",
    threads: int | None = None,
) -> Run:
    """Draw pictures from a prompt.

    Args:
        prompt: What to draw; a class for a model of classes, nothing for one that takes none.
        model: Name of a model (`unstir models`), or the folder of one or of a training run.
        n: How many pictures; picture i has the seed SEED + i.
        seed: The number the noise is drawn from; without it one is drawn and recorded.
        steps: Budget of network evaluations (with guidance, of each of the two branches).
        sampler: How to walk from noise to picture: ddim, euler, heun, dpmpp_2m, ...
        scale: Strength of the guidance; 1 is none.
        negative: What the picture should not show.
        size: Pixels of the shorter side, or "native" for the model's own; else at least 256.
        spacing: How the steps are spread: uniform, karras, logsnr, trailing, ...
        guidance: cfg, rescale, apg or cfgpp.
        interval: Guide only where the time is between these two, 0 (picture) to 1 (noise).
        padded: Draw in chunks of a fixed size: bitwise the same whatever is drawn beside.
        runtime: onnx, or torch where it is installed.
        threads: Threads to compute with; without it, as many as this process may use.
    """
    first = _first_seed(seed, n)
    loaded = _loaded(model, runtime, threads, padded)
    way = process.resolve(
        loaded, steps=steps, sampler=sampler, spacing=spacing, scale=scale,
        guidance=guidance, interval=interval,
    )  # fmt: skip
    about = subject.understood(loaded, prompt, negative)
    shown = "native" if size == "native" else _shorter_side(loaded, size)
    recipe = Recipe(
        prompt=about.prompt, negative=about.negative, model=model, name=loaded.manifest.name,
        sha256=loaded.manifest.sha256, seed=first, steps=way.steps,
        evaluations=way.evaluations(way.guided(about.pos, about.neg)),
        sampler=way.name, spacing=way.spacing, scale=way.scale, guidance=way.guidance,
        interval=way.interval, size=shown, pixels=_pixels(loaded, shown), padded=padded,
        runtime=runtime, threads=loaded.threads, asked_threads=threads,
    )  # fmt: skip
    return Run(loaded, way, about, recipe, n)


def _first_seed(seed: int | None, n: int) -> int:
    whole("n", n, 1, MOST)
    first = seed_or_drawn(seed)
    if first + n > MOST_SEED:
        most = MOST_SEED - n
        raise BadRequest(f"seed {first} leaves no room for n = {n}; give one below {most:,}")
    return first


def _loaded(model: str, runtime: Runtime, threads: int | None, padded: bool) -> Model:
    if runtime not in ("onnx", "torch"):
        raise BadRequest(f"runtime is {runtime!r}; give onnx or torch")
    if threads is not None:
        whole("threads", threads, 1, 1024)
    place = folder(os.path.expanduser(model)).resolve()
    stamp = (place / "model.json").stat().st_mtime_ns
    return _load_once(place, runtime, threads, padded, stamp)


@lru_cache(maxsize=2)
def _load_once(
    place: Path, runtime: Runtime, threads: int | None, padded: bool, stamp: int
) -> Model:
    """One loaded model serves many requests, until its model.json changes."""
    return load(place, runtime, threads, padded)


def _shorter_side(model: Model, size: int | None) -> int:
    own = min(model.manifest.size)
    return max(own, SMALLEST) if size is None else whole("size", size, 8, 4096)


def _pixels(model: Model, size: int | str) -> tuple[int, int]:
    """(width, height) of the pictures, in the model's proportions."""
    height, width = model.manifest.size[-2:]
    if size == "native":
        return width, height
    factor = int(size) / min(height, width)
    out = round(width * factor), round(height * factor)
    if out[0] * out[1] > MOST_PIXELS:
        raise BadRequest(f"size {size} makes {out[0]} x {out[1]} pixels; give a smaller one")
    return out
