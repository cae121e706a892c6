"""Twenty-five narrow Gaussians on a grid in the plane: a toy whose modes can be counted.

    x = mixture.points(1000, seed=0)           # (1000, 2) float32, unit variance about
    hit, on = mixture.modes(x)                 # modes that are covered, share of points on one

The classical test of mode collapse (as in Srivastava et al. 2017, VEEGAN): centers at -4, -2, 0,
2, 4 on both axes, deviation 0.05; here all is divided by `SCALE`.
"""

from __future__ import annotations

import numpy as np

SIDE, STEP, DEVIATION = 5, 2.0, 0.05
SCALE = 8**0.5
"""The root of the variance of the centers."""
NEAR = 4.0
"""Deviations within which a point is on a mode."""
LEAST = 0.1
"""Share of its due from which on a mode is covered."""


def centers() -> np.ndarray:
    """(25, 2)."""
    at = STEP * (np.arange(SIDE) - (SIDE - 1) / 2)
    return np.stack(np.meshgrid(at, at), -1).reshape(-1, 2) / SCALE


def points(n: int, seed: int = 0) -> np.ndarray:
    """n of them, (n, 2) float32, a pure function of (n, seed)."""
    rng = np.random.default_rng((seed, 25))
    which = rng.integers(SIDE**2, size=n)
    x = centers()[which] + DEVIATION / SCALE * rng.standard_normal((n, 2))
    return x.astype(np.float32)


def modes(x: np.ndarray) -> tuple[int, float]:
    """How many modes have at least `LEAST` of their due of the points, and what share of all
    points lies on one."""
    far = np.linalg.norm(x[:, None] - centers()[None], axis=-1)
    on = far.min(1) < NEAR * DEVIATION / SCALE
    counts = np.bincount(far.argmin(1)[on], minlength=SIDE**2)
    return int((counts >= LEAST * len(x) / SIDE**2).sum()), float(on.mean())
