"""The noise that a given sample came from, to sample it again under another condition.

    invert      the one noise from which ddim gives x_0 (Song et al. 2021, DDIM, sec. 4.3)
    record      a noise for every step, from which `replay` gives x_0 exactly
                (Huberman-Spiegelglas et al. 2024, "edit friendly", eq. 6-7)

ddim climbs with the estimate of the level below, where sampling will use the one above; `refine`
mends that by so many fixed-point steps (compare Pan et al. 2023; Garibi et al. 2024). A record
keeps whole steps, the mean's error included, and so needs no division by a vanishing deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from unstir.core.levels import Denoise, Level, NoiseSource, Path, Step
from unstir.core.samplers._moves import Steps, intervals, move, posterior


def invert(denoise: Denoise[Any], x0: Any, path: Path, refine: int = 0) -> Steps:
    """Climb `path`, which leads down to clean data, from x0; 1 + `refine` evaluations a step."""
    x = x0
    for _, s, t in intervals(path[::-1]):
        below, found = x, denoise(x, s)
        x = move(below, found, s, t)
        for _ in range(refine):
            found = denoise(x, t)
            x = x + _gain(t, s) * (below - move(x, found, t, s))
        yield Step(x, found, t)


def record(
    denoise: Denoise[Any], x0: Any, path: Path, noise: NoiseSource[Any]
) -> Iterator[tuple[Step[Any], Any]]:
    """x0 stirred anew at every level of `path`: each of these states, and what the step of ddpm
    from there needs besides its mean to reach the next."""

    def stirred(i: int, t: Level) -> Any:
        return t.alpha * x0 + t.sigma * noise(i - 1) if t.sigma > 0 else x0

    for i, t, s in intervals(path):
        x, low = stirred(i, t), stirred(i + 1, s)
        found = denoise(x, t)
        yield Step(x, found, t), low - posterior(x, found, t, s)


def replay(denoise: Denoise[Any], x: Any, path: Path, kicks: Sequence[Any]) -> Steps:
    """ddpm with recorded steps in the place of noise."""
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        x = posterior(x, x0, t, s) + kicks[i]
        yield Step(x, x0, s)


def _gain(t: Level, s: Level) -> float:
    """How far x_t moves for an error of x_s: of ddim on data of unit variance."""
    return (t.alpha**2 + t.sigma**2) / (s.alpha * t.alpha + s.sigma * t.sigma)
