"""Autoguidance: away from the answer of a weaker network (Karras et al. 2024, eq. 3).

    x0 = bad + scale * (good - bad)

bad is smaller or less trained, and has the same condition.
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Denoise, Level


def autoguide(good: Denoise[Any], bad: Denoise[Any], scale: float) -> Denoise[Any]:
    """Guided by the difference of two networks; two evaluations, the second a cheap one."""

    def denoise(x: Any, t: Level) -> Any:
        strong, weak = good(x, t), bad(x, t)
        return strong + (scale - 1) * (strong - weak)

    return denoise
