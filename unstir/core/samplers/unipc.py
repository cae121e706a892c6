"""UniPC: predict the next state; once it is evaluated, correct it with that evaluation.

    predict  x_s from x_0 at t and before        correct  the same with x_0 at s among them

Zhao et al. 2023, algorithms 5 and 6, x_0 prediction, B(h) = e^h - 1 ("bh2"). The corrector is
free: its evaluation is the next step's. Toward clean data the order falls to 1, as in theirs.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._exponential import step, usable
from unstir.core.samplers._moves import Noise, Steps, intervals, move

COST, ORDER = EACH, 3


def unipc(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None, order: int = 2
) -> Steps:
    """Deterministic; `order` values predict, and one more corrects."""
    history, known, origin = list[Any](), list[Any](), x
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        if known:
            x = step(origin, [*known, (t, x0)], t)
        left = len(path) - 1 - i if path[-1].sigma == 0 else order
        history = [(t, x0), *history[: order - 1]]
        origin, known = x, usable(history, min(order, left), s)
        x = step(x, known, s) if known else move(x, x0, t, s)
        yield Step(x, x0, s)
