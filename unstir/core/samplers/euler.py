"""Euler: one straight step of the probability-flow ODE per interval, with EDM's churn if wanted.

    d(x / alpha) = eps dk,  k = sigma / alpha

Karras et al. 2022, algorithm 2 without its corrector; s_tmin and s_tmax are ratios k. Without
churn it is DDIM at eta = 0 on every schedule, and rectified flow's Euler step on its own.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, intervals, move, quieter, stir

COST, ORDER = EACH, 1


def euler(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None,
    s_churn: float = 0.0, s_tmin: float = 0.0, s_tmax: float = math.inf, s_noise: float = 1.0,
) -> Steps:  # fmt: skip
    """Deterministic at s_churn = 0."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        low = quieter(t, s, s_churn / (len(path) - 1), (s_tmin, s_tmax))
        x = stir(move(x, x0, t, low), low, s, noise, i, s_noise)
        yield Step(x, x0, s)
