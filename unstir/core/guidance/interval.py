"""Guidance in the middle of the path only (Kynkaanniemi et al. 2024).

    interval(cfg(both, 4.0), pos, low=0.2, high=0.8)

Cheaper, for outside one evaluation does, and more varied.
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Denoise, Level
from unstir.core.namespace import largest


def interval(inside: Denoise[Any], outside: Denoise[Any], low: float, high: float) -> Denoise[Any]:
    """`inside` where low < t <= high, else `outside`; of times per element, t is the largest."""

    def denoise(x: Any, t: Level) -> Any:
        return inside(x, t) if low < largest(t.t) <= high else outside(x, t)

    return denoise
