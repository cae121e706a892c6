"""Intervals by random halves: a bootstrap without replacement.

A bootstrap with replacement repeats samples, and repeats are poison here: a repeated sample is its
own nearest neighbor at distance 0, and adds k(x, x) to an unbiased kernel estimate. So each
resample is a random half of both sides, drawn without replacement together with its complement:

    variance of the value = mean over pairs of ((value of a half - value of its complement) / 2)^2

For a statistic that is a mean this is exact: the half has twice the variance of the whole, and the
two halves deviate by the same amount to opposite sides (McCarthy 1969, half-samples; Shao & Wu
1989, theorem 1, the delete-d jackknife with d = n/2; Politis & Romano 1994 for subsampling).
Terms of second order, which dominate where both sides have the same distribution, come out too
large by a factor of sqrt(2): the interval errs to the wide side there. It is the interval of the
statistic at this number of samples; a bias that the statistic has at this number (Frechet, recall)
is not in it.

A share of n samples also gets Wilson's interval (1927), and the wider bound counts: all halves
agreeing on 1.0 is no proof of 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


def halves(count: int, pairs: int, seed: int, side: int) -> np.ndarray:
    """(2 pairs, count) bool: rows 2i and 2i + 1 are a random half and its complement."""
    rng = np.random.default_rng((seed, side, count))
    out = np.zeros((2 * pairs, count), bool)
    for i in range(pairs):
        chosen = rng.permutation(count)[: count // 2 + (i % 2) * (count % 2)]
        out[2 * i, chosen] = True
        out[2 * i + 1] = ~out[2 * i]
    return out


def interval(
    value: float,
    parts: Sequence[float] | np.ndarray,
    low: float = -math.inf,
    high: float = math.inf,
) -> tuple[float, float]:
    """The 95 % interval around `value`, from the values of the halves; cut to [low, high]."""
    values = np.asarray(parts, np.float64)
    width = student(len(values) // 2) * deviation(values)
    return max(low, value - width), min(high, value + width)


def deviation(parts: np.ndarray) -> float:
    """The standard deviation of the value of the whole."""
    return float(np.sqrt(np.mean(((parts[0::2] - parts[1::2]) / 2) ** 2)))


def share_interval(share: float, count: int, parts: np.ndarray) -> tuple[float, float]:
    """The interval of a share of `count` samples: the wider of halves and Wilson, on each side."""
    low, high = interval(share, parts, 0.0, 1.0)
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    root = math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    width = Z * root / (1 + Z**2 / count)
    return max(0.0, min(low, middle - width)), min(1.0, max(high, middle + width))


def student(freedom: int) -> float:
    """The 97.5th percentile of Student's t (Abramowitz & Stegun 1964, 26.7.5)."""
    z, v = Z, float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / v ** (i + 1) for i, term in enumerate(terms))
