"""A canvas larger than the model: overlapping windows, averaged (MultiDiffusion).

    x0 = sum_i w_i denoise(window_i of x) / sum_i w_i

Bar-Tal et al. 2023, eq. 5. Weights that fall towards a window's border, as `hann` does, hide its
edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

from unstir.core.levels import Denoise, Level


def windows(
    denoise: Denoise[Any] | Sequence[Denoise[Any]],
    size: Sequence[int],
    stride: Sequence[int],
    weight: Any = 1.0,
) -> Denoise[Any]:
    """A Denoise of any canvas from one of `size`, its last axes, or from one for each of `places`;
    `weight` is a number or an array of that size, positive everywhere."""

    def over(x: Any, t: Level) -> Any:
        total, weights = 0 * x, 0 * x
        there = places(x.shape[-len(size) :], size, stride)
        each = [denoise] * len(there) if callable(denoise) else denoise
        for place, one in zip(there, each, strict=True):
            total[place] += weight * one(x[place], t)
            weights[place] += weight
        return total / weights

    return over


def places(
    canvas: Sequence[int], size: Sequence[int], stride: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Where the windows lie: indices (..., slice, slice), evenly spread, `stride` apart at
    most."""
    if any(n < w or not 0 < s <= w for n, w, s in zip(canvas, size, stride, strict=True)):
        raise ValueError(
            f"windows of {tuple(size)} with stride {tuple(stride)} do not cover a canvas of "
            f"{tuple(canvas)}; it must be as large, and the stride from 1 to the window's size"
        )
    axes = [_starts(*axis) for axis in zip(canvas, size, stride, strict=True)]
    return [
        (..., *(slice(at, at + w) for at, w in zip(corner, size, strict=True)))
        for corner in product(*axes)
    ]


def hann(n: int) -> list[float]:
    """A bump of n weights, none of them 0."""
    return [math.sin(math.pi * (i + 0.5) / n) ** 2 for i in range(n)]


def _starts(canvas: int, size: int, stride: int) -> list[int]:
    last, count = canvas - size, -(-(canvas - size) // stride)
    return [round(last * i / count) for i in range(count + 1)] if count else [0]
