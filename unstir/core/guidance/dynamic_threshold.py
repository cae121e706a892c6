"""Dynamic thresholding: x_0 is pulled back into its range (Saharia et al. 2022, sec. 2.3).

    x0 = clip(x0, -s, s) * bound / s

with s = max(bound, quantile(|x0|)) of each sample.
"""

from __future__ import annotations

import math
from typing import Any

from unstir.core.levels import Denoise, Level
from unstir.core.namespace import namespace, quantile


def dynamic_threshold(
    denoise: Denoise[Any], percentile: float = 0.995, bound: float = 1.0
) -> Denoise[Any]:
    """For data within [-bound, bound], as pixels are; latents have no such range."""

    def thresholded(x: Any, t: Level) -> Any:
        x0 = denoise(x, t)
        xp = namespace(x0)
        s = xp.clip(quantile(xp.abs(x0), percentile), bound, math.inf)
        return xp.clip(x0, -s, s) * (bound / s)

    return thresholded
