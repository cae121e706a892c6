"""How many generated samples are near-copies of training samples: a check for memorization.

    copies = share of generated samples nearer to a training sample than `PERCENT` percent of fresh
             real samples (the reference, held out of training) are to theirs

The threshold is the PERCENT-th percentile of the distances of the m reference samples to their
nearest training samples (by Weibull's positions, k / (m + 1), for which that is unbiased), so a
model that has learned the distribution, and nothing by heart, scores about PERCENT / 100 itself,
or 1 / (m + 1) where that is more (the idea of Meehan et al. 2020: compare with held-out
distances; the nearest pairs are listed, for distances in a feature space prove nothing that a look
would not). It is blind to copies that the feature space does not see as near, and needs a
reference from outside of the training set.

The interval is by halves of generated samples and reference, and at least Wilson's (see
`_halves`); the training set is taken as it is.
"""

from __future__ import annotations

import numpy as np

from unstir.evaluation._halves import halves, share_interval
from unstir.evaluation._neighbors import blocks, centered
from unstir.evaluation._sets import Score, Sets, TooFew

PERCENT = 1.0
PAIRS = 50
LISTED = 16
"""Nearest pairs that are listed, for a person to look at."""


def copies(
    sets: Sets, *, seed: int = 0, percent: float = PERCENT, pairs: int = PAIRS
) -> tuple[Score, ...]:
    """The share. `details` has the threshold, the share to expect of honest samples, and the
    nearest pairs as {"generated": row, "training": row, "distance": d}."""
    sets = sets.at_least(LISTED, "copies")
    if sets.training is None or not len(sets.training):
        raise TooFew("copies needs the training samples, to look for copies of them")
    y, x, z = centered(sets.training, sets.generated, sets.reference)
    near, which = nearest(x, y)
    real, _ = nearest(z, y)
    n, m = len(x), len(z)
    chosen = zip(_order(near, halves(n, pairs, seed, 0)),
                 _order(real, halves(m, pairs, seed, 1)), strict=True)  # fmt: skip
    value = _share(near, real, percent)
    parts = np.array([_share(near[a], real[b], percent) for a, b in chosen])
    details = {
        "threshold": _threshold(real, percent),
        "expected": max(percent / 100, 1 / (m + 1)),
        "training": len(y),
        "pairs": [
            {"generated": int(i), "training": int(which[i]), "distance": float(near[i])}
            for i in np.argsort(near, kind="stable")[:LISTED]
        ],
    }
    return (Score("copies", value, *share_interval(value, n, parts), n, m, details=details),)


def nearest(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each x to its nearest y, and which that is."""
    far, which = np.empty(len(x)), np.empty(len(x), np.int64)
    for rows, squares in blocks(x, y):
        which[rows] = squares.argmin(1)
        far[rows] = np.sqrt(squares.min(1))
    return far, which


def _share(near: np.ndarray, real: np.ndarray, percent: float) -> float:
    """The share of `near` below the percentile of `real`; equal to it counts where it is 0."""
    return float(np.mean((near < _threshold(real, percent)) | (near == 0)))


def _threshold(real: np.ndarray, percent: float) -> float:
    return float(np.percentile(real, percent, method="weibull"))


def _order(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Choices of ranks as choices of samples: the order in which samples came does not matter."""
    out = np.empty_like(chosen)
    out[:, np.argsort(values, kind="stable")] = chosen
    return out
