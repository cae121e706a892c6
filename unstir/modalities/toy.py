"""A toy of composite data: a few points in the plane and a symmetric number for each pair of them.

    x0 ~ N(mean, variance), points with their center of mass at 0, pairs symmetric

Its denoiser is known exactly, and both constraints are linear, so they must survive every sampler,
guidance and edit untouched. The conformance tests run on it beside plain arrays.

    x = path[0].sigma * noise([7])(-1);  x0 = denoise(x, path[0])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unstir.core.fields import Fields
from unstir.core.levels import Level, NoiseSource
from unstir.core.noise import gaussian

POINTS = 5
MEAN = Fields({"points": 0.0, "pairs": 0.5})
VARIANCE = Fields({"points": 0.25, "pairs": 1.5})


def noise(
    seeds: Sequence[int], *, dtype: str = "float32", to: Callable[[Any], Any] | None = None
) -> NoiseSource[Fields]:
    """Unit noise within the constraints: points (B, N, 2), pairs (B, N, N)."""
    points = gaussian(seeds, (POINTS, 2), dtype=dtype, field="points")
    pairs = gaussian(seeds, (POINTS, POINTS), dtype=dtype, field="pairs")

    def source(step: int, draw: int = 0) -> Fields:
        z = points(step, draw)
        x = {"points": z - z.mean(1, keepdims=True), "pairs": _symmetric(pairs(step, draw))}
        return Fields(x).map(to) if to else Fields(x)

    return source


def denoise(x: Fields, t: Level) -> Fields:
    """E[x_0 | x_t] of the Gaussian, exact (Bishop 2006, eq. 2.116)."""
    gain = t.alpha * VARIANCE / (t.alpha * t.alpha * VARIANCE + t.sigma * t.sigma)
    return MEAN + gain * (x - t.alpha * MEAN)


def toy(n: int, seed: int = 0) -> Fields:
    """n clean samples."""
    unit = noise(range(seed, seed + n), dtype="float64")(-1)
    return MEAN + VARIANCE.map(np.sqrt) * unit


def _symmetric(z: Any) -> Any:
    """The upper triangle mirrored: unit variance everywhere."""
    return np.triu(z) + np.triu(z, 1).swapaxes(1, 2)
