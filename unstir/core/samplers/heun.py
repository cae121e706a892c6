"""Heun: Euler's step, a second slope where it ends, and the mean of the two. EDM's sampler.

    x_s / alpha_s = x_t / alpha_t + (k_s - k_t) (eps_t + eps_s) / 2,  k = sigma / alpha

Karras et al. 2022, algorithm 2, with its churn (`_moves.quieter`); s_tmin and s_tmax are ratios k.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import Cost
from unstir.core.samplers._moves import Noise, Steps, bend, intervals, move, quieter, stir

COST, ORDER = Cost(lambda steps: 2 * steps - 1), 2


def heun(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None,
    s_churn: float = 0.0, s_tmin: float = 0.0, s_tmax: float = math.inf, s_noise: float = 1.0,
) -> Steps:  # fmt: skip
    """Deterministic at s_churn = 0; the last interval is Euler's."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        low = quieter(t, s, s_churn / (len(path) - 1), (s_tmin, s_tmax))
        ahead = move(x, x0, t, low)
        if i + 2 < len(path):
            ahead = ahead + bend(denoise(move(x, x0, t, s), s) - x0, t, s, low)
        x = stir(ahead, low, s, noise, i, s_noise)
        yield Step(x, x0, s)
