"""What a network that repaints is told."""

import numpy as np
import pytest

from unstir.codecs.seen import nothing, seen

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (3, 3, 16, 16)).astype(np.float32)


def halved(x: np.ndarray) -> np.ndarray:
    """A codec of block means: (B, 3, 16, 16) -> (B, 3, 8, 8)."""
    return x.reshape(len(x), 3, 8, 2, 8, 2).mean((3, 5))


def test_nothing_hidden_is_the_whole_code():
    out = seen(halved, X, np.zeros((3, 16, 16)))
    assert (out[:, :3] == halved(X)).all()
    assert not out[:, 3].any()


def test_all_hidden_is_nothing():
    out = seen(halved, X, np.ones((3, 16, 16)))
    assert (out == nothing((3, 8, 8))).all()


def test_what_is_hidden_does_not_leak():
    mask = (RNG.random((3, 16, 16)) < 0.5).astype(np.float32)
    other = np.where(mask[:, None] > 0, RNG.uniform(-1, 1, X.shape), X).astype(np.float32)
    assert (seen(halved, X, mask) == seen(halved, other, mask)).all()


def test_an_element_partly_hidden_says_how_much():
    mask = np.zeros((1, 16, 16))
    mask[0, 0, 0] = 0.3  # a gray of the mask hides too
    mask[0, 2:4, 2:4] = 1
    out = seen(halved, X[:1], mask)
    assert out[0, 3, 0, 0] == 0.25
    assert out[0, :3, 0, 0] == pytest.approx((X[0, :, :2, :2].sum((1, 2)) - X[0, :, 0, 0]) / 4)
    assert out[0, 3, 1, 1] == 1
    assert not out[0, :3, 1, 1].any()
    assert out[0, 3].sum() == 1.25
