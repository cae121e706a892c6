"""Drawn digits: 0 to 9 from a 5 x 7 dot font, jittered, 8 x 8 pixels: toy data for smoke recipes.

Not handwriting and not anyone's data set: every picture is computed here, a pure function of
(seed, index). Each digit is stretched, slanted, shifted, thickened and sampled with anti-aliasing,
on a black ground.

    image, label = digits.digit(7)              # (8, 8) float32 in [0, 1], int
    images, labels = digits.batch(range(1000))  # (1000, 8, 8), (1000,)
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FONT = (
    "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00110 01000 10000 11111", "01110 10001 00001 00110 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110", "01110 10001 10001 01111 00001 00010 01100",
)  # fmt: skip
"""Rows of dots, top first."""

SIZE = 8
FINE = 4
"""Each pixel is the mean of FINE x FINE samples."""

DOTS = tuple(
    np.array([[int(dot) for dot in row] for row in digit.split()], float) for digit in FONT
)


def digit(index: int, *, seed: int = 0) -> tuple[NDArray[np.float32], int]:
    """Picture number `index`, (8, 8) in [0, 1], and its label."""
    rng = np.random.default_rng((seed, index))
    label = int(rng.integers(10))
    return _draw(DOTS[label], rng), label


def batch(
    indices: Iterable[int], *, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pictures (N, 8, 8) in [0, 1] and labels (N,)."""
    drawn = [digit(index, seed=seed) for index in indices]
    return np.stack([image for image, _ in drawn]), np.array([label for _, label in drawn])


def _draw(dots: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    ys, xs = np.where(dots > 0)
    wide, high = rng.uniform(0.85, 1.1), rng.uniform(0.9, 1.05)
    slant, radius = rng.normal(0, 0.12), rng.uniform(0.55, 0.75)
    y = (ys - 3) * high + 3.5 + rng.uniform(-0.4, 0.4)
    x = (xs - 2) * wide + 3.5 - slant * (ys - 3) + rng.uniform(-0.7, 0.7)
    grid = (np.arange(SIZE * FINE) + 0.5) / FINE - 0.5
    gap = np.hypot(grid[:, None, None] - y, grid[None, :, None] - x).min(-1)  # to the nearest dot
    ink = np.clip((radius - gap) / 0.35 + 0.5, 0, 1)
    pixels = ink.reshape(SIZE, FINE, SIZE, FINE).mean((1, 3))
    return (pixels * rng.uniform(0.8, 1.0)).astype(np.float32)
