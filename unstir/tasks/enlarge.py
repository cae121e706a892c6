"""The work of an upscaler, tile by tile.

    job = Enlargement(way, seed, source, factor, residual, tile, exact=True)    # a `Job` of run.py

Tiles overlap. Each is walked as a whole, from noise that is a function of the place, and they are
averaged with weights that fall towards their borders: neighbours draw nearly the same where they
overlap, none depends on what is made beside it, and memory is that of the picture. With `exact`
the mean of every block of new pixels is the old pixel (DDNM: Wang et al. 2023), at every step of
the walk and, by projection, after rounding to what can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from PIL import Image

from unstir.codecs.residual import Residual, block_means, repeated, shrink
from unstir.core.edits.project import back_project, project
from unstir.core.edits.windows import places
from unstir.core.levels import Denoise, NoiseSource, Step
from unstir.core.noise import gaussian, seeds
from unstir.core.parametrizations import denoiser
from unstir.modalities.holes import filled
from unstir.modalities.images import from_model, to_model
from unstir.modalities.source import Source
from unstir.runtimes.model import Model
from unstir.tasks.canvas import bump
from unstir.tasks.process import Process

PATCH = 16
"""Side of the squares that have a noise of their own."""


@dataclass(frozen=True)
class Enlargement:
    """`factor` is what was asked for, that of `residual` what the model does; `tile` is (height,
    width) in pixels of the picture, and `noise` how noisy that is, 0 to 1."""

    way: Process
    seed: int
    source: Source
    factor: int
    residual: Residual
    tile: tuple[int, int]
    exact: bool = True
    noise: float = 0.0

    @property
    def steps(self) -> int:
        """Tiles."""
        return len(self._places)

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From nothing added to every tile done; the states are one array."""
        low, each = self._low, seeds(self.seed + which[0], len(which))
        channels, done = model.manifest.shape[0], self.way.path[-1]
        known = self.residual.means(low) if self.exact else None
        state = np.zeros((len(which), channels, *low.shape[2:]), np.float32)
        yield Step(state, state, done)
        share = self._share
        for place in self._places:
            noise = patchwork(each, channels, *place[1:])
            denoise = self._denoiser(model, low[place])
            if known is not None:
                f = self.residual.factor
                means, spread = partial(block_means, factor=f), partial(repeated, factor=f)
                denoise = project(denoise, means, spread, known[place])
            x = self.way.path[0].sigma * noise(-1)
            for step in self.way.sampler(denoise, x, self.way.path, noise=noise):
                x = step.x
            state[place] += bump(self.tile) / share[place[1:]] * x
            yield Step(state, state, done)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """States as pictures of the size asked for, with alpha where there is one."""
        return [self._finished(self.residual.restore(z[None], self._low)) for z in x]

    @cached_property
    def _low(self) -> np.ndarray:
        """(1, 3, h, w), as large as a tile at least; clear pixels have the colors about them."""
        pixels, alpha = self.source.pixels, self.source.alpha
        if alpha is not None and alpha.any():
            pixels = np.rint(filled(pixels, alpha > 0)).astype(np.uint8)
        lacks = [max(0, t - n) for t, n in zip(self.tile, pixels.shape, strict=False)]
        pads = *((0, n) for n in lacks), (0, 0)
        return to_model(np.pad(pixels, pads, mode="symmetric"))[None]

    @cached_property
    def _places(self) -> list[tuple]:
        """Tiles, a quarter of one over the next."""
        high, wide = self.tile
        strides = max(1, high * 3 // 4), max(1, wide * 3 // 4)
        return places(self._low.shape[2:], self.tile, strides)

    @property
    def _share(self) -> np.ndarray:
        """(h, w): the sum of all weights."""
        total = np.zeros(self._low.shape[2:], np.float32)
        for place in self._places:
            total[place[1:]] += bump(self.tile)
        return total

    def _denoiser(self, model: Model, low: np.ndarray) -> Denoise[np.ndarray]:
        told = np.concatenate([low, np.full_like(low[:, :1], self.noise)], 1)
        return denoiser(lambda x, t: model.net(x, t.t, extra=told), model.manifest.parametrization)

    def _finished(self, large: np.ndarray) -> np.ndarray:
        """(1, 3, f h, f w) -> (H, W, 3 or 4) uint8."""
        width, height = (self.factor * n for n in self.source.size)
        if self.factor != self.residual.factor:
            large = _resampled(large, self.factor / self.residual.factor)
        large = large[..., :height, :width]
        if self.exact:
            low = self._low[..., : self.source.size[1], : self.source.size[0]]
            large = held(large, low, self.factor)
        return self.source.with_alpha(from_model(large[0]))


def patchwork(
    seeds: Sequence[int], channels: int, rows: slice, columns: slice
) -> NoiseSource[np.ndarray]:
    """Noise (B, channels, rows, columns) of a part of a canvas that has no end: a function of the
    place, whatever part is asked for."""

    def source(step: int, draw: int = 0) -> np.ndarray:
        strips = []
        for y in range(rows.start // PATCH, -(-rows.stop // PATCH)):
            patches = [
                gaussian(seeds, (channels, PATCH, PATCH), field=f"{y},{x}")(step, draw)
                for x in range(columns.start // PATCH, -(-columns.stop // PATCH))
            ]
            strips.append(np.concatenate(patches, 3))
        top, left = rows.start % PATCH, columns.start % PATCH
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return np.concatenate(strips, 2)[:, :, top : top + height, left : left + width]

    return source


def held(large: np.ndarray, low: np.ndarray, factor: int) -> np.ndarray:
    """The picture (B, C, f h, f w) within [-1, 1] that is near `large` and shrinks to `low`: each
    block is shifted, clipped, and what that left undone is done by a step towards black or
    white."""

    def spread(y: np.ndarray) -> np.ndarray:
        return y.repeat(factor, 2).repeat(factor, 3)

    means = partial(shrink, factor=factor)
    large = np.clip(back_project(large, means, spread, low), -1, 1)
    lack, goal = low - means(large), np.sign(low - means(large))
    share = np.abs(lack) / np.maximum(1 - goal * (low - lack), 1e-6)
    return large + spread(share) * (spread(goal) - large)


def _resampled(x: np.ndarray, scale: float) -> np.ndarray:
    """(1, C, H, W) at `scale` times its size; smaller by means over areas, which keeps the means
    of blocks."""
    size = round(x.shape[3] * scale), round(x.shape[2] * scale)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(p).resize(size, how)) for p in x[0]])[None]
