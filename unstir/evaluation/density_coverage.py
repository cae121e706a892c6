"""Density and coverage: how full the real samples' neighborhoods are, and how many are not empty.

    density  = 1/(k N) sum_j #{i: x_j lies in the ball of y_i}
    coverage = 1/M #{i: some x_j lies in the ball of y_i}

x_j of N generated, y_i of M real samples, whose ball reaches to the k-th nearest other real
sample, k = 5 (Naeem et al. 2020, equations 4 and 6). Only real samples have balls, so invented
outliers do not help. Density can be above 1, where samples crowd in few dense places: read it with
coverage.
For equal distributions density is 1 and coverage 1 - (M-1)...(M-k)/((M+N-1)...(M+N-k)), which for
M = N is near 1 - 2^-k = 0.97 (their section 3.3).

Intervals are by halves, that of coverage at least Wilson's (see `_halves`).
"""

from __future__ import annotations

import numpy as np

from unstir.evaluation._halves import halves, interval, share_interval
from unstir.evaluation._neighbors import blocks, centered, neighbors
from unstir.evaluation._sets import Score, Sets

K = 5
PAIRS = 15


def density_coverage(
    sets: Sets, *, seed: int = 0, k: int = K, pairs: int = PAIRS
) -> tuple[Score, ...]:
    """Density, then coverage."""
    if k < 1:
        raise ValueError(f"k is {k}; give a whole number from 1")
    sets = sets.at_least(2 * k + 2, "density_coverage").ordered()
    y, x = centered(sets.reference, sets.generated)
    n, m = len(x), len(y)
    ours = np.concatenate([np.ones((1, n), bool), halves(n, pairs, seed, 0)])
    theirs = np.concatenate([np.ones((1, m), bool), halves(m, pairs, seed, 1)])
    hits, filled = _counts(x, y, k, ours, theirs)
    density = hits / (k * ours.sum(1))
    coverage = filled / theirs.sum(1)
    full, share = float(density[0]), float(coverage[0])
    return (
        Score("density", full, *interval(full, density[1:], low=0.0), n, m, "higher"),
        Score("coverage", share, *share_interval(share, m, coverage[1:]), n, m, "higher"),
    )


def _counts(
    x: np.ndarray, y: np.ndarray, k: int, ours: np.ndarray, theirs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each choice r: the pairs (chosen x, ball of a chosen y) that meet, and the balls that
    meet any."""
    about = neighbors(y, k)
    balls = [about.radii(k, chosen) for chosen in theirs]
    pairs, filled = np.zeros(len(ours)), np.zeros(len(ours))
    for rows, squares in blocks(y, x):
        for r, (chosen, ball) in enumerate(zip(ours, balls, strict=True)):
            meet = (squares <= ball[rows, None]) & chosen
            found = np.count_nonzero(meet, axis=1)
            pairs[r] += found.sum()
            filled[r] += np.count_nonzero(found)
    return pairs, filled
