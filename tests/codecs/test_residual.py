"""What an enlarged picture lacks: there and back, torch's order of channels, the known means."""

import numpy as np
import pytest
import torch

from unstir.codecs.residual import (
    Residual,
    block_means,
    enlarge,
    repeated,
    shrink,
    shuffle,
    unshuffle,
)

RNG = np.random.default_rng(0)
HIGH = RNG.uniform(-1, 1, (2, 3, 24, 16)).astype(np.float32)


def test_there_and_back() -> None:
    residual = Residual(4, 0.1)
    low = shrink(HIGH, 4)
    z = residual.normalize(HIGH, low)
    assert z.shape == (2, 48, 6, 4)
    assert residual.restore(z, low) == pytest.approx(HIGH, abs=1e-6)


def test_the_order_of_channels_is_that_of_torch() -> None:
    z = unshuffle(HIGH, 4)
    assert z.tolist() == torch.nn.functional.pixel_unshuffle(torch.from_numpy(HIGH), 4).tolist()
    assert (shuffle(z, 4) == HIGH).all()


def test_with_the_known_means_a_picture_shrinks_to_the_small_one() -> None:
    residual, low = Residual(4, 0.1), RNG.uniform(-1, 1, (2, 3, 6, 4)).astype(np.float32)
    z = RNG.standard_normal((2, 48, 6, 4)).astype(np.float32)
    known = z + repeated(residual.means(low) - block_means(z, 4), 4)
    assert shrink(residual.restore(known, low), 4) == pytest.approx(low, abs=1e-6)
    assert np.abs(shrink(residual.restore(z, low), 4) - low).max() > 1e-3


def test_what_is_even_stays_even() -> None:
    flat = np.full((1, 3, 5, 7), 0.25, np.float32)
    assert enlarge(flat, 4) == pytest.approx(0.25)
    assert enlarge(flat, 4).shape == (1, 3, 20, 28)
