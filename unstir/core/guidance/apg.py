"""Adaptive projected guidance: high scales without over-saturation (Sadat et al. 2025, Alg. 1).

The difference pos - neg is added to `momentum` times its past, shortened to `norm`, and its part
parallel to pos, which only raises contrast, is multiplied by eta.
"""

from __future__ import annotations

import math
from typing import Any

from unstir.core.levels import Both, Denoise, Level
from unstir.core.namespace import mean, namespace, size


def apg(
    both: Both[Any], scale: float, eta: float = 0.0, momentum: float = -0.5, norm: float = math.inf
) -> Denoise[Any]:
    """A Denoise for one run, for it remembers. eta=1, momentum=0 is cfg.

    `norm` is the paper's, an L2 norm over the sample: 15 for its latents of 4 x 64 x 64.
    """
    past: Any = 0.0

    def denoise(x: Any, t: Level) -> Any:
        nonlocal past
        pos, neg = both(x, t)
        past = pos - neg + momentum * past
        xp = namespace(pos)
        length = xp.sqrt(mean(past * past) * size(pos))
        step = past * xp.clip(norm / xp.clip(length, 1e-12, math.inf), 0.0, 1.0)
        parallel = pos * (mean(step * pos) / xp.clip(mean(pos * pos), 1e-12, math.inf))
        return pos + (scale - 1) * (step - (1 - eta) * parallel)

    return denoise
