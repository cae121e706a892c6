"""DDPM: a draw from the posterior q(x_s | x_t, x_0), step after step.

    mean      alpha_t / alpha_s (sigma_s / sigma_t)^2 x_t + alpha_s b x_0
    variance  sigma_s^2 b,  b = 1 - (alpha_t sigma_s / (alpha_s sigma_t))^2

Ho et al. 2020, eq. 6-7 ("small" variance); for any alpha and sigma, Kingma et al. 2021, eq. 25-28.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, fresh, given, intervals, posterior

COST, ORDER = EACH, 1


def ddpm(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Draws noise on every interval, except one to clean data."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        x = posterior(x, x0, t, s)
        if s.sigma > 0:
            x = x + s.sigma * math.sqrt(fresh(t, s)) * given(noise)(i)
        yield Step(x, x0, s)
