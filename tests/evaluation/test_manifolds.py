"""Precision, recall, density, coverage: by hand, by brute force, and never exchanged."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from unstir.evaluation import Sets
from unstir.evaluation.density_coverage import density_coverage
from unstir.evaluation.precision_recall import precision_recall

RNG = np.random.default_rng


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def far(values: np.ndarray, k: int) -> np.ndarray:
    """Distance of each to its k-th nearest other, by sorting everything."""
    d = np.linalg.norm(values[:, None] - values[None], axis=-1)
    np.fill_diagonal(d, np.inf)
    return np.sort(d, 1)[:, k - 1]


def brute(x: np.ndarray, y: np.ndarray, k: int) -> tuple[float, float, float, float]:
    d = np.linalg.norm(x[:, None] - y[None], axis=-1)
    inside = d <= far(y, k)[None]
    return (inside.any(1).mean(), (d <= far(x, k)[:, None]).any(0).mean(),
            inside.sum() / (k * len(x)), inside.any(0).mean())  # fmt: skip


def values(x: np.ndarray, y: np.ndarray, k: int) -> list[float]:
    sets = Sets(x, y)
    scores = [*precision_recall(sets, k=k), *density_coverage(sets, k=k)]
    assert [s.name for s in scores] == ["precision", "recall", "density", "coverage"]
    assert all(s.better == "higher" for s in scores)
    return [s.value for s in scores]


def test_by_hand() -> None:
    """k = 1. Real 0 1 2 10: balls reach 1 1 1 8. Generated 0.5 2.5 30 31: balls 2 2 1 1.
    0.5 lies in the balls of 0, 1 and (1.5 > 1, no) not 2; 10's ball [2, 18] holds 2.5 too."""
    real, fake = column(0, 1, 2, 10), column(0.5, 2.5, 30, 31)
    assert values(fake, real, 1) == [
        2 / 4,  # precision: 0.5 and 2.5
        3 / 4,  # recall: 0 and 1 (of 0.5), 1 and 2 (of 2.5); not 10
        (2 + 2) / (1 * 4),  # 0.5 in the balls of 0 and 1, 2.5 in those of 2 and 10
        4 / 4,  # every ball holds one
    ]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_against_brute_force(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("unstir.evaluation._neighbors"), "BLOCK", 17)
    x, y = RNG(0).normal(size=(90, 6)), RNG(1).normal(size=(70, 6)) * 1.2 + 0.4
    assert values(x, y, k) == pytest.approx(brute(x, y, k), abs=1e-12)


def modes(which: list[int], n: int, seed: int, d: int = 8) -> np.ndarray:
    """Samples of some of ten well separated modes."""
    centers = 20 * RNG(123).normal(size=(10, d))
    rng = RNG(seed)
    return centers[rng.choice(which, n)] + rng.normal(size=(n, d))


def test_planted_mode_collapse_is_high_precision_and_low_recall() -> None:
    """The trap of torch-fidelity issue 58: these two must not be exchanged."""
    real, collapsed = modes(list(range(10)), 800, 0), modes([3, 7], 800, 1)
    precision, recall, _, coverage = values(collapsed, real, 3)
    assert precision > 0.8
    assert recall < 0.3
    assert coverage < 0.3


def test_planted_inventions_are_low_precision_and_high_recall() -> None:
    real, invented = modes([3, 7], 800, 0), modes(list(range(10)), 800, 1)
    precision, recall, density, coverage = values(invented, real, 3)
    assert precision < 0.3
    assert recall > 0.8
    assert density < 0.3
    assert coverage > 0.3  # only one fifth of the samples is there to fill the balls


def test_an_outlier_lifts_precision_but_not_coverage() -> None:
    """What density and coverage were made for (Naeem et al. 2020, figure 2)."""
    rng = RNG(0)
    real = np.concatenate([rng.normal(size=(300, 4)), [[40.0] * 4]])
    fake = rng.normal(size=(300, 4)) + 20.0
    precision, _, density, coverage = values(fake, real, 3)
    assert precision > 0.95
    assert density < 0.4
    assert coverage < 0.02


def test_equal_distributions_give_what_theory_says() -> None:
    """Density 1, coverage 1 - (M-1)...(M-k) / ((M+N-1)...(M+N-k)): Naeem et al. 2020, 3.3."""
    n, m, k = 300, 200, 5
    density, coverage = np.mean([
        [s.value for s in density_coverage(Sets(RNG(i).normal(size=(n, 3)),
                                                RNG(i + 900).normal(size=(m, 3))), pairs=1)]
        for i in range(60)], 0)  # fmt: skip
    steps = range(1, k + 1)
    wanted = 1 - np.prod([m - i for i in steps]) / np.prod([m + n - i for i in steps], dtype=float)
    assert density == pytest.approx(1, abs=0.02)
    assert coverage == pytest.approx(wanted, abs=0.004)


def test_duplicates() -> None:
    """A sample with k copies has a ball of radius 0, which holds its copies and nothing else."""
    base = RNG(0).normal(size=(10, 6)) * 1e3
    same = np.repeat(base, 4, 0)
    assert values(same, same, 3) == [1.0, 1.0, pytest.approx(4 / 3), 1.0]
    assert values(same + 1e-2, same, 3)[0] == 0.0
    assert values(np.zeros((12, 3)), np.ones((12, 3)), 3) == [0.0, 0.0, 0.0, 0.0]
    assert values(np.ones((12, 3)), np.ones((12, 3)), 3) == [1.0, 1.0, 4.0, 1.0]


def test_intervals_cover() -> None:
    """About 95 of 100 hold the mean of the statistic at that number of samples."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for i in range(120):
        rng = RNG(i)
        sets = Sets(rng.normal(size=(160, 3)) * 0.8, rng.normal(size=(120, 3)))
        for s in (*precision_recall(sets, seed=i), *density_coverage(sets, seed=i)):
            found.setdefault(s.name, []).append((s.low, s.value, s.high))
    for name, rows in found.items():
        low, value, high = np.array(rows).T
        share = np.mean((low <= value.mean()) & (value.mean() <= high))
        assert share >= 0.88, (name, share)


def test_all_agreeing_is_no_proof() -> None:
    """30 of 30 inside is compatible with 95 %."""
    real = RNG(0).normal(size=(30, 2))
    precision, recall = precision_recall(Sets(real, real))
    assert precision.value == precision.high == 1.0
    assert 0.8 < precision.low < 0.95
    assert recall.low < 0.95


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
def test_no_neighbors_at_all_are_refused(metric: Any) -> None:
    x = np.random.default_rng(0).normal(size=(20, 4))
    with pytest.raises(ValueError, match="k is 0; give a whole number from 1"):
        metric(Sets(x, x + 9), k=0)
