"""Draw pictures: noise in, `Picture`s out, everything that decides them recorded.

    run = generate("a cat wearing a hat", n=4, seed=11)
    run[0].save("cat.png")                          # drawn when first asked for
    for event in generate("a cat").events(): ...    # Note, Progress after each step, Picture

Picture i has the seed `seed + i` and is what a request for that seed alone gives: noise is a
function of (seed, step, draw) only (core/noise.py). `steps` is a budget of calls of the denoiser;
a sampler that needs two per step takes half as many steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unstir.core.levels import Step
from unstir.core.noise import seeds
from unstir.modalities.images import MOST_PIXELS, from_model
from unstir.runtimes.checks import INT8
from unstir.runtimes.model import Model, Runtime
from unstir.tasks.enlarger import Enlarger, enlarger
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.process import STUDENT, Process, unlike
from unstir.tasks.request import BadRequest, whole, words
from unstir.tasks.run import GROUP, Diverged, Event, Note, Progress, Run
from unstir.tasks.subject import Subject

__all__ = ["GROUP", "Diverged", "Event", "Note", "Progress", "Run", "generate"]

SMALLEST = 256
"""Pixels of the shorter side where no size is asked for: what is drawn at 64 is enlarged."""
LANCZOS = "lanczos"
"""Enlarged by resampling."""


@dataclass(frozen=True)
class Drawing:
    """From noise to pictures of the model's own size."""

    way: Process
    about: Subject
    seed: int

    @property
    def steps(self) -> int:
        return len(self.way.path) - 1

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """The noise itself, then what the sampler yields."""
        denoise = self.way.denoiser(model, self.about.pos, self.about.neg)
        each = seeds(self.seed + which[0], len(which))
        yield from self.way.walk(denoise, each, model.manifest.shape)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """What the states decode to."""
        return list(from_model(model.decode(x)))


def generate(
    prompt: str | None = None,
    *,
    model: str | Path = "emoji",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    size: int | Literal["native"] | None = None,
    enlarge: str | None = None,
    spacing: str | None = None,
    guidance: str = "cfg",
    interval: tuple[float, float] | None = None,
    padded: bool = False,
    runtime: Runtime = "onnx",
    threads: int | None = None,
    device: str = "cpu",
    compile: bool = False,
) -> Run:
    """Draw pictures from a prompt.

    Args:
        prompt: What to draw; a class for a model of classes, nothing for one that takes none.
        model: Name of a model (`unstir models`), or the folder of one or of a training run.
        n: How many pictures; picture i has the seed SEED + i.
        seed: The number the noise is drawn from; without it one is drawn and recorded.
        steps: Budget of calls of the denoiser; a guided one runs the network twice. Where the
            model has a student, its few steps are drawn by that (docs/speed.md).
        sampler: How to walk from noise to picture: ddim, euler, heun, dpmpp_2m, ..., student.
        scale: Strength of the guidance; 1 is none.
        negative: What the picture should not show.
        size: Pixels of the shorter side, or "native" for the model's own; else at least 256.
        enlarge: What makes the picture larger than the model draws it: lanczos (resampling), or
            an upscaler's name; without it what the model prefers.
        spacing: How the steps are spread: uniform, karras, logsnr, trailing, ...
        guidance: cfg, rescale, apg or cfgpp.
        interval: Guide only where the time is between these two, 0 (picture) to 1 (noise).
        padded: Draw in chunks of a fixed size: bitwise the same whatever is drawn beside.
        runtime: onnx; int8, which is faster and a little less exact, where the model has it; or
            torch where it is installed.
        threads: Threads to compute with; without it, as many as this process may use.
        device: cpu; or cuda, with the runtime torch.
        compile: Let torch compile the networks: worth it for many pictures.
    """
    negative = negative if words("negative", negative).strip() else ""
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads, runtime=runtime,
        padded=padded, steps=steps, sampler=sampler, spacing=spacing, scale=scale,
        guidance=guidance, interval=interval, device=device, compile=compile, taught=not negative,
    )  # fmt: skip
    shown, pixels = shown_size(ready.model, size)
    name, large = _enlarger(ready, pixels, enlarge)
    digest = large.sha256 if large else ""
    recipe = ready.recipe(size=shown, pixels=pixels, enlarge=name, enlarger=digest)
    job, few = Drawing(ready.way, ready.about, ready.seed), sampler is None and steps is not None
    why = untaught(ready, (spacing, scale, interval, guidance)) if few else ()
    notes = (*ready.about.notes, *why, *_exact(ready, large), *_idle(enlarge, name))
    return Run(ready.model, job, recipe, n, notes, enlarge=large and large.pixels)


def untaught(ready: Prepared, asked: tuple[Any, ...]) -> Iterator[str]:
    """Why the model's student does not draw, though it draws in so many steps."""
    said, way, about = ready.model.manifest, ready.way, ready.about
    if way.name != STUDENT and way.steps in (said.student or {}).get("steps", ()):
        others = {"a negative": about.negative, "an empty prompt": about.empty}
        against = unlike(said.student or {}, *asked)
        why = [f"this {name}" for name in against] + [k for k, there in others.items() if there]
        yield (
            f"the student of {said.name} draws in {way.steps} steps, but not with "
            f"{' and '.join(why)}: the model itself draws"
        )


def _idle(enlarge: str | None, by: str | None) -> Iterator[str]:
    if enlarge and by is None:
        yield f"the model draws as large as that: enlarge {enlarge} has no effect"


def _exact(ready: Prepared, large: Enlarger | None) -> Iterator[str]:
    """Which graphs in use have no form in 8 bits, where that is asked for."""
    model, network = ready.model, STUDENT if ready.way.name == STUDENT else "denoiser"
    if model.runtime == "int8":
        used = [(model, network), (model, "decoder")]
        used += [(large.ready.model, "denoiser")] if large else []
        for owner, name in used:
            if name in owner.graphs and name + INT8 not in owner.manifest.graphs:
                yield (
                    f"the {name} of {owner.manifest.name} has no graph in 8 bits: it runs in "
                    "single precision; `unstir quantize` tries to make one"
                )


def _enlarger(
    ready: Prepared, pixels: tuple[int, int], asked: str | None
) -> tuple[str | None, Enlarger | None]:
    """How a drawing becomes as large as it should, which is recorded, and by what; neither where
    it is so already, though what was asked for must be there."""
    model, manifest = ready.model, ready.model.manifest
    larger = min(pixels) > min(manifest.size[-2:])
    if not larger and asked is None:
        return None, None
    name, large = words("enlarge", asked or manifest.defaults.get("enlarge", LANCZOS)), None
    if name != LANCZOS:
        threads, device = ready.asked_threads, model.device
        large = enlarger(name, model.runtime, threads, device, model.compiled)
    return (name, large) if larger else (None, None)


def shown_size(model: Model, size: int | str | None) -> tuple[int | str, tuple[int, int]]:
    """The size that is recorded, and (width, height) in the model's proportions."""
    height, width = model.manifest.size[-2:]
    if size == "native":
        return "native", (width, height)
    own = min(height, width)
    try:
        side = max(own, SMALLEST) if size is None else whole("size", size, 8, 4096)
    except BadRequest as error:
        raise BadRequest(f"{error}, or native") from None
    out = round(width * side / own), round(height * side / own)
    if out[0] * out[1] > MOST_PIXELS:
        raise BadRequest(f"size {side} makes {out[0]} x {out[1]} pixels; give a smaller one")
    return side, out
