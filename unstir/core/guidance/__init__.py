"""Guidance: a Denoise made of others, so that it serves every sampler and all data.

    both = branches(conditional, unconditional)
    denoise = keep(cfg(both, scale=3.0), known, mask)

Scale 1 means no guidance. What does not go together is written below, tested, and printed in
docs/guidance.md; all else does. State (apg's momentum) lives in the Denoise: make one per run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from unstir.core.levels import A, Both, Denoise, Level

_NO_X0 = "its answer is no estimate of x0; only interval, keep and timemap may wrap it"
_MIXES = "inside a wrapper that mixes elements nothing stays known; swap the two"
_MIXERS = ("rescale", "apg", "dynamic_threshold")

REFUSED: Mapping[tuple[str, str], str] = {
    **{("cfgpp", o): _NO_X0 for o in (*_MIXERS, "cfg", "cfgpp", "autoguide")},
    **{("keep", o): _MIXES for o in _MIXERS},
    **{("timemap", o): _MIXES for o in _MIXERS},
}
"""(inner, outer) -> why the outer wrapper must not hold the inner one."""

ONLY_WITH: Mapping[str, tuple[str, ...]] = {"cfgpp": ("ddim", "euler")}
"""Guidance -> the samplers it is defined for; all others go with every sampler."""


def check(chain: Sequence[str], sampler: str) -> None:
    """ValueError, with why, unless these wrappers (inside first) and the sampler combine."""
    for inner, outer in combinations(chain, 2):
        if (inner, outer) in REFUSED:
            raise ValueError(f"{outer} cannot wrap {inner}: {REFUSED[inner, outer]}")
    for name in chain:
        only = ONLY_WITH.get(name, (sampler,))
        if sampler not in only:
            raise ValueError(f"{name} goes with {', '.join(only)} only, not with {sampler}")


def branches(pos: Denoise[A], neg: Denoise[A]) -> Both[A]:
    """Two denoisers, with the condition and without it, as the pair that guidance asks for."""
    return lambda x, level: (pos(x, level), neg(x, level))


class counted:
    """A denoiser or a pair of them that counts its `evaluations`; a pair counts two."""

    def __init__(self, inner: Denoise[Any] | Both[Any]):
        self.inner, self.evaluations = inner, 0

    def __call__(self, x: Any, level: Level) -> Any:
        answer = self.inner(x, level)
        self.evaluations += _width(answer)
        return answer


def _width(answer: object) -> int:
    return 2 if isinstance(answer, tuple) else 1
