"""Random order, in fixed numbers: at s, sigma_s of the tokens are still hidden, rounded.

With as many steps as tokens on the linear schedule it shows one at a time, and is exact whatever
the order (Uria et al. 2014; Hoogeboom et al. 2022, "Autoregressive diffusion models", eq. 2).
"""

from typing import Any

from unstir.core.discrete.process import TOKEN, WHERE, draw
from unstir.core.discrete.samplers._moves import Noise, Steps, best, downward, quota
from unstir.core.levels import Denoise, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._cost import EACH

COST, EXACT = EACH, True


def random_order(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise) -> Steps:
    """`ancestral` without the chance in its numbers: no step is idle, and none too bold."""
    left, xp = quota(x, path), namespace(x)
    for i, t, s in downward(path):
        x0 = denoise(x, t)
        seen = best(noise(i, WHERE), x, left(s))
        x = xp.where(seen, draw(x0, noise(i, TOKEN)), x)
        yield Step(x, x0, s)
