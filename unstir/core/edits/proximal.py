"""Measurements with noise, y = A x_0 + noise: the estimate that weighs them against the model's.

    x0 = argmin_z |y - A z|^2 + rho |z - x0|^2,      rho = weight noise^2 alpha^2 / sigma^2

DiffPIR (Zhu et al. 2023, eq. 12 to 14; half-quadratic splitting). Its fresh noise between the
steps is a sampler's: ddim with eta, or ddpm. Without noise it is `project`. For orthogonal rows,
A A^T = gain, the minimum is in closed form; for others give a `solve` of your own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unstir.core.levels import Denoise, Level


def proximal(
    denoise: Denoise[Any], solve: Callable[[Any, float], Any], noise: float, weight: float = 7.0
) -> Denoise[Any]:
    """`solve` (x0, rho) gives the minimum, as `rows` does; `noise` is the measurement's deviation;
    `weight` the paper's lambda, 3 to 25."""

    def weighed(x: Any, t: Level) -> Any:
        return solve(denoise(x, t), weight * (noise * t.alpha / t.sigma) ** 2)

    return weighed


def rows(
    A: Callable[[Any], Any], transposed: Callable[[Any], Any], y: Any, gain: float = 1.0
) -> Callable[[Any, float], Any]:
    """The minimum where A A^T = gain: of means over f x f blocks gain is 1 / f^2."""
    return lambda x0, rho: x0 + transposed(y - A(x0)) * (1 / (gain + rho))
