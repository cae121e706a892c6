"""Chains as states: their noise is a walk of the right steps, centered, whatever the padding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modalities.traces import helix
from unstir.modalities.chains import BOND, SCALE, centered, distances, masks, noise, relaxed, walk
from unstir.modalities.folds import measured


def drawn(n: int, count: int, **more: float) -> np.ndarray:
    return noise(range(count), masks([n] * count), **more)(-1)


def test_neighbors_are_a_bond_apart() -> None:
    x = SCALE * drawn(60, 400)
    apart = np.square(np.diff(x, axis=2)).sum(1).mean()
    assert apart == pytest.approx(BOND**2, rel=0.03)


def test_it_stands_nowhere_and_has_the_covariance_of_the_walk() -> None:
    x = drawn(20, 4000)
    assert np.abs(x.mean(2)).max() < 1e-5
    middle = np.eye(20) - 1 / 20
    wanted = middle @ walk(20) @ walk(20).T @ middle
    found = np.einsum("bcn,bcm->nm", x, x) / (3 * len(x))
    assert np.abs(found - wanted).max() < 0.06 * wanted.max()


def test_one_seed_is_one_noise() -> None:
    """Whatever else is drawn, and however long the array is."""
    [alone] = noise([7], masks([30]))(-1)
    among = noise([5, 7], masks([50, 30], 64))(-1)[1]
    assert np.allclose(among[:, :30], alone, atol=1e-6)
    assert not among[:, 30:].any()


def test_temperature_is_of_the_way_not_of_its_begin() -> None:
    hot, cold = (noise([1], masks([30]), temperature) for temperature in (1.0, 0.5))
    assert np.array_equal(hot(-1), cold(-1))
    assert np.allclose(0.5 * hot(3), cold(3))
    assert hot(3).any()


def test_centered() -> None:
    mask = masks([2], 3)
    x = centered(np.array([[[1.0, 3, 9]] * 3]), mask)
    assert np.array_equal(x, [[[-1, 1, 0]] * 3])


def test_relaxing_mends_bonds_and_overlaps() -> None:
    """A crumpled walk becomes a chain that one could build; what is one stays as it is."""
    mask = masks([40, 25])
    x = 0.8 * noise([1, 2], mask)(-1)
    y = relaxed(x, mask, 300)
    assert y.dtype == x.dtype
    assert np.abs(y.sum(2)).max() < 1e-4
    assert not y[1, :, 25:].any()
    for row, n in zip(y, (40, 25), strict=True):
        said = measured(SCALE * row[:, :n].T)
        assert said["bonds"] > 0.97
        assert said["clashes"] < 2
    fine = helix(40)[None].swapaxes(1, 2) / SCALE
    fine = centered(fine, masks([40]))
    assert np.abs(relaxed(fine, masks([40])) - fine).max() < 1e-3


def test_relaxing_around_what_is_held() -> None:
    """What is held keeps its shape, however wrong; the others come to it."""
    mask = masks([40])
    x = noise([1], mask)(-1)
    held = np.zeros_like(mask)
    held[:, 10:20] = 1
    y = relaxed(x, mask, 300, held)
    before, after = (distances(SCALE * each[0, :, 10:20].T) for each in (x, y))
    assert np.abs(after - before).max() < 1e-4
    long = np.linalg.norm(np.diff(SCALE * y[0].T, axis=0), axis=-1)
    free = np.r_[long[:10], long[19:]]
    assert np.abs(free - BOND).max() < 0.2
    assert np.abs(long[10:19] - BOND).max() > 0.5
