"""Kernel distance: the unbiased squared maximum mean discrepancy with a cubic kernel ("KID").

    MMD^2 = mean_(i != j) k(x_i, x_j) + mean_(i != j) k(y_i, y_j) - 2 mean_(i, j) k(x_i, y_j)
    k(x, y) = (x . y / D + 1)^3

Gretton et al. 2012, equation 3; Binkowski et al. 2018, section 3, for the kernel. Its expectation
is the distance between the distributions whatever the number of samples, so it can be below 0, and
two runs with different N compare. It sees means, covariances and third moments, no more.

Published KID values are means over small subsets, in Inception features; this is one estimate from
all pairs, and its interval is by halves (see `_halves`), whose sums come from the same products.
"""

from __future__ import annotations

import numpy as np

from unstir.evaluation._halves import halves, interval
from unstir.evaluation._sets import Score, Sets

PAIRS = 50
BLOCK = 512
"""Rows of the kernel matrix that exist at a time."""


def kernel(sets: Sets, *, seed: int = 0, pairs: int = PAIRS) -> tuple[Score, ...]:
    """The distance; its interval is by halves."""
    sets = sets.at_least(4, "kernel").ordered()
    x, y = sets.generated, sets.reference
    n, m = len(x), len(y)
    ours = np.concatenate([np.ones((1, n)), halves(n, pairs, seed, 0)])
    theirs = np.concatenate([np.ones((1, m)), halves(m, pairs, seed, 1)])
    within = _within(x, ours) + _within(y, theirs)
    across = _sums(x, y, ours, theirs) / (ours.sum(1) * theirs.sum(1))
    value, *parts = within - 2 * across
    return (Score("kernel", float(value), *interval(float(value), parts), n, m),)


def _within(x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Mean of k over the ordered pairs of different samples, for each row of `chosen` (R, N)."""
    itself = chosen @ (np.einsum("nd,nd->n", x, x) / x.shape[1] + 1) ** 3
    count = chosen.sum(1)
    return (_sums(x, x, chosen, chosen) - itself) / (count * (count - 1))


def _sums(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """sum_ij a_ri k(x_i, y_j) b_rj for each r, a block of rows at a time."""
    total = np.zeros(len(a))
    for i in range(0, len(x), BLOCK):
        product = x[i : i + BLOCK] @ y.T / x.shape[1] + 1
        product = product * product * product
        total += np.einsum("rk,kr->r", a[:, i : i + BLOCK], product @ b.T)
    return total
