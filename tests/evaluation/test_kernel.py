"""Kernel distance: against the definition, against moments by hand, unbiased, and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.evaluation import Sets
from unstir.evaluation.kernel import kernel

RNG = np.random.default_rng


def by_definition(x: np.ndarray, y: np.ndarray) -> float:
    d = x.shape[1]

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (float(a @ b) / d + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize(("n", "m"), [(12, 9), (7, 15)])
def test_the_definition(n: int, m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    monkeypatch.setattr(importlib.import_module("unstir.evaluation.kernel"), "BLOCK", 4)
    x, y = RNG(0).normal(size=(n, 5)), RNG(1).normal(size=(m, 5)) + 1
    (score,) = kernel(Sets(x, y))
    assert score.value == pytest.approx(by_definition(x, y), rel=1e-12)
    assert (score.n, score.m, score.better) == (n, m, "lower")


def test_gaussians_by_their_moments() -> None:
    """E (x.y/D + 1)^3 splits into moments, so MMD^2 = 3/D |m1-m2|^2 + 3/D^2 |M2-M2'|^2 + 1/D^3
    |M3-M3'|^2 (Frobenius norms of raw moments); in one dimension by hand:
    N(0, 1): 0, 1, 0.  N(2, 1): 2, 5, 14."""
    wanted = 3 * 2**2 + 3 * (5 - 1) ** 2 + 14**2
    values = []
    for i in range(8):
        x, y = RNG(i).normal(size=(4000, 1)), 2 + RNG(i + 50).normal(size=(4000, 1))
        values.append(kernel(Sets(x, y), pairs=1)[0].value)
    assert np.mean(values) == pytest.approx(wanted, rel=0.01)


def test_gaussians_of_many_dimensions() -> None:
    """Zero means: 3 / D^2 |C1 - C2|^2; with D = 20, C2 = 4 I, that is 3/400 * 20 * 9 = 1.35."""
    values = []
    for i in range(6):
        x, y = RNG(i).normal(size=(4000, 20)), 2 * RNG(i + 50).normal(size=(4000, 20))
        values.append(kernel(Sets(x, y), pairs=1)[0].value)
    assert np.mean(values) == pytest.approx(1.35, rel=0.01)


def test_it_is_unbiased() -> None:
    """Equal distributions: 0 on average, with ten samples as with a thousand; below 0 at times."""
    values = [kernel(Sets(RNG(i).normal(size=(10, 3)), RNG(i + 5000).normal(size=(10, 3))),
                     pairs=1)[0].value for i in range(2000)]  # fmt: skip
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values)) < 3.5 * error
    assert min(values) < 0


def test_the_interval_covers() -> None:
    """The truth of x ~ N(0, 1), y ~ N(1, 1) is 3 + 3 + 16 = 22 (moments 1, 2, 4)."""
    held, equal = 0, 0
    for i in range(200):
        x, y = RNG(i).normal(size=(200, 1)), RNG(i + 999).normal(size=(300, 1))
        (far,) = kernel(Sets(x, y + 1), seed=i, pairs=20)
        (near,) = kernel(Sets(x, y), seed=i, pairs=20)
        held += far.low <= 22 <= far.high
        equal += near.low <= 0 <= near.high
    assert 0.87 <= held / 200 <= 0.995  # the cube has heavy tails
    assert equal / 200 >= 0.93  # too wide there by design


def test_duplicates_are_samples_like_others() -> None:
    x, y = RNG(0).normal(size=(20, 4)), RNG(1).normal(size=(15, 4))
    twice = np.repeat(x, 2, 0)
    assert kernel(Sets(twice, y))[0].value == pytest.approx(by_definition(twice, y), rel=1e-12)
