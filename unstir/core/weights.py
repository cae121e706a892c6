"""How much the loss of each noise level counts: w(level) * |F - target|^2.

An error of F is an error of x0 times `out` (parametrizations): w on F is w / out^2 on x0. Papers
state theirs on x0; multiplied by out^2 here, they mean the same for every parametrization.

    uniform         1, on F itself
    min_snr         min(SNR, gamma) on x0               Hang et al. 2023, sec. 3.4
    soft_min_snr    SNR gamma / (SNR + gamma) on x0     Crowson et al. 2024
    edm             (s^2 + a^2 d^2) / (s d)^2 on x0     Karras et al. 2022, sec. 5

    loss = (min_snr(level, "v") * (F - target("v", x0, eps, level)) ** 2).mean()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from unstir.core.levels import Level
from unstir.core.namespace import namespace
from unstir.core.parametrizations import to_x0

Weight = Callable[[Level, str], Any]


def uniform(level: Level, parametrization: str) -> Any:
    """1: the loss of the raw output, unweighted."""
    return 0 * level.alpha + 1.0


def min_snr(level: Level, parametrization: str, gamma: float = 5.0) -> Any:
    """min(SNR, gamma) on x0: easy, nearly clean levels do not drown the rest."""
    a2, s2, out = _inner(level, parametrization)
    return namespace(a2).clip(a2 / s2, 0.0, gamma) * out * out


def soft_min_snr(level: Level, parametrization: str, gamma: float = 4.0) -> Any:
    """The same with a smooth bend."""
    a2, s2, out = _inner(level, parametrization)
    return gamma * a2 / (a2 + gamma * s2) * out * out


def edm(level: Level, parametrization: str, sigma_data: float = 0.5) -> Any:
    """1 on the output of edm(sigma_data): every level starts with a loss of 1."""
    a2, s2, out = _inner(level, parametrization)
    return (s2 + a2 * sigma_data**2) / (s2 * sigma_data**2) * out * out


def uncertainty(loss: Any, u: Any) -> Any:
    """loss / e^u + u for a learned log variance u of the level: least at u = log(loss), so that
    every level pulls alike (Kendall et al. 2018; Karras et al. 2024, eq. 21)."""
    return loss * namespace(u).exp(-u) + u


TABLE: Mapping[str, Weight] = {
    "uniform": uniform, "min_snr": min_snr, "soft_min_snr": soft_min_snr, "edm": edm,
}  # fmt: skip


def _inner(level: Level, parametrization: str) -> tuple[Any, Any, Any]:
    """alpha^2, sigma^2 and out, a hair inside the ends, where some rows are 0 / 0."""
    clip = namespace(level.alpha).clip
    alpha, sigma = clip(level.alpha, 1e-6, math.inf), clip(level.sigma, 1e-6, math.inf)
    _, out, _ = to_x0(parametrization, Level(level.t, alpha, sigma))
    return alpha * alpha, sigma * sigma, out
