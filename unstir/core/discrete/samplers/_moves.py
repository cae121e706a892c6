"""What the samplers of tokens share: the way down, and which tokens to show."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from unstir.core.discrete.process import MASK
from unstir.core.levels import Level, NoiseSource, Path, Step
from unstir.core.namespace import namespace
from unstir.core.samplers._moves import intervals

Noise = NoiseSource[Any]
Steps = Iterator[Step[Any]]


def downward(path: Path) -> Iterator[tuple[int, Level, Level]]:
    """(index, level, next level) along a path on which masks only vanish."""
    for i, t, s in intervals(path):
        if not s.sigma <= t.sigma > 0:
            raise ValueError(
                f"no masks vanish from t={t.t} to t={s.t}, and this sampler cannot add any; hide "
                "tokens by process.stir, or sweep with gibbs"
            )
        yield i, t, s


def shown(t: Level, s: Level) -> float:
    """(alpha_s - alpha_t) / (1 - alpha_t): the share of what is hidden at t that is seen at s."""
    return 1 - s.sigma / t.sigma


def quota(x: Any, path: Path) -> Callable[[Level], Any]:
    """Level -> how many of the tokens hidden in x stay so: its share of them, rounded, shaped
    (B, 1, ...) to meet x."""
    xp = namespace(x)
    count = (x == MASK).reshape(len(x), -1).sum(-1, dtype=xp.float64)
    count = count.reshape(-1, *[1] * (x.ndim - 1))
    return lambda s: xp.round(count * (s.sigma / path[0].sigma))


def best(score: Any, x: Any, left: Any) -> Any:
    """The hidden tokens of the highest scores, all but `left` of each sample."""
    masked = x == MASK
    up = namespace(x).where(masked, score, math.inf).reshape(len(x), -1).argsort(-1)
    return masked & (up.argsort(-1).reshape(x.shape) >= left)
