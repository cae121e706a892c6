"""The moves samplers share: along the path, down by one slope or two, up with fresh noise.

Written in x_0, so that pure noise (alpha = 0) and clean data (sigma = 0) need no limits. The ratio
k = sigma / alpha is EDM's sigma, in the variable x / alpha (Karras et al. 2022, eq. 4).
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from unstir.core.levels import Level, NoiseSource, Path, Step, renoise

Noise = NoiseSource[Any] | None
Steps = Iterator[Step[Any]]

PURE = 1e3
"""Where k is more, x is pure noise, and x / alpha no variable to integrate in."""


def intervals(path: Path) -> Iterator[tuple[int, Level, Level]]:
    """(index, level, next level) along the path."""
    if len(path) < 2:
        raise ValueError(f"a path of {len(path)} level(s) leads nowhere; give at least 2")
    for i, (t, s) in enumerate(pairwise(path)):
        yield i, t, s


def pairs(path: Path, i: int) -> bool:
    """Whether path[i : i + 3] can be one step that looks at its middle: every lam is finite."""
    return len(path) > i + 2 and all(math.isfinite(t.lam) for t in path[i : i + 3])


def ratio(t: Level) -> float:
    """k = sigma / alpha."""
    return t.sigma / t.alpha if t.alpha > 0 else math.inf


def noise_of(x: Any, x0: Any, t: Level) -> Any:
    """eps, given x_t and x_0; on clean data, where it no longer shows, its limit 0."""
    return (x - t.alpha * x0) * (1 / t.sigma if t.sigma > 0 else 0.0)


def move(x: Any, x0: Any, t: Level, s: Level) -> Any:
    """From t to s with x0 and eps held: the first-order step of every method here."""
    return s.alpha * x0 + s.sigma * noise_of(x, x0, t)


def posterior(x: Any, x0: Any, t: Level, s: Level) -> Any:
    """The mean of q(x_s | x_t, x_0) (Ho et al. 2020, eq. 7)."""
    return t.alpha / s.alpha * (s.sigma / t.sigma) ** 2 * x + s.alpha * fresh(t, s) * x0


def bend(change: Any, t: Level, s: Level, low: Level) -> Any:
    """What makes `move` from t to `low` second order, given the change of x0 from t to s.

    eps is linear in k: with low = s, Heun's trapezoid in x / alpha, as in EDM. It is that in x
    from pure noise, and on the line of rectified flow, where dx = (eps - x0) d sigma.
    """
    k_t, k_s, k_low = ratio(t), ratio(s), ratio(low)
    straight = (
        low is s and math.isclose(t.alpha + t.sigma, 1) and math.isclose(s.alpha + s.sigma, 1)
    )
    if k_t > PURE or straight:
        return 0.5 * (t.sigma / k_s - t.alpha) * change
    return 0.5 * s.alpha * (k_t - k_low) ** 2 / (k_s * (k_t - k_s)) * change


def quieter(t: Level, s: Level, churn: float, within: tuple[float, float]) -> Level:
    """Where to arrive before noise is stirred in up to s: k lower by 1 + churn, if k is `within`.

    EDM's algorithm 2 raises the noise and then steps; we step and then raise it. That is the same
    loop cut elsewhere, with every evaluation at a level of the path: its raised levels.
    """
    if churn == 0 or ratio(t) > PURE or not within[0] <= ratio(s) <= within[1]:
        return s
    return Level(s.t, s.alpha, s.sigma / (1 + min(churn, math.sqrt(2) - 1)))


def stir(x: Any, low: Level, s: Level, noise: Noise, i: int, s_noise: float) -> Any:
    """Raise x from `low` to s with the noise of step i, if there is any way up."""
    return renoise(x, low, s, s_noise * given(noise)(i)) if low.sigma < s.sigma else x


def fresh(t: Level, s: Level) -> float:
    """1 - (k_s / k_t)^2: the share of the noise at s that a draw from the posterior makes anew."""
    if ratio(s) > ratio(t):
        raise ValueError(
            f"noise rises from t={t.t} to t={s.t}, where this sampler can only remove it; cut the "
            "path by paths.descents, or invert with a sampler that draws no noise, such as ddim"
        )
    return 1 - (ratio(s) / ratio(t)) ** 2


def given(noise: Noise) -> NoiseSource[Any]:
    """The noise source, or an error that tells how to make one."""
    if noise is None:
        raise ValueError(
            "this sampler draws noise: pass noise=gaussian(seeds, shape) of core.noise"
        )
    return noise
