"""Enlarge with a model of pictures: it draws what a small picture could be the block means of.

    job = Constrained(way, about, seed, source, factor, canvas)      # a `Job` of tasks/run.py

At every step the estimate of the clean picture is replaced by the nearest one whose blocks have
the means that are known: DDNM (Wang et al. 2023, eq. 13). For a model of latents the estimate is
decoded, projected as a picture and encoded again (back-projection, Irani & Peleg 1991), so there
only the last one is exact. It knows what it was trained on, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unstir.core.levels import Level, Step
from unstir.core.noise import seeds
from unstir.modalities.images import BadPicture, from_model, to_model
from unstir.modalities.source import Source
from unstir.runtimes.model import Model
from unstir.tasks.canvas import LONGEST, Canvas
from unstir.tasks.enlarge import held
from unstir.tasks.process import Process
from unstir.tasks.subject import Subject


@dataclass(frozen=True)
class Constrained:
    """`factor` times the picture fits the canvas, or a little less."""

    way: Process
    about: Subject
    seed: int
    source: Source
    factor: int
    canvas: Canvas

    @property
    def steps(self) -> int:
        return len(self.way.path) - 1

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From noise, every estimate with the means that are known."""
        inner = self.canvas.denoiser(model, self.way, self.about)

        def denoise(x: np.ndarray, t: Level) -> np.ndarray:
            return self.canvas.state_of(model, self._fulfilled(model, inner(x, t)))

        each = seeds(self.seed + which[0], len(which))
        yield from self.way.walk(denoise, each, self.canvas.shape)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """`factor` times the picture, with its alpha."""
        width, height = (self.factor * n for n in self.source.size)
        large = from_model(self._fulfilled(model, x))[:, :height, :width]
        return [self.source.with_alpha(pixels) for pixels in large]

    def _fulfilled(self, model: Model, x0: np.ndarray) -> np.ndarray:
        """States -> pictures (B, 3, H, W) of the canvas that shrink to the one given."""
        return held(self.canvas.picture_of(model, x0), self._low, self.factor)

    @cached_property
    def _low(self) -> np.ndarray:
        """(1, 3, h, w), continued by its mirror image to what the canvas holds."""
        pixels = self.source.shown
        high, wide = self.canvas.height // self.factor, self.canvas.width // self.factor
        pads = (0, high - pixels.shape[0]), (0, wide - pixels.shape[1]), (0, 0)
        return to_model(np.pad(pixels, pads, mode="symmetric"))[None]


def canvas_for(model: Model, width: int, height: int, factor: int) -> Canvas:
    """The least canvas that holds `factor` times the picture; BadPicture where it is too large."""
    manifest = model.manifest
    window, cells = manifest.size[-2:], manifest.shape[-2:]
    high, wide = (
        _filled(n, factor, side, side // count)
        for n, side, count in zip((height, width), window, cells, strict=True)
    )
    if high > LONGEST * window[0] or wide > LONGEST * window[1]:
        raise BadPicture(
            f"{width} x {height} pixels, {factor} times larger, are more than {manifest.name} can "
            f"draw at once ({LONGEST * window[1]} x {LONGEST * window[0]}): give a smaller part "
            "of the picture, or a model of the kind upscaler"
        )
    return Canvas(wide, high, (window[0], window[1]), (cells[0], cells[1]), manifest.shape[0])


def _filled(n: int, factor: int, side: int, cell: int) -> int:
    """The least multiple of `factor` and of `cell`, `factor` n or more and `side` or more."""
    n = max(n, -(-side // factor))
    while factor * n % cell:
        n += 1
    return factor * n
