"""Euler ancestral: step below the next level, then add fresh noise up to it.

    up = eta k_s sqrt(1 - (k_s / k_t)^2),  down = sqrt(k_s^2 - up^2),  k = sigma / alpha

Song et al. 2021, appendix F, as k-diffusion writes it. eta = 1 is DDPM in other letters.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Level, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, fresh, intervals, move, stir

COST, ORDER = EACH, 1


def euler_ancestral(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None,
    eta: float = 1.0, s_noise: float = 1.0,
) -> Steps:  # fmt: skip
    """Draws noise on every interval, except one to clean data."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        up = min(1.0, eta * math.sqrt(fresh(t, s)))  # in units of k_s
        low = Level(s.t, s.alpha, s.sigma * math.sqrt(1 - up**2))
        x = stir(move(x, x0, t, low), low, s, noise, i, s_noise)
        yield Step(x, x0, s)
