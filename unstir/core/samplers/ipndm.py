"""iPNDM: eps as Adams & Bashforth would weigh it on equal steps, whatever the steps are.

    x_s / alpha_s = x_t / alpha_t + (k_s - k_t) (55 eps - 59 eps' + 37 eps'' - 9 eps''') / 24

Liu et al. 2022 (PNDM), eq. 9, begun with the lower orders (Zhang & Chen 2023). Not knowing the
steps is the point: it is robust in 5 to 10. Of order 2, but 4 where the steps in k are equal.
"""

from typing import Any

from unstir.core.levels import Denoise, Path, Step
from unstir.core.samplers._cost import EACH
from unstir.core.samplers._exponential import weighted
from unstir.core.samplers._moves import Noise, Steps, intervals, move, noise_of

COST, ORDER = EACH, 2

BASHFORTH = [(24,), (36, -12), (46, -32, 10), (55, -59, 37, -9)]


def ipndm(denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None) -> Steps:
    """Deterministic."""
    history: list[Any] = []
    for _, t, s in intervals(path):
        x0 = denoise(x, t)
        history = [noise_of(x, x0, t), *history[:3]]
        if t.alpha > 0:
            keep, by = s.alpha / t.alpha, [w / 24 for w in BASHFORTH[len(history) - 1]]
            x = keep * x + (s.sigma - keep * t.sigma) * weighted(by, history)
        else:
            x = move(x, x0, t, s)
        yield Step(x, x0, s)
