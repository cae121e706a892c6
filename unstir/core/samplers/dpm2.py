"""DPM-Solver-2: a look at the slope half way, then the whole step with it.

    x_s / alpha_s = x_t / alpha_t + (k_s - k_t) (eps_t + (eps_m - eps_t) / (2 r))
    k = sigma / alpha,  r = (lam_m - lam_t) / (lam_s - lam_t)

Lu et al. 2022 (DPM-Solver), algorithm 4. The path is taken in pairs of intervals and m is the
level between them: every evaluation is at a level of the path.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, intervals, move, noise_of, pairs

COST, ORDER = EACH, 2


def dpm2(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Deterministic; an interval without a partner is Euler's."""
    start = None
    for i, m, s in intervals(path):
        x0 = denoise(x, m)
        eps = noise_of(x, x0, m)
        if start is None:
            start = (x, eps, m) if pairs(path, i) else None
            x = move(x, x0, m, s)
        else:
            x, first, t = start
            best = first + 0.5 * (s.lam - t.lam) / (m.lam - t.lam) * (eps - first)
            keep, start = s.alpha / t.alpha, None
            x = keep * x + (s.sigma - keep * t.sigma) * best
        yield Step(x, x0, s)
