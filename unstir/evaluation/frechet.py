"""Frechet distance between the Gaussians that have the means and covariances of two sets.

    d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

(Dowson & Landau 1982; for generated pictures Heusel et al. 2017, equation 6.)
With centered samples A (N, D) and B (M, D), scaled so that C1 = A^T A and C2 = B^T B, the last
trace is the sum of the singular values of A B^T: no square root of a matrix is taken, and fewer
samples than features are no special case. Where there are more samples than features it is the sum
of the square roots of the eigenvalues of L^T C2 L, C1 = L L^T, which is D x D; directions whose
deviation is less than about 1e-7 of the largest are lost there.

The distance of two samples is too large, by about (a constant) / N. So a second figure,
`frechet_infinity`, extrapolates to infinitely many samples along 1/N (Chong & Forsyth 2020,
section 4, there FID-infinity; here from N and N / 2, the mean of random halves and their
complements):

    d_inf = 2 d_N - mean d_(N/2)

The correction is of first order: it needs several times more samples than features, and with fewer
it is still too large, though less so. A difference of two distances can be below 0.

It is called FID in no place: that name belongs to the features of one Inception network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstir.evaluation._halves import halves, interval
from unstir.evaluation._sets import Score, Sets

PAIRS, WIDE_PAIRS, WIDE = 25, 5, 256
"""Random halves with their complements, and those of features wider than WIDE: each pair costs two
distances, of about 2 s at 1,280."""
LEAST = 8


def frechet(sets: Sets, *, seed: int = 0, pairs: int | None = None) -> tuple[Score, ...]:
    """Both figures. Their interval is by halves (see `_halves`): it tells how much the value
    varies from one draw of samples to the next, not the bias of the first one."""
    sets = sets.at_least(LEAST, "frechet").ordered()
    x, y = sets.generated, sets.reference
    n, m = len(x), len(y)
    pairs = pairs or (PAIRS if x.shape[1] <= WIDE else WIDE_PAIRS)
    value = distance(x, y)
    parts = []
    for mine, theirs in zip(halves(n, pairs, seed, 0), halves(m, pairs, seed, 1), strict=True):
        parts.append(distance(x[mine], y[theirs]))
    limit = 2 * value - float(np.mean(parts))
    return (
        Score("frechet", value, *interval(value, parts, low=0.0), n, m),
        Score("frechet_infinity", limit, *interval(limit, parts), n, m),
    )


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared Frechet distance of (N, D) and (M, D), each with 2 rows or more."""
    one, two = _moments(x), _moments(y)
    gap = float(np.sum((one.mean - two.mean) ** 2))
    return max(0.0, gap + one.trace + two.trace - 2 * _overlap(one, two))


@dataclass(frozen=True)
class _Moments:
    """Mean and covariance of samples; `rows` (N, D) are centered, rows^T rows = covariance."""

    mean: np.ndarray
    rows: np.ndarray
    trace: float

    def covariance(self) -> np.ndarray:
        return self.rows.T @ self.rows


def _moments(x: np.ndarray) -> _Moments:
    mean = x.mean(0)
    rows = (x - mean) / np.sqrt(len(x) - 1)
    return _Moments(mean, rows, float(np.vdot(rows, rows)))


def _overlap(one: _Moments, two: _Moments) -> float:
    """tr (C1 C2)^(1/2) = the sum of the singular values of A B^T."""
    width = one.rows.shape[1]
    if min(len(one.rows), len(two.rows)) <= width:
        return float(np.linalg.svd(_small(one) @ _small(two).T, compute_uv=False).sum())
    lower = _root(one.covariance())
    squares = np.linalg.eigvalsh(lower.T @ two.covariance() @ lower)
    noise = width * np.finfo(float).eps * max(squares[-1], 0.0)
    return float(np.sqrt(squares[squares > noise]).sum())


def _small(side: _Moments) -> np.ndarray:
    """Rows with the same covariance, no more of them than columns."""
    n, width = side.rows.shape
    return np.asarray(np.linalg.qr(side.rows, mode="r")) if n > width else side.rows


def _root(covariance: np.ndarray) -> np.ndarray:
    """L with L L^T = covariance, which may be singular."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0.0))
