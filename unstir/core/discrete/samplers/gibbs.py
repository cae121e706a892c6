"""Annealed blocked Gibbs: all that is hidden is drawn, then sigma_s of all is hidden anew.

Huang et al. 2017 (Coconet), sec. 4.2, after Yao et al. 2014. Blocks are drawn token by token, and
so only small ones exactly: the path begins with large blocks, to move, and ends with small, to
settle. It may climb or stay: `[level(schedule, 0.1)] * 32 + [level(schedule, 0.0)]` polishes.
"""

from typing import Any

from unstir.core.discrete.process import MASK, TOKEN, WHERE, draw, stir
from unstir.core.discrete.samplers._moves import Noise, Steps
from unstir.core.levels import Denoise, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._moves import intervals

COST, EXACT = EACH, True


def gibbs(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise, free: Any = None) -> Steps:
    """For many steps, and after another sampler. `free`: the tokens that may be hidden again;
    None: those hidden in x."""
    free, where = x == MASK if free is None else free, namespace(x).where
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        full = where(x == MASK, draw(x0, noise(i, TOKEN)), x)
        x = where(free, stir(full, s, noise(i, WHERE)), full)
        yield Step(x, x0, s)
