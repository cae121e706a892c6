"""CFG at the contrast of its conditional answer (Lin et al. 2024, sec. 3.4, in x_0).

    guided * (amount * std(pos) / std(guided) + 1 - amount)

The deviations are taken over each sample.
"""

from __future__ import annotations

import math
from typing import Any

from unstir.core.guidance.cfg import cfg
from unstir.core.levels import Both, Denoise, Level
from unstir.core.namespace import mean, namespace


def rescale(both: Both[Any], scale: float, amount: float = 0.7) -> Denoise[Any]:
    """Amount 0 is plain cfg, 1 the full correction of its over-exposure."""

    def denoise(x: Any, t: Level) -> Any:
        pair = both(x, t)
        guided = cfg(lambda x, t: pair, scale)(x, t)
        ratio = _deviation(pair[0]) / _deviation(guided)
        return guided * (amount * ratio + (1 - amount))

    return denoise


def _deviation(x: Any) -> Any:
    centered, xp = x - mean(x), namespace(x)
    return xp.clip(xp.sqrt(mean(centered * centered)), 1e-12, math.inf)
