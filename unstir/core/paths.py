"""A path is a list of levels from noise to data, apart from the sampler that walks it.

    path(schedule, 20)                              uniform in t
    path(schedule, 20, karras(rho=7.0))             Karras et al. 2022, eq. 5
    start_lower(path(schedule, 20), 0.6)            SDEdit: the last 60 % of the steps

A spacing is a function (schedule, steps, start, stop) -> steps + 1 times. An edit is a function of
lists; every sampler walks what it returns. Where a path climbs, either a deterministic sampler inverts
(`reverse`), or the walk is cut into its `descents` and fresh noise is stirred in between
(`levels.renoise`), as RePaint and Restart do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from unstir.core.levels import Level, Path
from unstir.core.schedules import TRAIN_STEPS, Schedule, level

Spacing = Callable[[Schedule, int, float, float], list[float]]


def uniform(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """Equal steps in t."""
    return shifted(1.0)(schedule, steps, start, stop)


def path(
    schedule: Schedule,
    steps: int,
    spacing: Spacing = uniform,
    start: float = 1.0,
    stop: float = 0.0,
) -> list[Level]:
    """`steps` + 1 levels from `start` down to `stop`."""
    if steps < 1:
        raise ValueError(f"a path needs at least 1 step, not {steps}")
    if not 0 <= stop < start <= 1:
        raise ValueError(f"a path needs 0 <= stop < start <= 1, not start={start}, stop={stop}")
    return at(schedule, spacing(schedule, steps, start, stop))


def at(schedule: Schedule, times: Sequence[float]) -> list[Level]:
    """The path through explicit times, which must fall strictly within [0, 1]."""
    for t, s in pairwise(times):
        if not s < t:
            raise ValueError(
                f"times must fall, but {s} follows {t}; use fewer steps or another spacing"
            )
    if len(times) < 2 or not 0 <= times[-1] < times[0] <= 1:
        raise ValueError(f"a path needs two or more times within [0, 1], not {list(times)}")
    return [level(schedule, float(t)) for t in times]


def at_sigmas(schedule: Schedule, sigmas: Sequence[float]) -> list[Level]:
    """The path through explicit noise-to-signal ratios sigma / alpha, the sigmas of k-diffusion."""
    return at(schedule, [schedule.inverse(-math.log(s)) if s > 0 else 0.0 for s in sigmas])


# -- spacings that count in t


def shifted(shift: float) -> Spacing:
    """Uniform, then t -> shift t / (1 + (shift - 1) t): more steps near noise (Esser et al. 2024, eq. 23)."""

    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        even = [1 - i / steps for i in range(steps + 1)]
        return [stop + (start - stop) * (shift * u / (1 + (shift - 1) * u)) for u in even]

    return times


def beta(a: float = 0.6, b: float = 0.6) -> Spacing:
    """Quantiles of a Beta(a, b) distribution: more steps near both ends (Lee et al. 2024)."""

    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        return [
            stop + (start - stop) * _beta_quantile(1 - i / steps, a, b) for i in range(steps + 1)
        ]

    return times


# -- spacings on the grid of 1,000 training steps, as diffusers rounds them (Lin et al. 2024, Table 2)


def trailing(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """From the last training step down in equal strides, rounded."""
    top, stride = start * TRAIN_STEPS, (start - stop) * TRAIN_STEPS / steps
    return _grid([round(top - i * stride) for i in range(steps)], stop)


def simple(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """`trailing`, rounded up instead: every (1000 / steps)-th training step, counted from noise."""
    top, stride = round(start * TRAIN_STEPS), (start - stop) * TRAIN_STEPS / steps
    return _grid([top - int(i * stride) for i in range(steps)], stop)


def leading(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """From the first training step up in whole strides; never begins at pure noise."""
    bottom, stride = _first(stop), round((start - stop) * TRAIN_STEPS) // steps
    return _grid([bottom + i * stride for i in reversed(range(steps))], stop)


def ddim_uniform(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """`leading`, one training step later (diffusers' steps_offset=1, as Stable Diffusion is run)."""
    times = leading(schedule, steps, start, stop)
    return [*(t + 1 / TRAIN_STEPS for t in times[:-1]), stop]


def linspace(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """Equal strides from the last training step to the first, both included, rounded."""
    bottom, stride = _first(stop), (round(start * TRAIN_STEPS) - _first(stop)) / max(steps - 1, 1)
    up = range(steps) if steps > 1 else [1]
    return _grid([bottom + round(i * stride) for i in reversed(up)], stop)


def normal(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """`linspace` without the rounding."""
    bottom = _first(stop) / TRAIN_STEPS
    return [start + (bottom - start) * i / max(steps - 1, 1) for i in range(steps)] + [stop]


def sgm_uniform(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
    """`steps` equal strides from the last training step toward the first, which itself is left out."""
    bottom = _first(stop) / TRAIN_STEPS
    return [start + (bottom - start) * i / steps for i in range(steps)] + [stop]


def _first(stop: float) -> int:
    return round(stop * TRAIN_STEPS) + 1


def _grid(steps: Sequence[int], stop: float) -> list[float]:
    return [n / TRAIN_STEPS for n in steps] + [stop]


# -- spacings that count in the ratio of noise to signal


def karras(rho: float = 7.0) -> Spacing:
    """Equal steps in (sigma / alpha)^(1 / rho) (Karras et al. 2022, eq. 5)."""
    return _by_ratio(lambda s: s ** (1 / rho), lambda root: root**rho)


def _by_ratio(forth: Callable[[float], float], back: Callable[[float], float]) -> Spacing:
    """Equal steps in forth(sigma / alpha).

    Clean data is reached from `schedule.low` in one last step; pure noise, an infinite ratio, counts
    as 1 - low.
    """

    def times(schedule: Schedule, steps: int, start: float, stop: float) -> list[float]:
        top = level(schedule, start)
        low, inner = min(schedule.low, start / 2), steps if stop < schedule.low else steps + 1
        noisy = forth(math.exp(-(top if top.alpha > 0 else level(schedule, 1 - low)).lam))
        clean = forth(math.exp(-level(schedule, max(stop, low)).lam))
        ramp = [noisy + (clean - noisy) * i / max(inner - 1, 1) for i in range(inner)]
        walk = [schedule.inverse(-math.log(back(r))) for r in ramp[1:]]
        return [start, *walk, stop] if inner == steps else [start, *walk[:-1], stop]

    return times


logsnr = _by_ratio(math.log, math.exp)
"""Equal steps in log SNR (Lu et al. 2022); k-diffusion's "exponential"."""

TABLE: Mapping[str, Spacing] = {
    "uniform": uniform, "karras": karras(), "logsnr": logsnr, "exponential": logsnr, "beta": beta(),
    "trailing": trailing, "leading": leading, "linspace": linspace, "simple": simple, "normal": normal,
    "sgm_uniform": sgm_uniform, "ddim_uniform": ddim_uniform,
}  # fmt: skip


# -- edits


def start_lower(path: Path, strength: float) -> list[Level]:
    """The cleaner part of a path: its last `strength` of the steps, at least one (SDEdit, Meng et al. 2022)."""
    if not 0 < strength <= 1:
        raise ValueError(f"strength={strength} is outside (0, 1]; 1 keeps the whole path")
    return list(path[-1 - max(1, round(strength * (len(path) - 1))) :])


def reverse(path: Path) -> list[Level]:
    """From data to noise: a deterministic sampler on it is inversion (Song et al. 2021, DDIM sec. 4.3)."""
    return list(path[::-1])


def restart(path: Path, low: float, high: float, times: int = 1) -> list[Level]:
    """Walk the part within low <= t <= high `times` times more (Xu et al. 2023, Algorithm 1)."""
    inside = [i for i, t in enumerate(path) if low <= t.t <= high]
    if len(inside) < 2:
        raise ValueError(
            f"only {len(inside)} level(s) of the path lie in low={low} to high={high}"
        )
    first, last = inside[0], inside[-1]
    return [*path[: last + 1], *list(path[first : last + 1]) * times, *path[last + 1 :]]


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
    """The path cut where it climbs: each piece goes down, and begins noisier than the last one ended."""
    out = [[path[0]]]
    for t, s in pairwise(path):
        if s.t > t.t:
            out.append([])
        out[-1].append(s)
    return out


# -- the quantile function of the Beta distribution


def _beta_quantile(p: float, a: float, b: float) -> float:
    if not 0 < p < 1:
        return p
    low, high = 0.0, 1.0
    for _ in range(55):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_cdf(middle, a, b) < p else (low, middle)
    return (low + high) / 2


def _beta_cdf(x: float, a: float, b: float) -> float:
    """I_x(a, b) by its power series, which converges fast below 1/2 (Abramowitz & Stegun 1964, 26.5.4)."""
    if x > 0.5:
        return 1 - _beta_cdf(1 - x, b, a)
    total = term = 1.0
    for k in range(60):
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
    scale = math.lgamma(a + b) - math.lgamma(a + 1) - math.lgamma(b)
    return math.exp(scale + a * math.log(x) + b * math.log1p(-x)) * total
