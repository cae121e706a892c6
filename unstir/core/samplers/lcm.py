"""Consistency multistep: jump to the data, stir noise in up to the next level, jump again.

    x_s = alpha_s x_0 + sigma_s z

Song et al. 2023, algorithm 1; Luo et al. 2023 (LCM), algorithm 3. For networks that answer with
the end of the trajectory; with a plain denoiser it blurs, and so has no order.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import Noise, Steps, given, intervals

COST = EACH


def lcm(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Draws noise on every interval, except one to clean data."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        x = s.alpha * x0
        if s.sigma > 0:
            x = x + s.sigma * given(noise)(i)
        yield Step(x, x0, s)
