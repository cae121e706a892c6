"""A model on a picture of any size: scaled so that the shorter side is the model's, and covered by
overlapping windows where the other is longer.

    canvas = fitted(model, width, height)
    z = canvas.encode(model, pixels)                 # (1, C, h, w)
    denoise = canvas.denoiser(model, way, about)     # of the whole canvas
    pixels = canvas.decode(model, x)                 # (B, height, width, 3) uint8, of the canvas
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from unstir.core.edits.windows import hann, places, windows
from unstir.core.levels import Denoise
from unstir.modalities.images import BadPicture, from_model, resize, to_model
from unstir.runtimes.model import Model
from unstir.tasks.process import Process
from unstir.tasks.subject import Subject

LONGEST = 8
"""The longer side of a canvas in model sides."""


Around = tuple[np.ndarray, np.ndarray]
"""A picture (H, W, 3) uint8, and what of it is hidden (H, W), above 0."""


@dataclass(frozen=True)
class Canvas:
    """`width` and `height` are the pixels the model works with; `window` and `cells` the model's
    own (height, width) in pixels and in elements of its state."""

    width: int
    height: int
    window: tuple[int, int]
    cells: tuple[int, int]
    channels: int

    @property
    def cell(self) -> tuple[int, int]:
        """(height, width) of an element of the state in pixels."""
        return self.window[0] // self.cells[0], self.window[1] // self.cells[1]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a state, without the batch."""
        high, wide = self.cell
        return self.channels, self.height // high, self.width // wide

    @property
    def windows(self) -> int:
        """How often an evaluation runs the network."""
        return len(places(self.shape[1:], self.cells, self._stride))

    def denoiser(
        self,
        model: Model,
        way: Process,
        about: Subject,
        around: Around | None = None,
        lines: np.ndarray | None = None,
    ) -> Denoise[np.ndarray]:
        """The guided denoiser of the whole canvas; a model that repaints is told a picture
        `around` a hole, and one that traces the `lines` (height, width)."""
        models = [model] * self.windows if around is None else self._seeing(model, *around)
        if lines is not None:
            models = [
                one.tracing(lines[part]) for one, part in zip(models, self._parts, strict=True)
            ]
        each = [way.denoiser(one, about.pos, about.neg) for one in models]
        if self.windows == 1:
            return each[0]
        return windows(each, self.cells, self._stride, bump(self.cells))

    def _seeing(self, model: Model, pixels: np.ndarray, hole: np.ndarray) -> list[Model]:
        """The model of each window, told its part of a picture (H, W, 3) and hole (H, W)."""
        x = to_model(resize(pixels, self.width, self.height))
        size, box = (self.width, self.height), Image.Resampling.BOX
        hidden = np.asarray(Image.fromarray(np.float32(hole > 0)).resize(size, box))
        return [model.seeing(x[part], hidden[part]) for part in self._parts]

    @property
    def _parts(self) -> list[tuple[Any, ...]]:
        """The pixels of each window."""
        high, wide = self.cell
        return [
            (..., _times(rows, high), _times(columns, wide))
            for _, rows, columns in places(self.shape[1:], self.cells, self._stride)
        ]

    def encode(self, model: Model, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of any size -> the state (1, C, h, w) of clean data."""
        return self.state_of(model, to_model(resize(pixels, self.width, self.height))[None])

    def decode(self, model: Model, x: np.ndarray) -> np.ndarray:
        """States (B, C, h, w) -> (B, height, width, 3) uint8."""
        return from_model(self.picture_of(model, x))

    def state_of(self, model: Model, x: np.ndarray) -> np.ndarray:
        """Pictures (B, 3, height, width) in [-1, 1] -> states."""
        return self._tiled(model.encode, x, self.cell, (1, 1))

    def picture_of(self, model: Model, x: np.ndarray) -> np.ndarray:
        """States -> pictures (B, 3, height, width), about [-1, 1]."""
        return self._tiled(model.decode, x, (1, 1), self.cell)

    def coarse(self, mask: np.ndarray) -> np.ndarray:
        """(H, W) of any size -> (h, w), the mean over each element of the state."""
        _, high, wide = self.shape
        return np.asarray(Image.fromarray(mask).resize((wide, high), Image.Resampling.BOX))

    @property
    def _stride(self) -> tuple[int, int]:
        return max(1, self.cells[0] // 2), max(1, self.cells[1] // 2)

    def _tiled(
        self, call: Callable[[np.ndarray], np.ndarray], x: np.ndarray,
        into: tuple[int, int], out: tuple[int, int],
    ) -> np.ndarray:  # fmt: skip
        """`call` over windows, which are `into` per element of x's own grid and `out` of the
        result's, averaged."""
        if self.windows == 1:
            return call(x)
        total = weights = np.zeros(())
        for _, rows, columns in places(self.shape[1:], self.cells, self._stride):
            got = call(x[..., _times(rows, into[0]), _times(columns, into[1])])
            if not total.ndim:
                size = self.shape[1] * out[0], self.shape[2] * out[1]
                total = np.zeros((*got.shape[:2], *size), got.dtype)
                weights = np.zeros(size, got.dtype)
            place = _times(rows, out[0]), _times(columns, out[1])
            weight = bump(got.shape[-2:])
            total[..., *place] += weight * got
            weights[place] += weight
        return total / weights


def fitted(model: Model, width: int, height: int) -> Canvas:
    """The canvas for a part of a picture; BadPicture where it is too long and narrow."""
    manifest = model.manifest
    window, cells = manifest.size[-2:], manifest.shape[-2:]
    scale = max(window[0] / height, window[1] / width)
    cell = window[0] // cells[0], window[1] // cells[1]
    high, wide = (
        max(c, round(n * scale / step) if n * scale > w else c) * step
        for n, c, step, w in zip((height, width), cells, cell, window, strict=True)
    )
    if high > LONGEST * window[0] or wide > LONGEST * window[1]:
        sides = "left and right" if high > wide else "top and bottom"
        raise BadPicture(
            f"{width} x {height} pixels are too long and narrow: {manifest.name} goes up to "
            f"{LONGEST} times as long as wide; make that shorter, or add to its {sides}"
        )
    return Canvas(wide, high, (window[0], window[1]), (cells[0], cells[1]), manifest.shape[0])


def _times(place: slice, factor: int) -> slice:
    return slice(place.start * factor, place.stop * factor)


def bump(size: tuple[int, ...]) -> np.ndarray:
    """Weights of a window, largest in its middle, and nowhere 0."""
    high, wide = (np.asarray(hann(n), np.float32) for n in size)
    return np.outer(high, wide) + np.float32(1e-3)
