"""Frechet distance: closed forms, few samples, degenerate features, the bias and its removal."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.evaluation import Sets
from unstir.evaluation.frechet import distance, frechet

RNG = np.random.default_rng


def spd(d: int, seed: int) -> np.ndarray:
    a = RNG(seed).normal(size=(d, 2 * d))
    return a @ a.T / (2 * d)


def root(c: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(c)
    return (vectors * np.sqrt(values)) @ vectors.T


def closed(m1: np.ndarray, c1: np.ndarray, m2: np.ndarray, c2: np.ndarray) -> float:
    half = root(c1)
    return float(np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * root(half @ c2 @ half)))


def with_moments(n: int, mean: np.ndarray, cov: np.ndarray, seed: int) -> np.ndarray:
    """Samples whose own mean and covariance are exactly these."""
    z = RNG(seed).normal(size=(n, len(mean)))
    z -= z.mean(0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / (n - 1))).T
    return z @ np.linalg.cholesky(cov).T + mean


@pytest.mark.parametrize(
    ("n", "m", "d"), [(400, 300, 8), (60, 50, 24), (33, 500, 32), (34, 34, 33)]
)
def test_samples_with_exact_moments(n: int, m: int, d: int) -> None:
    """However many samples: the distance is that of their moments, to rounding."""
    one, two = (RNG(1).normal(size=d), spd(d, 2)), (RNG(3).normal(size=d), 3 * spd(d, 4))
    x, y = with_moments(n, *one, 5), with_moments(m, *two, 6)
    assert distance(x, y) == pytest.approx(closed(*one, *two), rel=1e-9)
    assert distance(y, x) == pytest.approx(distance(x, y), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_gaussians_within_one_percent(seed: int) -> None:
    d = 16
    one, two = (np.zeros(d), spd(d, 2)), (np.full(d, 2.0), 4 * spd(d, 3))
    x = RNG(seed).multivariate_normal(*one, size=30_000)
    y = RNG(seed + 10).multivariate_normal(*two, size=30_000)
    plain, limit = frechet(Sets(x, y))
    wanted = closed(*one, *two)
    assert plain.value == pytest.approx(wanted, rel=0.01)
    assert limit.value == pytest.approx(wanted, rel=0.01)
    assert (plain.n, plain.m, plain.name, limit.name) == (
        30_000, 30_000, "frechet", "frechet_infinity")  # fmt: skip


@pytest.mark.parametrize(("n", "m"), [(20, 30), (20, 400), (400, 20)])
def test_fewer_samples_than_features(n: int, m: int) -> None:
    """Against the definition, tr (C1 C2)^(1/2) from the eigenvalues of the full product."""
    x, y = RNG(0).normal(size=(n, 64)), RNG(1).normal(size=(m, 64)) + 0.3
    c1, c2 = np.cov(x.T), np.cov(y.T)
    overlap = np.sqrt(np.maximum(np.linalg.eigvals(c1 @ c2).real, 0)).sum()
    gap = np.sum((x.mean(0) - y.mean(0)) ** 2)
    assert distance(x, y) == pytest.approx(
        gap + np.trace(c1) + np.trace(c2) - 2 * overlap, rel=1e-5
    )


def test_both_ways_of_computing_agree() -> None:
    """Singular values where samples are few, eigenvalues where they are many: no step between."""
    wide = RNG(0).normal(size=(200, 40)) * np.geomspace(1, 1e-4, 40)
    x, y = wide[:100], wide[100:]
    padded = [np.concatenate([a, np.zeros((len(a), 80))], 1) for a in (x, y)]
    assert distance(*padded) == pytest.approx(distance(x, y), rel=1e-5)


def test_constant_and_duplicated_features() -> None:
    x = RNG(0).normal(size=(100, 6))
    flat = np.concatenate([x, np.full((100, 3), 7.0)], 1)
    shifted = np.concatenate([x, np.full((100, 3), 9.0)], 1)
    assert distance(flat, flat) == pytest.approx(0, abs=1e-9)
    assert distance(flat, shifted) == pytest.approx(12.0)
    point, other = np.zeros((10, 4)), np.ones((12, 4))
    assert distance(point, other) == pytest.approx(4.0)
    assert distance(np.repeat(x, 2, 0), np.repeat(x, 2, 0)) == pytest.approx(0, abs=1e-9)
    twice = np.concatenate([x, x], 1)  # singular covariance, more samples than features
    assert distance(twice, 2 * twice) == pytest.approx(2 * distance(x, 2 * x), rel=1e-6)


def test_the_limit_takes_the_bias_away() -> None:
    """Same distribution, so the true distance is 0; the plain figure is all bias."""
    plain, limit = zip(*(frechet(Sets(RNG(i).normal(size=(1000, 40)),
                                      RNG(i + 99).normal(size=(1000, 40)))) for i in range(4)),
                       strict=True)  # fmt: skip
    biased, freed = np.mean([s.value for s in plain]), np.mean([s.value for s in limit])
    assert biased > 0.3
    assert abs(freed) < biased / 10


def test_the_interval_covers() -> None:
    """About 95 of 100 intervals hold the mean of the statistic at that number of samples, and
    those of the limit the true distance."""
    true = closed(np.zeros(5), np.eye(5), np.full(5, 0.5), 1.5 * np.eye(5))
    plain, limit = [], []
    for i in range(200):
        rng = RNG(i)
        x, y = rng.normal(size=(150, 5)), 0.5 + 1.5**0.5 * rng.normal(size=(200, 5))
        one, two = frechet(Sets(x, y), seed=i)
        plain.append(one)
        limit.append(two)
    middle = np.mean([s.value for s in plain])
    assert 0.89 <= np.mean([s.low <= middle <= s.high for s in plain]) <= 0.995
    assert 0.89 <= np.mean([s.low <= true <= s.high for s in limit]) <= 0.995
