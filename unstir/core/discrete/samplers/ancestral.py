"""Ancestral: each hidden token is drawn with its chance to be seen, all others wait.

    P(seen at s | hidden at t) = (alpha_s - alpha_t) / (1 - alpha_t)

Sahoo et al. 2024 (MDLM), sec. 3.2; a leap in time as in Campbell et al. 2022, sec. 4.3. Tokens
drawn in one step do not know of each other: the error falls with the number of steps.
"""

from typing import Any

from unstir.core.discrete.process import MASK, TOKEN, WHERE, draw
from unstir.core.discrete.samplers._moves import Noise, Steps, downward, shown
from unstir.core.levels import Denoise, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._cost import EACH

COST, EXACT = EACH, True


def ancestral(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise) -> Steps:
    """The textbook; how many tokens appear in a step is left to chance."""
    for i, t, s in downward(path):
        x0 = denoise(x, t)
        seen = (x == MASK) & (noise(i, WHERE) <= shown(t, s))
        x = namespace(x).where(seen, draw(x0, noise(i, TOKEN)), x)
        yield Step(x, x0, s)
