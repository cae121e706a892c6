"""Differential diffusion: each element joins at its own time (Levin & Fried 2023, Algorithm 1).

    x0 = known while t > change, else x0

An element with change 0 is known to the end, one with change 1 is free from the start, and one
between keeps the large features of what was there: a start_lower of its own. With changes of 0
and 1 only it is `keep`.
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Denoise, Level


def differential(denoise: Denoise[Any], known: Any, change: Any) -> Denoise[Any]:
    """`known` like x_0 and finite everywhere, `change` in [0, 1] and broadcastable to it."""

    def held(x: Any, t: Level) -> Any:
        mask = 1.0 * (change < t.t)
        return mask * known + (1 - mask) * denoise(x, t)

    return held
