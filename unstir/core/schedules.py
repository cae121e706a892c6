"""The forward process: two functions of time, and nothing to learn.

    x_t = alpha(t) x_0 + sigma(t) eps        t = 0 is data (alpha 1, sigma 0), t = 1 is noise

A schedule is a frozen value; called with t (a float or an array) it answers (alpha, sigma), and
`inverse` gives the t of a lam = log(alpha / sigma). All are smooth in t and exact at both ends.

    name           alpha                    sigma                              reference
    linear_beta    sqrt(prod(1 - beta_i))   sqrt(1 - alpha^2)                  Ho 2020
    scaled_linear  the same, with sqrt(beta) linear                            Rombach 2022
    cosine         cos, shifted by s        sqrt(1 - alpha^2)                  Nichol 2021, eq. 17
    sigmoid        sqrt(gamma)              sqrt(1 - gamma)                    Jabri 2022
    ve             1                        geometric                          Song 2021, eq. 30
    edm            1                        rho-th power of a line             Karras 2022, eq. 5
    flow           1 - sigma                shift t / (1 + (shift - 1) t)      Lipman 2023
    zero_terminal  another's, bent so that t = 1 is pure noise                 Lin 2024, Alg. 1

    level(flow(shift=3.0), 0.5)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from unstir.core.find import named
from unstir.core.levels import Level
from unstir.core.namespace import namespace

TRAIN_STEPS = 1000
"""Discrete models were trained on this many steps: their timestep k is our t = (k + 1) / 1000."""


class Schedule(Protocol):
    """(alpha, sigma) as a function of t, and back from log(alpha / sigma)."""

    @property
    def low(self) -> float:
        """The last noisy time of spacings that count in log sigma, and so never reach 0."""
        ...

    def __call__(self, t: Any, /) -> tuple[Any, Any]: ...

    def inverse(self, lam: Any, /) -> Any:
        """The t at which log(alpha / sigma) = lam; beyond the ends, the end."""
        ...


def level(schedule: Schedule, t: Any) -> Level:
    """The level of a schedule at time t: floats for a float, arrays of t's shape for an array."""
    return Level(t, *schedule(t))


@dataclass(frozen=True)
class linear_beta:
    """DDPM: beta rises linearly over 1,000 steps (Ho et al. 2020, sec. 4); diffusers' "linear"."""

    start: float = 1e-4
    end: float = 0.02
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        slope = (self.end - self.start) / (TRAIN_STEPS - 1)
        return _preserving(t, _log_product(t * TRAIN_STEPS, -self.start, -slope))

    def inverse(self, lam: Any) -> Any:
        return _bisect(self, lam)


@dataclass(frozen=True)
class scaled_linear:
    """Latent diffusion: r = sqrt(beta) rises linearly, 1 - beta = (1 - r)(1 + r) (Rombach)."""

    start: float = 0.00085
    end: float = 0.012
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        n, root = t * TRAIN_STEPS, math.sqrt(self.start)
        slope = (math.sqrt(self.end) - root) / (TRAIN_STEPS - 1)
        return _preserving(t, _log_product(n, -root, -slope) + _log_product(n, root, slope))

    def inverse(self, lam: Any) -> Any:
        return _bisect(self, lam)


@dataclass(frozen=True)
class cosine:
    """alpha = cos(a) / cos(a_0), a = (t + s) / (1 + s) pi / 2 (Nichol & Dhariwal 2021, eq. 17).

    At t = (k + 1) / 1000 this is diffusers' "squaredcos_cap_v2" except its very last step, where
    the cap beta <= 0.999 leaves a trace of signal and ours is pure noise. For a network that
    predicts eps a path begins below (core/parametrizations.highest).
    """

    s: float = 0.008
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        xp, turn = namespace(t), math.pi / 2 / (1 + self.s)
        first = turn * self.s  # a_0
        variance = xp.sin(t * turn) * xp.sin(t * turn + 2 * first)  # cos^2 a_0 - cos^2 a
        return xp.sin((1 - t) * turn) / math.cos(first), xp.sqrt(variance) / math.cos(first)

    def inverse(self, lam: Any) -> Any:
        xp, turn = namespace(lam), math.pi / 2 / (1 + self.s)
        alpha = 1 / xp.sqrt(1 + xp.exp(-2 * lam))
        return xp.clip(1 - xp.arcsin(alpha * math.cos(turn * self.s)) / turn, 0.0, 1.0)


@dataclass(frozen=True)
class sigmoid:
    """alpha^2 falls from 1 to 0 along a logistic curve from `start` to `end` (Jabri et al. 2022).

    Written by S(b) - S(a) = sinh((b - a) / 2) / (2 cosh(a / 2) cosh(b / 2)), exact at both ends.
    """

    start: float = -3.0
    end: float = 3.0
    tau: float = 1.0
    low = 1 / TRAIN_STEPS

    def _ends(self) -> tuple[float, float, float]:
        """Half the width of the curve, and cosh at its two ends."""
        first, last = self.start / self.tau / 2, self.end / self.tau / 2
        return last - first, math.cosh(first), math.cosh(last)

    def __call__(self, t: Any) -> tuple[Any, Any]:
        xp, (width, first, last) = namespace(t), self._ends()
        scale = math.sinh(width) * xp.cosh(self.start / self.tau / 2 + t * width)
        signal, noise = xp.sinh((1 - t) * width) * first, xp.sinh(t * width) * last
        return xp.sqrt(signal / scale), xp.sqrt(noise / scale)

    def inverse(self, lam: Any) -> Any:
        xp, (width, first, last) = namespace(lam), self._ends()
        ratio = xp.exp(2 * lam) * (last / first)  # = sinh((1 - t) width) / sinh(t width)
        return xp.clip(xp.arctanh(math.sinh(width) / (ratio + math.cosh(width))) / width, 0.0, 1.0)


@dataclass(frozen=True)
class ve:
    """Variance exploding: the exact kernel of the SDE of Song et al. 2021, eq. 30."""

    sigma_min: float = 0.02
    sigma_max: float = 100.0

    @property
    def low(self) -> float:
        return self.inverse(-math.log(self.sigma_min))

    def __call__(self, t: Any) -> tuple[Any, Any]:
        xp, rate = namespace(t), math.log1p((self.sigma_max / self.sigma_min) ** 2)
        return 0 * t + 1.0, self.sigma_min * xp.sqrt(xp.expm1(t * rate))

    def inverse(self, lam: Any) -> Any:
        xp, rate = namespace(lam), math.log1p((self.sigma_max / self.sigma_min) ** 2)
        return xp.clip(xp.log1p(xp.exp(-2 * lam) / self.sigma_min**2) / rate, 0.0, 1.0)


@dataclass(frozen=True)
class edm:
    """sigma = (a + b t)^rho - sigma_min: Karras et al. 2022, eq. 5, let down to reach 0."""

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    @property
    def low(self) -> float:
        return self.inverse(-math.log(self.sigma_min))

    def _slope(self) -> float:
        return math.expm1(math.log1p(self.sigma_max / self.sigma_min) / self.rho)

    def __call__(self, t: Any) -> tuple[Any, Any]:
        xp = namespace(t)
        return 0 * t + 1.0, self.sigma_min * xp.expm1(self.rho * xp.log1p(t * self._slope()))

    def inverse(self, lam: Any) -> Any:
        xp = namespace(lam)
        root = xp.expm1(xp.log1p(xp.exp(-lam) / self.sigma_min) / self.rho)
        return xp.clip(root / self._slope(), 0.0, 1.0)


@dataclass(frozen=True)
class flow:
    """Rectified flow: a straight line from data to noise (Lipman et al. 2023).

    A `shift` above 1 spends more time near noise, for larger pictures (Esser et al. 2024, eq. 23).
    """

    shift: float = 1.0
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        total = 1 + (self.shift - 1) * t
        return (1 - t) / total, self.shift * t / total

    def inverse(self, lam: Any) -> Any:
        return 1 / (1 + self.shift * namespace(lam).exp(lam))


@dataclass(frozen=True)
class zero_terminal:
    """`base` with alpha moved and scaled so that t = 1 is pure noise (Lin et al. 2024, Alg. 1).

    Their first training step stays in place, and so does all below it, for t = 0 must be clean.
    """

    base: Schedule
    low = 1 / TRAIN_STEPS

    def __call__(self, t: Any) -> tuple[Any, Any]:
        xp = namespace(t)
        lost = xp.clip(self._lost(t) / self._lost(1.0), 0.0, 1.0)
        return 1 - lost, xp.sqrt(lost * (2 - lost))

    def _lost(self, t: Any) -> Any:
        """1 - alpha, times a constant."""
        (first, s), (last, _) = self.base(self.low), self.base(1.0)
        alpha, sigma = self.base(t)
        lost = sigma * sigma / (1 + alpha)
        return first * lost - last * namespace(t).clip(lost, 0.0, s * s / (1 + first))

    def inverse(self, lam: Any) -> Any:
        return _bisect(self, lam)


_ALL = (linear_beta, scaled_linear, cosine, sigmoid, ve, edm, flow, zero_terminal)
TABLE: Mapping[str, Any] = {schedule.__name__: schedule for schedule in _ALL}


def to_json(schedule: Schedule) -> dict[str, Any]:
    """``{"name": "flow", "shift": 1.0}``: what `from_json` reads back."""
    numbers = {k: getattr(schedule, k) for k in _numbers(schedule)}
    plain = {k: to_json(v) if k == "base" else v for k, v in numbers.items()}
    return {"name": type(schedule).__name__, **plain}


def from_json(spec: Mapping[str, Any]) -> Schedule:
    """The schedule of ``{"name": ..., numbers...}``; numbers left out have their defaults."""
    name = str(spec.get("name"))
    make, given = named(TABLE, name, "schedules"), {k: v for k, v in spec.items() if k != "name"}
    known = _numbers(make)
    for k, v in given.items():
        if k not in known:
            raise ValueError(f"{name} has no number {k!r}; it has: {', '.join(known)}")
        if not isinstance(v, Mapping if k == "base" else (int, float)):
            raise ValueError(f"{k}={v!r} of schedule {name} is of the wrong kind")
    if "base" in known and "base" not in given:
        raise ValueError(f"{name} needs base, the schedule it bends")
    return make(**{k: from_json(v) if k == "base" else v for k, v in given.items()})


def _numbers(make: Any) -> list[str]:
    return [f.name for f in fields(make)]


_SERIES = tuple((-1) ** k / ((k + 1) * (k + 2)) for k in range(15, -1, -1))


def _log_product(n: Any, first: float, slope: float) -> Any:
    """log of prod_{i < n} (1 + first + slope i) for real n, smooth and within 1e-13 at whole n.

    The product is a ratio of Gamma functions; this is their Stirling series (Euler-Maclaurin from
    midpoint to midpoint).
    """
    origin = 1 + first - slope / 2
    r = n * (slope / origin)
    series = 0 * r
    for coefficient in _SERIES:  # ((1 + r) log(1 + r) - r) / r^2
        series = series * r + coefficient
    return n * (math.log1p(first - slope / 2) + r * series) + slope / origin / 24 * r / (1 + r)


def _preserving(t: Any, log_alpha2: Any) -> tuple[Any, Any]:
    """(alpha, sigma) with alpha^2 + sigma^2 = 1, from log alpha^2."""
    xp = namespace(t)
    return xp.exp(log_alpha2 / 2), xp.sqrt(0 - xp.expm1(log_alpha2))


def _bisect(schedule: Schedule, lam: Any) -> Any:
    """The t of a lam where there is no formula: 60 halvings, float or array."""
    xp = namespace(lam)
    low = 0 * xp.clip(lam, -1.0, 1.0)
    high = low + 1.0
    for _ in range(60):
        middle = (low + high) / 2
        above = level(schedule, middle).lam > lam
        low, high = xp.where(above, middle, low), xp.where(above, high, middle)
    return low
