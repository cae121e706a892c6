"""ReMDM: ancestral, but a token that is seen may be hidden again and so be mended.

    P(hidden at s | seen at t)   = again
    P(seen at s | hidden at t)   = (alpha_s - (1 - again) alpha_t) / (1 - alpha_t)
    again = min(cap, 1, (1 - alpha_s) / alpha_t)

Wang et al. 2025, sec. 3 and the "cap" of sec. 4: at every level as many tokens are hidden as
without, whatever the cap; 0 is `ancestral`.
"""

from typing import Any

from unstir.core.discrete.process import MASK, TOKEN, WHERE, draw
from unstir.core.discrete.samplers._moves import Noise, Steps, downward, shown
from unstir.core.levels import Denoise, Level, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._cost import EACH

COST, EXACT = EACH, True


def remdm(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise, free: Any = None, cap: float = 0.04
) -> Steps:
    """For many steps. `free`: the tokens that may be hidden again; None: those hidden in x. A
    path may stay at a level for a while, to mend more."""
    free, where = x == MASK if free is None else free, namespace(x).where
    for i, t, s in downward(path):
        x0, masked, u = denoise(x, t), x == MASK, noise(i, WHERE)
        again = _again(t, s, cap)
        seen = masked & (u <= shown(t, s) + again * (t.alpha / t.sigma))
        lost = free & ~masked & (u <= again)
        x = where(seen, draw(x0, noise(i, TOKEN)), where(lost, MASK, x))
        yield Step(x, x0, s)


def _again(t: Level, s: Level, cap: float) -> float:
    return min(cap, 1.0, s.sigma / t.alpha) if t.alpha > 0 else min(cap, 1.0)
