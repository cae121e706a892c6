"""What every sampler must do, as functions that raise: for the conformance and the mutation test.

Each takes `(sampler, stated)`, the function and its ORDER (None where it has none), and asserts.
The sharpest tool is `moments`: samplers meet arrays with ``+ - *`` only, so on data whose denoiser
is linear the result is a linear function of x_T and of every noise drawn. Run on basis vectors in
their place, one run gives the exact mean and variance of the result: statistics without sampling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from unstir.core.exact import Gaussian
from unstir.core.levels import Level, Path
from unstir.core.paths import karras, path
from unstir.core.schedules import cosine, edm, flow, linear_beta, sigmoid, ve, zero_terminal

Sampler = Callable[..., Any]

DATA = Gaussian(np.array([0.5, -1.0, 0.2]), np.array([0.3, 1.2, 0.02]))

SMOOTH: dict[str, Callable[[int], list[Level]]] = {
    "vp": lambda n: path(linear_beta(), n, start=1.0, stop=0.05),
    "edm": lambda n: path(edm(), n, karras(), start=1.0, stop=0.3),
    "flow": lambda n: path(flow(), n, karras(), start=0.98, stop=0.05),
}
"""Paths to measure order on: they end short of clean data, the step to which is Euler's in all."""

WHOLE = (
    *(linear_beta(), cosine(), sigmoid(), ve(), edm(), flow(), flow(shift=3.0)),
    zero_terminal(linear_beta()),
)
"""Schedules to walk from end to end: alpha_T = 0 in some, sigma_0 = 0 in all."""


def last(steps: Any) -> Any:
    """The state after the last step."""
    *_, step = steps
    return step.x


class Basis:
    """Every noise is a new basis vector; e_0 is the constant 1, e_1 the noise of x_T itself."""

    def __init__(self, size: int):
        self.size, self.drawn = size, dict[tuple[int, int], int]()

    def unit(self, k: int) -> Any:
        return np.eye(1, self.size, k)[0]

    def __call__(self, step: int, draw: int = 0) -> Any:
        assert (step, draw) not in self.drawn, f"noise {step, draw} is drawn twice"
        self.drawn[step, draw] = len(self.drawn) + 2
        return self.unit(self.drawn[step, draw])


def moments(
    sampler: Sampler, walk: Path, mean: float, variance: float, **numbers: Any
) -> list[tuple[Level, float, float]]:
    """(level, exact mean, exact variance) after each step, for data ~ N(mean, variance)."""
    noise, t = Basis(2 + 4 * len(walk)), walk[0]
    one = noise.unit(0)

    def denoise(x: Any, t: Level) -> Any:
        gain = t.alpha * variance / (t.alpha**2 * variance + t.sigma**2) if variance else 0.0
        return mean * one + gain * (x - t.alpha * mean * one)

    x = t.alpha * mean * one + math.hypot(t.alpha * variance**0.5, t.sigma) * noise.unit(1)
    steps = sampler(denoise, x, walk, noise=noise, **numbers)
    return [(step.level, step.x[0], float(step.x[1:] @ step.x[1:])) for step in steps]


def draws(sampler: Sampler, walk: Path) -> int:
    """How many noises the sampler draws along a path."""
    noise = Basis(2 + 4 * len(walk))
    last(sampler(lambda x, t: 0.5 * x, noise.unit(1), walk, noise=noise))
    return len(noise.drawn)


def order_of_moments(sampler: Sampler, stated: int | None) -> None:
    """If it draws noise: the variance of its results converges at the stated order."""
    for name, make in SMOOTH.items():
        if stated is None or not draws(sampler, make(12)):
            return
        errors = []
        for n in (160, 320):
            t, mean, variance = moments(sampler, make(n), 0.7, 0.25)[-1]
            assert abs(mean - t.alpha * 0.7) < 1e-9, (
                f"{name}: the mean is off by {mean - t.alpha * 0.7}"
            )
            errors.append(abs(variance - 0.25 * t.alpha**2 - t.sigma**2))
        found = math.log2(errors[0] / errors[1])
        assert abs(found - stated) < 0.25, (
            f"{name}: order {found:.2f} of the variance, not {stated}"
        )


def order_of_states(sampler: Sampler, stated: int | None) -> None:
    """If it draws none: its results converge to the exact flow at the stated order."""
    z = np.random.default_rng(0).standard_normal((20, 3))
    for name, make in SMOOTH.items():
        if stated is None or draws(sampler, make(12)):
            return
        errors = []
        for n in (160, 320):
            walk = make(n)
            x = DATA.sample(z, walk[0])
            exact = DATA.flow(x, walk[0], walk[-1])
            off = last(sampler(DATA.denoise, x, walk)) - exact
            errors.append(math.sqrt(np.mean(off * off)))
        found = math.log2(errors[0] / errors[1])
        assert abs(found - stated) < 0.25, f"{name}: order {found:.2f}, not {stated}"


def marginals(sampler: Sampler, stated: int | None) -> None:
    """Where x_0 is known (data is one point), every state is a draw from q(x_s | x_0), exactly."""
    for schedule in WHOLE:
        for t, mean, variance in moments(sampler, path(schedule, 8), 0.7, 0.0):
            where = f"{schedule} at t={t.t}"
            assert abs(mean - 0.7 * t.alpha) < 1e-9 * (1 + t.sigma), f"{where}: mean {mean}"
            assert abs(variance - t.sigma**2) < 1e-9 * (1 + t.sigma**2), (
                f"{where}: variance {variance}"
            )


def posterior(sampler: Sampler, stated: int | None) -> None:
    """At eta = 1 (or without one) a step is a draw from q(x_s | x_t, x_0).

    In closed form by conditioning (x_s, x_t) on x_t, where x_t = a x_s + noise.
    """
    numbers = {"eta": 1.0} if "eta" in (sampler.__kwdefaults__ or {}) else {}
    noise = Basis(8)
    one, own = noise.unit(0), noise.unit(1)
    for schedule in WHOLE[:5]:
        t, s = path(schedule, 4)[1:3]
        step = next(sampler(lambda x, t: 0.7 * one, own, [t, s], noise=Basis(8), **numbers))
        a = t.alpha / s.alpha
        pull = a * s.sigma**2 / t.sigma**2  # cov(x_s, x_t) / var(x_t)
        spread = s.sigma**2 - pull * a * s.sigma**2
        where = f"{schedule} from {t.t} to {s.t}"
        assert abs(step.x[1] - pull) < 1e-9, f"{where}: x_t weighs {step.x[1]}, not {pull}"
        assert abs(step.x[0] - (s.alpha - pull * t.alpha) * 0.7) < 1e-9, f"{where}: mean"
        variance = float(step.x[2:] @ step.x[2:])
        assert abs(variance - spread) < 1e-9 * (1 + spread), (
            f"{where}: variance {variance}, not {spread}"
        )


def churned(sampler: Sampler, stated: int | None) -> None:
    """The same with EDM's churn."""
    marginals(partial(sampler, s_churn=4.0), stated)


def line(sampler: Sampler, stated: int | None) -> None:
    """2M on uneven steps: where x_0 is a line in lam, it is read off at h / 2 exactly."""
    lams = [-2.0, -1.7, -0.6, -0.5, 0.9, 1.0]
    walk = [
        Level(i, 1 / math.hypot(1, math.exp(-a)), 1 / math.hypot(1, math.exp(a)))
        for i, a in enumerate(lams)
    ]
    x = 0.3
    for i, step in enumerate(sampler(lambda x, t: t.lam, x, walk)):
        t, s = walk[i], walk[i + 1]
        h = s.lam - t.lam
        at = t.lam + h / 2 if i else t.lam
        x = s.sigma / t.sigma * x + s.alpha * (1 - math.exp(-h)) * at
        assert abs(step.x - x) < 1e-12, f"step {i}: {step.x}, not {x}"
