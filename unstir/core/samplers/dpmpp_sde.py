"""DPM-Solver++ (SDE): the reverse diffusion, with a look at x_0 half way.

    x_s = sigma_s / sigma_t e^-h x_t + alpha_s (1 - e^-2h) D + sigma_s sqrt(1 - e^-2h) z
    D   = x_0 + (x_0m - x_0) / (2 r),  r = (lam_m - lam_t) / h,  h = lam_s - lam_t

Lu et al. 2022 (DPM-Solver++), eq. 18, with the second look of k-diffusion. As in `dpm2` the path
is taken in pairs of intervals; the noise of a pair is that of its halves: one Brownian path.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Level, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, fresh, given, intervals, pairs

COST, ORDER = EACH, 2


def dpmpp_sde(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Draws noise on every interval, except one to clean data."""
    start = None
    for i, m, s in intervals(path):
        x0 = denoise(x, m)
        keep, gain, up = _diffusion(m, s)
        drawn = up * given(noise)(i) if up > 0 else 0.0
        if start is None:
            start = (x, x0, m, drawn) if pairs(path, i) else None
            x = keep * x + gain * x0 + drawn
        else:
            x, first, t, before = start
            best = first + 0.5 * (s.lam - t.lam) / (m.lam - t.lam) * (x0 - first)
            whole, gain, _ = _diffusion(t, s)
            x, start = whole * x + gain * best + keep * before + drawn, None
        yield Step(x, x0, s)


def _diffusion(t: Level, s: Level) -> tuple[float, float, float]:
    """How much of x_t stays, of x_0 comes in, of noise is drawn."""
    new = fresh(t, s)
    return s.sigma / t.sigma * math.sqrt(1 - new), s.alpha * new, s.sigma * math.sqrt(new)
