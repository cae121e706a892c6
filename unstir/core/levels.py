"""A point on a noise schedule.

The forward process stirs a clean sample x_0 into noise: ``x_t = alpha_t x_0 + sigma_t eps`` with
``eps ~ N(0, I)`` (Ho et al. 2020, eq. 4; Kingma et al. 2021, eq. 1). A `Level` is one t with its
two coefficients, so that formulas read as in the papers: **the dot is the subscript**.

    x = s.alpha * x0 + s.sigma * eps
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from unstir.core.namespace import log

A = TypeVar("A")
"""Any array: numpy, torch, `Fields`, whatever has ``+ - *`` with itself and with floats."""
A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Level:
    """One noise level: t in [0, 1] (0 = data, 1 = noise) and x_t = alpha x_0 + sigma eps.

    Plain floats when sampling; arrays of shape (B, 1, ...) when training, or of the data's shape
    when time differs per element.
    """

    t: Any
    alpha: Any
    sigma: Any

    @property
    def logsnr(self) -> Any:
        """log(alpha^2 / sigma^2); +inf on clean data, -inf on pure noise."""
        return 2 * self.lam

    @property
    def lam(self) -> Any:
        """log(alpha / sigma), half the log SNR: the clock of DPM-Solver (Lu et al. 2022)."""
        return log(self.alpha) - log(self.sigma)


Path = Sequence[Level]
"""A way down: path[0] is the noisiest level, path[-1] the cleanest."""

Denoise = Callable[[A, Level], A]
"""x_t at a level -> the estimate of E[x_0 | x_t], with condition and guidance already inside."""

Both = Callable[[A, Level], tuple[A, A]]
"""x_t at a level -> (with the condition, without it): what guidance steers between."""


class NoiseSource(Protocol[A_co]):
    """Unit noise as a function of (step, draw): the same arguments give the same noise, always."""

    def __call__(self, step: int, draw: int = 0, /) -> A_co: ...


@dataclass(frozen=True, slots=True)
class Step(Generic[A]):
    """What a sampler yields: the state `x` at `level`, and the estimate `x0` that led there."""

    x: A
    x0: A
    level: Level


def renoise(x: Any, t: Level, s: Level, eps: Any) -> Any:
    """Stir x_t up to the noisier level s: x_s ~ q(x_s | x_t) (Kingma et al. 2021, app. A)."""
    keep = s.alpha / t.alpha
    return keep * x + math.sqrt(max(0.0, s.sigma**2 - (keep * t.sigma) ** 2)) * eps
