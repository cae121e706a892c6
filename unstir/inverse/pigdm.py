"""Pseudo-inverse guidance: linear measurements y = A x_0 + noise.

    p(y | x_t) ~ N(A x0, r^2 A A^T + noise^2),      r^2 = v sigma^2 / (alpha^2 v + sigma^2)

Song et al. 2023 (PiGDM, eq. 7 and 8). r^2 is what is not known of x_0 at that level if the data
have the variance v in every direction; for such Gaussian data the posterior is exact.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from unstir.core.levels import Denoise, Level
from unstir.inverse.gradient import shifted

Linear = Callable[[Tensor], Tensor]


def pigdm(
    denoise: Denoise[Tensor],
    A: Linear,
    y: Tensor,
    *,
    variance: float = 1.0,
    noise: float = 0.0,
    solve: Callable[[Tensor, float], Tensor] | None = None,
) -> Denoise[Tensor]:
    """`solve` (residual, r^2) -> (r^2 A A^T + noise^2)^-1 residual; without it A A^T is 1.

    Args:
        variance: v, of the data.
        noise: the measurement's deviation.
    """

    def loglik(_: Tensor, x0: Tensor, t: Level) -> Tensor:
        known = variance * t.sigma**2 / (t.alpha**2 * variance + t.sigma**2)
        residual = y - A(x0)
        near = residual / (known + noise**2) if solve is None else solve(residual, known)
        return -(residual * near.detach()).flatten(1).sum(1)  # the gradient of half of the square

    return shifted(denoise, loglik)
