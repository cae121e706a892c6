"""How soon tokens are hidden: alpha(t), the probability that a token is seen at t.

    name         sigma = 1 - alpha     rate = -alpha' / (1 - alpha)    reference
    polynomial   t^power               power / t                       Shi et al. 2024, tab. 1
    cosine       sin(pi t / 2)         pi / 2 cot(pi t / 2)            Chang et al. 2022, sec. 3.3

A power of 1 is the linear schedule of MDLM (Sahoo et al. 2024). `rate` is the weight of the
training loss: the chance, per unit of time, that a hidden token is seen on the way down. The bound
on the likelihood is the same for all; what differs is where a path's steps lie, and the variance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from unstir.core import schedules
from unstir.core.namespace import namespace
from unstir.core.schedules import TRAIN_STEPS


class Schedule(schedules.Schedule, Protocol):
    """(alpha, 1 - alpha) as a function of t; `paths` and `level` serve it like any other."""

    def rate(self, t: Any, /) -> Any:
        """-alpha'(t) / (1 - alpha(t)), t > 0."""
        ...


@dataclass(frozen=True)
class polynomial:
    """sigma = t^power: below 1 hides early, above 1 late."""

    power: float = 1.0
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        sigma = t**self.power
        return 1 - sigma, sigma

    def inverse(self, lam: Any) -> Any:
        return (1 / (1 + namespace(lam).exp(lam))) ** (1 / self.power)

    def rate(self, t: Any) -> Any:
        return self.power / t


@dataclass(frozen=True)
class cosine:
    """sigma = sin(pi t / 2), which is MaskGIT's cosine of the time that has passed: few tokens at
    first, when little is known."""

    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        sigma = namespace(t).sin(math.pi / 2 * t)
        return 1 - sigma, sigma

    def inverse(self, lam: Any) -> Any:
        xp = namespace(lam)
        return xp.arcsin(1 / (1 + xp.exp(lam))) * (2 / math.pi)

    def rate(self, t: Any) -> Any:
        xp = namespace(t)
        return math.pi / 2 * xp.cos(math.pi / 2 * t) / xp.sin(math.pi / 2 * t)


TABLE: Mapping[str, Any] = {"polynomial": polynomial, "cosine": cosine}
