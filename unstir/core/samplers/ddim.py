"""DDIM: take the noise out, put less of it back, and `eta` times what DDPM would draw anew.

    x_s = alpha_s x_0 + sqrt(sigma_s^2 - up^2) eps + up z
    up  = eta sigma_s sqrt(1 - (alpha_t sigma_s / (alpha_s sigma_t))^2)

Song et al. 2021 (DDIM), eq. 12 and 16. eta = 0 is Euler's step of the flow, eta = 1 is DDPM.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, fresh, given, intervals, noise_of

COST, ORDER = EACH, 1


def ddim(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None, eta: float = 0.0
) -> Steps:
    """Deterministic at eta = 0, and then also climbs: inversion."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        up = min(1.0, eta * math.sqrt(fresh(t, s))) * s.sigma if eta > 0 else 0.0
        x = s.alpha * x0 + math.sqrt(s.sigma**2 - up**2) * noise_of(x, x0, t)
        if up > 0:
            x = x + up * given(noise)(i)
        yield Step(x, x0, s)
