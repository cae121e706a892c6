"""What the network predicts is one row of one table (a = alpha, s = sigma, r^2 = a^2 + s^2):

    x0 = skip * x + out * F(into * x)

    name    F predicts                skip           out         into   reference
    x0      x0                        0              1           1      Ho et al. 2020
    eps     eps                       1 / a          -s / a      1      Ho et al. 2020, eq. 15
    v       a eps - s x0              a / r^2        -s / r^2    1      Salimans & Ho 2022, app. D
    flow    eps - x0                  1 / (a + s)    -s / (a+s)  1      Lipman et al. 2023
    edm(d)  (s x0 - a d^2 eps) / dw   a d^2 / w^2    s d / w     1 / w  Karras et al. 2022, tab. 1

with w^2 = s^2 + a^2 d^2 and d the deviation of the data. Each row is solved from x = a x0 + s eps
alone, and so holds on every schedule: r is 1 only where variance is preserved, a + s only on
straight lines, and edm, written for a = 1, is applied to x / a. Where r = 1, edm(1) is -v.

    denoise = denoiser(net, "v")
    loss = (net(x, level) - target("v", x0, eps, level)) ** 2
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unstir.core.find import named
from unstir.core.levels import Denoise, Level
from unstir.core.namespace import namespace
from unstir.core.schedules import Schedule


@dataclass(frozen=True)
class Parametrization:
    """One row: (skip, out, into) of a level, and the target F of (x0, eps, level)."""

    coefficients: Callable[[Level], tuple[Any, Any, Any]]
    target: Callable[[Any, Any, Level], Any]


def edm(sigma_data: float = 0.5) -> Parametrization:
    """Unit-variance input and target at every level; `sigma_data` is the deviation of the data."""
    d = sigma_data

    def width(t: Level) -> Any:
        return namespace(t.sigma).sqrt(t.sigma * t.sigma + t.alpha * t.alpha * (d * d))

    def coefficients(t: Level) -> tuple[Any, Any, Any]:
        w = width(t)
        return t.alpha * (d * d) / (w * w), t.sigma * d / w, 1 / w

    return Parametrization(
        coefficients,
        lambda x0, eps, t: (t.sigma * x0 - t.alpha * (d * d) * eps) * (1 / (d * width(t))),
    )


def _eps(t: Level) -> tuple[Any, Any, Any]:
    if not (t.alpha > 0 if isinstance(t.alpha, float) else (t.alpha > 0).all()):
        raise ValueError(
            f"at t={t.t} there is only noise, and eps says nothing about x0; start the path below "
            "(`highest` says where), or train a network that predicts v, flow or x0"
        )
    return 1 / t.alpha, -t.sigma / t.alpha, 1.0


def _v(t: Level) -> tuple[Any, Any, Any]:
    square = t.alpha * t.alpha + t.sigma * t.sigma
    return t.alpha / square, -t.sigma / square, 1.0


def _flow(t: Level) -> tuple[Any, Any, Any]:
    return 1 / (t.alpha + t.sigma), -t.sigma / (t.alpha + t.sigma), 1.0


TABLE: Mapping[str, Parametrization] = {
    "x0":   Parametrization(lambda t: (0.0, 1.0, 1.0), lambda x0, eps, t: x0),
    "eps":  Parametrization(_eps,  lambda x0, eps, t: eps),
    "v":    Parametrization(_v,    lambda x0, eps, t: t.alpha * eps - t.sigma * x0),
    "flow": Parametrization(_flow, lambda x0, eps, t: eps - x0),
    "edm":  edm(),
}  # fmt: skip


LEAST = 0.06
"""alpha / sigma at which paths begin for eps; latent diffusion's schedule ends at 0.068."""


def parametrization(name: str) -> Parametrization:
    """The row of a name: one of the table, or edm with a number, as in "edm(1.0)"."""
    number = re.fullmatch(r"edm\((\d*\.?\d+)\)", name)
    return edm(float(number[1])) if number else named(TABLE, name, "parametrizations")


def to_x0(name: str, level: Level) -> tuple[Any, Any, Any]:
    """(skip, out, into) at a level."""
    return parametrization(name).coefficients(level)


def highest(name: str, schedule: Schedule) -> float:
    """The time at which a path begins. A network that predicts noise says nothing of x0 where
    there is only noise, and little near it, for its errors are multiplied by sigma / alpha; so
    such a path begins where `LEAST` signal is left."""
    return float(schedule.inverse(math.log(LEAST))) if name == "eps" else 1.0


def target(name: str, x0: Any, eps: Any, level: Level) -> Any:
    """What the network is trained to answer."""
    return parametrization(name).target(x0, eps, level)


def from_x0(name: str, x: Any, x0: Any, level: Level) -> Any:
    """The raw output that means this x0: turns one parametrization's answer into another's."""
    skip, out, _ = to_x0(name, level)
    return (x0 - skip * x) * (1 / out)


def denoiser(net: Callable[[Any, Level], Any], name: str) -> Denoise[Any]:
    """The denoiser of a raw network F(x, level)."""
    row = parametrization(name)

    def denoise(x: Any, level: Level) -> Any:
        skip, out, into = row.coefficients(level)
        return skip * x + out * net(into * x, level)

    return denoise
