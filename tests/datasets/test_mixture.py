"""The mixture whose modes can be counted: what is there is found, and what is missing."""

import numpy as np
import pytest

from unstir.datasets import mixture


def test_its_own_points_cover_it():
    x = mixture.points(5000, seed=3)
    hit, on = mixture.modes(x)
    assert hit == 25
    assert on > 0.999
    assert np.array_equal(x, mixture.points(5000, seed=3))
    assert not np.array_equal(x, mixture.points(5000, seed=4))
    assert x.var(0) == pytest.approx([1, 1], abs=0.05)


def test_collapse_is_counted():
    """Of the points all of some modes taken away, and half of the rest moved off."""
    x = mixture.points(5000)
    far = np.linalg.norm(x[:, None] - mixture.centers()[None], axis=-1).argmin(1)
    assert mixture.modes(x[far < 7])[0] == 7
    rare = np.concatenate([x[far != 4], x[far == 4][:5]])
    assert mixture.modes(rare)[0] == 24  # a fortieth of its due does not cover a mode
    off = x.copy()
    off[::2] += 0.2
    assert mixture.modes(off)[1] == pytest.approx(0.5, abs=0.01)
