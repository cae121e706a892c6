"""Confidence: every token is drawn, and those the network is surest of are kept.

    score = log p(token) + randomness t_s Gumbel

Chang et al. 2022 (MaskGIT), sec. 3.2; its code anneals Gumbel noise of 4.5 as here. The choice
looks at what was drawn, which favors the likely: surer than the data, not its distribution.
"""

from typing import Any

from unstir.core.discrete.process import TOKEN, WHERE, draw, log_probability
from unstir.core.discrete.samplers._moves import Noise, Steps, best, downward, quota
from unstir.core.levels import Denoise, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._cost import EACH

COST, EXACT = EACH, False


def confidence(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise, randomness: float = 4.5
) -> Steps:
    """For few steps; a randomness of 0 is greedy, a large one is `random_order`."""
    left, xp = quota(x, path), namespace(x)
    for i, t, s in downward(path):
        x0 = denoise(x, t)
        token = draw(x0, noise(i, TOKEN))
        gumbel = 0 - xp.log(0 - xp.log(noise(i, WHERE)))
        score = log_probability(x0, token) + randomness * s.t * gumbel
        seen = best(score, x, left(s))
        x = xp.where(seen, token, x)
        yield Step(x, x0, s)
