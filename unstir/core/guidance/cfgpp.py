"""CFG++ (Chung et al. 2025, Algorithm 2): guide the estimate, renoise with the unguided noise.

    x_s = s.alpha (neg + scale (pos - neg)) + s.sigma (x - t.alpha neg) / t.sigma

A first-order step is linear in x0: this is a plain one with neg + scale / (1 - k) (pos - neg)
as x0, k = t.alpha s.sigma / (s.alpha t.sigma): a Denoise that knows the path. Scales lie in
[0, 1]; 0 is unconditional, and 1 is not "no guidance" but a strong one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from unstir.core.levels import Both, Denoise, Level, Path
from unstir.core.namespace import largest


def cfgpp(both: Both[Any], scale: float, path: Path) -> Denoise[Any]:
    """For ddim (eta 0) and euler, which evaluate once at each level of `path`, going down."""
    if any(s.t >= t.t for t, s in pairwise(path)):
        raise ValueError("cfgpp needs a path that only goes down; this one climbs")

    def denoise(x: Any, level: Level) -> Any:
        t, s = _interval(path, largest(level.t))
        k = t.alpha * s.sigma / (s.alpha * t.sigma)
        pos, neg = both(x, level)
        return neg + scale / (1 - k) * (pos - neg)

    return denoise


def _interval(path: Path, now: float) -> tuple[Level, Level]:
    t, s = min(pairwise(path), key=lambda pair: abs(pair[0].t - now))
    if abs(t.t - now) > 1e-6:
        raise ValueError(
            f"cfgpp was asked at t={now}, which is not on its path; use ddim or euler"
        )
    return t, s
