"""DPM-Solver++ (2M): x_0 as a line in lam through this evaluation and the last.

    D   = x_0 + (x_0 - x_0') / (2 r),  r = (lam_t - lam_t') / h,  h = lam_s - lam_t
    x_s = sigma_s / sigma_t x_t - alpha_s (e^-h - 1) D

Lu et al. 2022 (DPM-Solver++), algorithm 2. To clean data, where h is infinite, x_s = alpha_s x_0.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, intervals, move

COST, ORDER = EACH, 2


def dpmpp_2m(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Deterministic."""
    before = None
    for _, t, s in intervals(path):
        d = x0 = denoise(x, t)
        h = s.lam - t.lam
        if before is not None and math.isfinite(h):
            r = (t.lam - before[0].lam) / h
            d = x0 + 0.5 / r * (x0 - before[1])
        drift = -s.alpha * math.expm1(-h)
        x = s.sigma / t.sigma * x + drift * d if math.isfinite(h) else move(x, x0, t, s)
        before = (t, x0)
        yield Step(x, x0, s)
