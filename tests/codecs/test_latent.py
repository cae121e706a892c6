"""Latent statistics: measured right, exact round trip, the same on numpy and torch."""

import numpy as np
import pytest
import torch

from unstir.codecs.latent import Latent, measure

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(10, 3, 4, 5)) * [[[[2]], [[0.5]], [[3]]]] + [[[[1]], [[-2]], [[0]]]]


def test_measure_in_batches_is_measure_at_once():
    whole = measure([CODES])
    parts = measure([CODES[:3], CODES[3:4], CODES[4:]])
    np.testing.assert_allclose(whole.mean, CODES.mean((0, 2, 3)), rtol=1e-9)
    np.testing.assert_allclose(whole.std, CODES.std((0, 2, 3)), rtol=1e-9)
    np.testing.assert_allclose(parts.std, whole.std, rtol=1e-9)


def test_normalized_has_unit_statistics():
    z = measure([CODES]).normalize(CODES)
    np.testing.assert_allclose(z.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(z.std((0, 2, 3)), 1, atol=1e-6)


def test_round_trip_on_numpy_and_torch():
    codec = measure([CODES])
    x = CODES.astype(np.float32)
    np.testing.assert_allclose(codec.restore(codec.normalize(x)), x, atol=1e-5)
    z = codec.normalize(torch.from_numpy(x))
    np.testing.assert_allclose(z.numpy(), codec.normalize(x), atol=1e-6)
    np.testing.assert_allclose(codec.restore(z).numpy(), x, atol=1e-5)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="2 channels; the statistics 3"):
        measure([CODES]).normalize(np.zeros((1, 2, 4, 4), np.float32))
    with pytest.raises(ValueError, match="positive deviation"):
        Latent([0.0], [0.0])
    with pytest.raises(ValueError, match="no codes"):
        measure([])
