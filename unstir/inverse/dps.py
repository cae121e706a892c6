"""Diffusion posterior sampling: any differentiable measurement y = measure(x_0).

    x_s <- x_s - step grad_x |y - measure(x0(x_t))|

after each step t -> s (Chung et al. 2023, Algorithm 1 with the step size zeta / |residual| of its
section D.1). Written as a shift of x0: a ddim step multiplies that by
alpha_s - sigma_s alpha_t / sigma_t, so the path must be known, and the sampler should be ddim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor

from unstir.core.levels import Denoise, Level
from unstir.inverse.gradient import shifted


def dps(
    denoise: Denoise[Tensor],
    measure: Callable[[Tensor], Tensor],
    y: Tensor,
    path: Sequence[Level],
    step: float = 1.0,
) -> Denoise[Tensor]:
    """`measure` (B, ...) -> like y, (B, ...) or (1, ...); `step` is zeta', 0.1 to 1 in the paper,
    more where the path is short.

    Raises:
        KeyError: called at a level that is not of the path.
    """
    gains = {t: s.alpha - s.sigma * t.alpha / t.sigma for t, s in pairwise(path)}

    def loglik(_: Tensor, x0: Tensor, t: Level) -> Tensor:
        residual = (y - measure(x0)).flatten(1).square().sum(1)
        distance = (residual + 1e-12).sqrt()
        return -step * t.alpha / (t.sigma**2 * gains[t]) * distance

    return shifted(denoise, loglik)
