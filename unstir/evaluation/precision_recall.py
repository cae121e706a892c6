"""Precision and recall by nearest neighbors: is it real, and is all of the real there?

    precision = share of the generated samples that lie in the manifold of the real ones
    recall    = share of the real samples that lie in the manifold of the generated ones

where the manifold of a set is the union of balls around its samples, each reaching to the sample's
k-th nearest other sample of the set, k = 3 (Kynkaanniemi et al. 2019, equations 1 and 2).

A model that draws one thing well has a high precision and a low recall; one that also invents what
is not there has a low precision and a high recall. (A widely used library was reported to have the
two exchanged: toshas/torch-fidelity issue 58; tests/evaluation plants both cases.) One outlier
with a wide ball lifts the other side's figure; `density_coverage` is the sturdier pair. Both
depend on the number of samples: compare at equal N.

Intervals are by halves, and at least Wilson's (see `_halves`). Balls are measured anew within each
half, where they are larger, so the interval is that of the spread, set around the value of the
whole.
"""

from __future__ import annotations

import numpy as np

from unstir.evaluation._halves import halves, share_interval
from unstir.evaluation._neighbors import blocks, centered, neighbors
from unstir.evaluation._sets import Score, Sets

K = 3
PAIRS = 15


def precision_recall(
    sets: Sets, *, seed: int = 0, k: int = K, pairs: int = PAIRS
) -> tuple[Score, ...]:
    """Precision, then recall."""
    if k < 1:
        raise ValueError(f"k is {k}; give a whole number from 1")
    sets = sets.at_least(2 * k + 2, "precision_recall").ordered()
    y, x = centered(sets.reference, sets.generated)
    n, m = len(x), len(y)
    ours = np.concatenate([np.ones((1, n), bool), halves(n, pairs, seed, 0)])
    theirs = np.concatenate([np.ones((1, m), bool), halves(m, pairs, seed, 1)])
    real, fake = _inside(x, y, k, ours, theirs)
    precision = (real & ours).sum(1) / ours.sum(1)
    recall = (fake & theirs).sum(1) / theirs.sum(1)
    return (
        _score("precision", precision, n, n, m),
        _score("recall", recall, m, n, m),
    )


def _score(name: str, shares: np.ndarray, count: int, n: int, m: int) -> Score:
    value = float(shares[0])
    return Score(name, value, *share_interval(value, count, shares[1:]), n, m, "higher")


def _inside(
    x: np.ndarray, y: np.ndarray, k: int, ours: np.ndarray, theirs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each choice r of samples: which x (R, N) lie in the balls of the chosen y, and which y
    (R, M) in those of the chosen x."""
    about_x, about_y = neighbors(x, k), neighbors(y, k)
    balls = [about_x.radii(k, chosen) for chosen in ours]
    their_balls = [about_y.radii(k, chosen) for chosen in theirs]
    real, fake = np.zeros(ours.shape, bool), np.zeros(theirs.shape, bool)
    for rows, squares in blocks(x, y):
        for r, (ball, other) in enumerate(zip(balls, their_balls, strict=True)):
            real[r, rows] = (squares <= other).any(1)
            fake[r] |= (squares <= ball[rows, None]).any(0)
    return real, fake
