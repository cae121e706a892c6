"""DEIS: eps as a polynomial in log(sigma / alpha) through the last evaluations.

    x_s / alpha_s = x_t / alpha_t + int eps dk,  k = sigma / alpha

Zhang & Chen 2023, eq. 15 (tAB-DEIS), with log k for t ("log rho"). A short path that ends noisy
ends at lower order, as its last step is long in log k.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._exponential import History, adams, taper, usable, weighted
from unstir.core.samplers._moves import Noise, Steps, intervals, move, noise_of

COST, ORDER = EACH, 3


def deis(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None, order: int = 3
) -> Steps:
    """Deterministic."""
    history: History = []
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        history = [(t, noise_of(x, x0, t)), *history[: order - 1]]
        if known := usable(history, taper(order, path, i) if path[-1].sigma > 0 else order, s):
            by = adams([t.lam - past.lam for past, _ in known], t.lam - s.lam)
            x = s.alpha / t.alpha * x + s.sigma * weighted(by, [eps for _, eps in known])
        else:
            x = move(x, x0, t, s)
        yield Step(x, x0, s)
