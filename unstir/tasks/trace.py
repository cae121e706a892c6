"""Draw along lines: the edges of a picture, or the strokes of a drawing.

    trace("photo.png", "a red fox", n=4)[0].save("fox.png")
    trace("sketch.png", "a red fox", drawing=True)

The model's branch for lines (networks/control.py) is told them at every step; the text says what
they are the lines of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from unstir.core.levels import Step
from unstir.core.noise import seeds
from unstir.modalities.edges import drawn, edges
from unstir.modalities.images import BadPicture, resize
from unstir.modalities.source import Source, read_source
from unstir.runtimes.model import Model
from unstir.tasks.canvas import Canvas, fitted
from unstir.tasks.prepared import prepare
from unstir.tasks.process import Process
from unstir.tasks.request import BadRequest, number
from unstir.tasks.run import Run
from unstir.tasks.subject import Subject
from unstir.tasks.vary import Whole

FEWEST, MOST = 0.32, 0.08
"""Gradients of the least edge at `detail` 0 and 1."""


@dataclass(frozen=True)
class Tracing:
    """From noise to a picture along `lines` (height, width) of its canvas, in [0, 1]."""

    way: Process
    about: Subject
    seed: int
    whole: Whole
    lines: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.way.path) - 1

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From pure noise."""
        canvas = self.whole.canvas
        denoise = canvas.denoiser(model, self.way, self.about, lines=self.lines)
        each = seeds(self.seed + which[0], len(which))
        yield from self.way.walk(denoise, each, canvas.shape)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """At the size of the picture with the lines."""
        return self.whole.pictures(model, x)


def trace(
    image: str,
    prompt: str | None = None,
    *,
    drawing: bool = False,
    detail: float = 0.5,
    model: str = "emoji",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    spacing: str | None = None,
    threads: int | None = None,
) -> Run:
    """Draw pictures along the lines of one there is.

    Args:
        image: The picture whose edges are kept: PNG, JPEG or WebP, of any size.
        drawing: It is a drawing: its strokes are the lines, and not their edges; what is clear in
            it is white paper.
        detail: How faint an edge may be: 0 keeps the strong ones, 1 most of them.
    """
    detail = number("detail", detail, 0, 1)
    source = read_source(image)
    source = source.on_paper() if drawing else source
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads, steps=steps,
        sampler=sampler, scale=scale, spacing=spacing,
    )  # fmt: skip
    if ready.model.manifest.control is None:
        raise BadRequest(
            f"{ready.model.manifest.name} has no branch for lines; `unstir train trace` makes one "
            "for the emoji model"
        )
    canvas = fitted(ready.model, *source.size)
    lines = _strokes(source, canvas) if drawing else _edges(source, canvas, detail)
    recipe = ready.recipe(
        times=canvas.windows, pixels=source.size, verb="trace",
        given={"image": os.fspath(image)}, files={os.fspath(image): source.sha256},
        options={"drawing": True} if drawing else {"detail": detail},
    )  # fmt: skip
    job = Tracing(ready.way, ready.about, ready.seed, Whole(source, canvas), lines)
    return Run(ready.model, job, recipe, n, (*source.notes, *ready.about.notes), source)


def _edges(source: Source, canvas: Canvas, detail: float) -> np.ndarray:
    pixels = resize(source.shown, canvas.width, canvas.height)
    found = edges(pixels, FEWEST * (MOST / FEWEST) ** detail)
    if found.any():
        return found
    helps = {
        "a higher detail finds fainter ones": edges(pixels, MOST).any(),
        "drawing takes the strokes themselves": drawn(source.shown).any(),
    }
    ways = ", and ".join(way for way, does in helps.items() if does)
    raise BadPicture(
        f"there are no edges in {source.path}; {ways or 'it is all of one color, or nearly'}"
    )


def _strokes(source: Source, canvas: Canvas) -> np.ndarray:
    """At the canvas's size, the strongest of them 1 again."""
    found = Image.fromarray(drawn(source.shown))
    small = np.asarray(found.resize((canvas.width, canvas.height), Image.Resampling.BOX))
    if not small.any():
        raise BadPicture(
            f"there are no strokes in {source.path}; nothing in it is darker or lighter than the "
            "rest"
        )
    return np.minimum(small / np.quantile(small[small > 0], 0.9), 1)
