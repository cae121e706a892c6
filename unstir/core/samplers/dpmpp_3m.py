"""DPM-Solver++ (3M): x_0 as a parabola in lam through this evaluation and the last two.

    x_s = sigma_s / sigma_t x_t + alpha_s int_0^h e^(u - h) x_0(lam_t + u) du

Lu et al. 2022 (DPM-Solver++), eq. 9. The surprise: the authors' code, and all after it, gives the
parabola half its curvature. That makes it order 2, and better in 10 to 50 steps all the same, so
0.5 is the sampler the world knows; curvature = 1 is the one of order 3.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._exponential import History, step, taper, usable
from unstir.core.samplers._moves import Noise, Steps, intervals, move

COST, ORDER = EACH, 2


def dpmpp_3m(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None, curvature: float = 0.5
) -> Steps:
    """Deterministic."""
    history: History = []
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        history = [(t, x0), *history[:2]]
        known = usable(history, taper(3, path, i), s)
        x = step(x, known, s, curvature) if known else move(x, x0, t, s)
        yield Step(x, x0, s)
