"""A path is a list of levels from noise to data, apart from the sampler that walks it.

    path(schedule, 20)                              uniform in t
    path(schedule, 20, karras(rho=7.0))             Karras et al. 2022, eq. 5
    start_lower(path(schedule, 20), 0.6)            SDEdit: the last 60 % of the steps

A spacing is a function (schedule, steps, start, stop) -> steps + 1 times, an edit a function of
lists, and every sampler walks what they return. On a path that climbs (`reverse`) a deterministic
sampler inverts; for `jumps` and `restart`, `resample` walks down with the sampler and climbs with
fresh noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from unstir.core.levels import Denoise, Level, NoiseSource, Path, Step, renoise
from unstir.core.schedules import TRAIN_STEPS, Schedule, level

Spacing = Callable[[Schedule, int, float, float], list[float]]


def uniform(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """Equal steps in t."""
    return shifted(1.0)(schedule, steps, start, stop)


def path(
    schedule: Schedule, steps: int, spacing: Spacing = uniform,
    start: float = 1.0, stop: float = 0.0,
) -> list[Level]:  # fmt: skip
    """`steps` + 1 levels from `start` down to `stop`."""
    if steps < 1:
        raise ValueError(f"a path needs at least 1 step, not {steps}")
    if not 0 <= stop < start <= 1:
        raise ValueError(f"a path needs 0 <= stop < start <= 1, not start={start}, stop={stop}")
    return at(schedule, spacing(schedule, steps, start, stop))


def at(schedule: Schedule, times: Sequence[float]) -> list[Level]:
    """The path through explicit times, which must fall, within [0, 1]."""
    if len(times) < 2 or not 0 <= times[-1] < times[0] <= 1:
        raise ValueError(f"a path needs two or more times within [0, 1], not {list(times)}")
    for t, s in pairwise(times):
        if not s < t:
            raise ValueError(f"times must fall, but {s} follows {t}; take fewer steps, or others")
    return [level(schedule, float(t)) for t in times]


def at_sigmas(schedule: Schedule, sigmas: Sequence[float]) -> list[Level]:
    """The path through explicit ratios sigma / alpha: the sigmas of k-diffusion."""
    return at(schedule, [schedule.inverse(-math.log(s)) if s > 0 else 0.0 for s in sigmas])


# Spacings that count in t


def shifted(shift: float) -> Spacing:
    """Uniform, then t -> shift t / (1 + (shift - 1) t): closer near noise (Esser 2024, eq. 23)."""
    return _warped(lambda u: shift * u / (1 + (shift - 1) * u))


def beta(a: float = 0.6, b: float = 0.6) -> Spacing:
    """Quantiles of a Beta(a, b) distribution: closer near both ends (Lee et al. 2024)."""
    return _warped(lambda u: _beta_quantile(u, a, b) if 0 < u < 1 else u)


def _warped(warp: Callable[[float], float]) -> Spacing:
    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        even = [1 - i / steps for i in range(steps + 1)]
        return [stop + (start - stop) * warp(u) for u in even]

    return times


# Spacings on the grid of the 1,000 training steps (Lin et al. 2024, table 2), rounded as diffusers
# and others do: which step is the i-th of n levels between `high` and `low`.


def _grid(step: Callable[[int, int, float, float], float]) -> Spacing:
    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        high, low = start * TRAIN_STEPS, stop * TRAIN_STEPS
        return [step(i, steps, high, low) / TRAIN_STEPS for i in range(steps)] + [stop]

    return times


def _last(i: int, n: int, high: float, low: float) -> float:
    return (n - 1 - i) * ((high - low - 1) / (n - 1)) if n > 1 else high - low - 1


trailing = _grid(lambda i, n, high, low: round(high - i * ((high - low) / n)))
"""Equal strides down from the last training step."""
simple = _grid(lambda i, n, high, low: high - int(i * ((high - low) / n)))
"""`trailing`, rounded up."""
leading = _grid(lambda i, n, high, low: low + 1 + (n - 1 - i) * ((high - low) // n))
"""Equal whole strides up from the first training step; never begins at pure noise."""
ddim_uniform = _grid(lambda i, n, high, low: low + 2 + (n - 1 - i) * ((high - low) // n))
"""`leading` with diffusers' steps_offset=1, as Stable Diffusion is run."""
linspace = _grid(lambda i, n, high, low: low + 1 + round(_last(i, n, high, low)))
"""Equal strides from the last training step to the first, both included."""
normal = _grid(lambda i, n, high, low: low + 1 + _last(i, n, high, low))
"""`linspace`, not rounded."""
sgm_uniform = _grid(lambda i, n, high, low: high - i * ((high - low - 1) / n))
"""`normal` of one step more, without the first training step."""


# Spacings that count in the ratio of noise to signal, sigma / alpha


def karras(rho: float = 7.0) -> Spacing:
    """Equal steps in (sigma / alpha)^(1 / rho) (Karras et al. 2022, eq. 5)."""
    return _by_ratio(lambda ratio: ratio ** (1 / rho), lambda root: root**rho)


def _by_ratio(forth: Callable[[float], float], back: Callable[[float], float]) -> Spacing:
    """Equal steps in forth(sigma / alpha), of which clean data, ratio 0, and pure noise, infinite,
    have none: the one is reached from schedule.low in a last step, the other counts as 1 - low."""

    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        low = min(schedule.low, start / 2)
        high = start if level(schedule, start).alpha > 0 else 1 - low
        first, last = (forth(math.exp(-level(schedule, t).lam)) for t in (high, max(stop, low)))
        inner = steps if stop >= low else steps - 1
        ramp = [first + (last - first) * i / inner for i in range(1, inner + 1)]
        walk = [schedule.inverse(-math.log(back(r))) for r in ramp]
        return [start, *walk[: steps - 1], stop]

    return times


logsnr = _by_ratio(math.log, math.exp)
"""Equal steps in log SNR (Lu et al. 2022), the "exponential" of k-diffusion."""

TABLE: Mapping[str, Spacing] = {
    "uniform": uniform, "karras": karras(), "logsnr": logsnr, "exponential": logsnr,
    "beta": beta(), "trailing": trailing, "simple": simple, "leading": leading,
    "ddim_uniform": ddim_uniform, "linspace": linspace, "normal": normal,
    "sgm_uniform": sgm_uniform,
}  # fmt: skip


# Edits


def start_lower(path: Path, strength: float) -> list[Level]:
    """The last `strength` of the steps, at least one (SDEdit, Meng et al. 2022)."""
    if not 0 < strength <= 1:
        raise ValueError(f"strength={strength} is outside (0, 1]; 1 keeps the whole path")
    return list(path[-1 - max(1, round(strength * (len(path) - 1))) :])


def reverse(path: Path) -> list[Level]:
    """From data to noise, where a deterministic sampler inverts (Song et al. 2021, sec. 4.3)."""
    return list(path[::-1])


def restart(path: Path, low: float, high: float, times: int = 1) -> list[Level]:
    """Walk the part with low <= t <= high `times` times more (Xu et al. 2023, Algorithm 1)."""
    inside = [i for i, t in enumerate(path) if low <= t.t <= high]
    if len(inside) < 2:
        raise ValueError(f"only {len(inside)} of the levels lie in low={low} to high={high}")
    first, end = inside[0], inside[-1] + 1
    return [*path[:end], *list(path[first:end]) * times, *path[end:]]


def jumps(path: Path, length: int = 10, times: int = 10) -> list[Level]:
    """Walk every `length` steps `times` times in all (RePaint, Lugmayr et al. 2022, sec. 4.2)."""
    if length < 1 or times < 1:
        raise ValueError(f"jumps need length, times >= 1, not length={length}, times={times}")
    out = [path[0]]
    for first in range(0, len(path) - 1, length):
        chunk = path[first : first + length + 1]
        out += [*chunk[1:], *list(chunk) * (times - 1)]
    return out


def descents(path: Path) -> list[list[Level]]:
    """The path cut where it climbs."""
    out = [[path[0]]]
    for t, s in pairwise(path):
        if s.t > t.t:
            out.append([])
        out[-1].append(s)
    return out


def resample(
    sampler: Callable[..., Iterator[Step[Any]]],
    denoise: Denoise[Any],
    x: Any,
    path: Path,
    noise: NoiseSource[Any],
) -> Iterator[Step[Any]]:
    """Any sampler on a path with `jumps`: it walks down, q(x_s | x_t) climbs; no noise twice."""
    done = 0
    for piece in descents(path):
        if done:
            x = renoise(x, path[done - 1], piece[0], noise(done - 1))
        for step in sampler(denoise, x, piece, noise=_later(noise, done)):
            yield step
            x = step.x
        done += len(piece)


def _later(noise: NoiseSource[Any], steps: int) -> NoiseSource[Any]:
    return lambda step, draw=0: noise(step + steps, draw)


def _beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, by halving."""
    low, high = 0.0, 1.0
    for _ in range(55):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_cdf(middle, a, b) < p else (low, middle)
    return low


def _beta_cdf(x: float, a: float, b: float) -> float:
    """I_x(a, b) by its series, fast below 1/2 (Abramowitz & Stegun 1964, 26.5.4)."""
    if x > 0.5:
        return 1 - _beta_cdf(1 - x, b, a)
    total = term = 1.0
    for k in range(60):
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
    scale = math.lgamma(a + b) - math.lgamma(a + 1) - math.lgamma(b)
    return math.exp(scale + a * math.log(x) + b * math.log1p(-x)) * total
