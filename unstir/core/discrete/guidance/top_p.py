"""Nucleus: only the likeliest tokens that together hold probability p (Holtzman et al. 2020)."""

from typing import Any

from unstir.core.discrete.process import NEVER, normalized
from unstir.core.levels import Denoise, Level
from unstir.core.namespace import namespace, take


def top_p(denoise: Denoise[Any], p: float) -> Denoise[Any]:
    """The fewest tokens with p or more; at least the likeliest stays, p = 1 keeps all."""

    def cut(x: Any, t: Level) -> Any:
        found = normalized(denoise(x, t))
        xp, order = namespace(found), (0 - found).argsort(-1)
        each = xp.exp(take(found, order))
        before = take(xp.cumsum(each, -1) - each, order.argsort(-1))
        return xp.where((before < p) | (before <= 0) | (p >= 1), found, NEVER)

    return cut
