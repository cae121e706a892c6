"""Restart: Heun down, then part of the way up again with fresh noise, and down once more.

Xu et al. 2023, algorithm 1. A second walk contracts the errors made above it, and one large jump
does so better than as much noise in small doses. The part is a share of the path's intervals.
"""

from typing import Any

from unstir.core.levels import Denoise, Level, Path, Step, renoise
from unstir.core.samplers._cost import Cost
from unstir.core.samplers._moves import Noise, Steps, bend, given, intervals, move


def restart(
    denoise: Denoise[Any], x: Any, path: Path, *, noise: Noise = None,
    first: float = 0.5, last: float = 0.75, times: int = 1,
) -> Steps:  # fmt: skip
    """Walks the part `times` times more before it yields its end; the last interval is Euler's."""
    top, bottom = _part(len(path) - 1, first, last)
    for i, t, s in intervals(path):
        x0 = denoise(x, t)
        x = _heun(denoise, x, x0, t, s) if i + 2 < len(path) else move(x, x0, t, s)
        for draw in range(times if i + 1 == bottom > top else 0):
            x = renoise(x, s, path[top], given(noise)(i, draw))
            for _, a, b in intervals(path[top : bottom + 1]):
                x = _heun(denoise, x, denoise(x, a), a, b)
        yield Step(x, x0, s)


def _heun(denoise: Denoise[Any], x: Any, x0: Any, t: Level, s: Level) -> Any:
    ahead = move(x, x0, t, s)
    return ahead + bend(denoise(ahead, s) - x0, t, s, s)


def _part(steps: int, first: float, last: float) -> tuple[int, int]:
    """The indices of its two ends: never pure noise, never the path's end."""
    return max(1, round(first * steps)), min(steps - 1, round(last * steps))


def _evaluations(steps: int) -> int:
    top, bottom = _part(steps, 0.5, 0.75)
    return 2 * steps - 1 + 2 * max(0, bottom - top)


COST, ORDER = Cost(_evaluations), 2
