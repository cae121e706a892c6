"""Classifier-free guidance: away from the unconditional answer (Ho & Salimans 2022, eq. 6).

    x0 = neg + scale * (pos - neg)

The scale is 1 + w of the paper; 1 is exactly pos.
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Both, Denoise, Level


def cfg(both: Both[Any], scale: float) -> Denoise[Any]:
    """Guided by the pair's difference."""

    def denoise(x: Any, t: Level) -> Any:
        pos, neg = both(x, t)
        return pos + (scale - 1) * (pos - neg)

    return denoise
