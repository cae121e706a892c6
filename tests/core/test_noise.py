"""Noise is a function of (seed, field, step, draw): golden values, independence, moments."""

import hashlib
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unstir.core.fields import Fields
from unstir.core.noise import gaussian, seeds, together

GOLDEN = {
    (11, "", -1, 0): [0.6824830427077102, -0.7310284218510709, -1.3062520933502404],
    (11, "", 0, 0): [0.450520409605577, -0.6346768599900381, -0.6899726408233396],
    (12, "", 0, 0): [-0.5380823507269679, -1.5566108894953106, 0.7747795676458796],
    (11, "", 0, 1): [-0.6115333163598764, -1.5812673071490566, 1.3608768239606635],
    (11, "points", 0, 0): [-0.3068863235313476, 1.079550457492922, 1.6533653610228187],
    (-1, "", 5, 2): [-1.8686293839292334, 0.40237311027006545, 0.7440380083779478],
}


def philox(counter, key):
    """Four words of Philox4x64-10, in plain Python (Salmon et al. 2011, sec. 4.3)."""
    c, k, full = list(counter), list(key), 2**64
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [b // full ^ c[1] ^ k[0], b % full, a // full ^ c[3] ^ k[1], a % full]
        k = [(k[0] + 0x9E3779B97F4A7C15) % full, (k[1] + 0xBB67AE8584CAA73B) % full]
    return c


def by_hand(seed, field, step, draw):
    """The first two normals of a key."""
    name = int.from_bytes(hashlib.blake2b(field.encode(), digest_size=8).digest(), "big")
    words = philox([1, 0, draw, step % 2**64], [seed % 2**64, name])  # numpy counts blocks from 1
    u, v = (((w >> 11) + 0.5) / 2**53 for w in words[:2])
    radius = math.sqrt(-2 * math.log(u))
    return [radius * math.cos(2 * math.pi * v), radius * math.sin(2 * math.pi * v)]


@pytest.mark.parametrize("key", GOLDEN)
def test_golden(key):
    seed, field, step, draw = key
    values = gaussian([seed], (3,), dtype="float64", field=field)(step, draw)[0]
    np.testing.assert_allclose(values, GOLDEN[key], rtol=1e-13)
    np.testing.assert_allclose(values[:2], by_hand(*key), rtol=1e-13)


def test_a_batch_is_its_samples():
    every = gaussian(seeds(7, 8), (3, 5, 5))
    for i in range(8):
        alone = gaussian([7 + i], (3, 5, 5))
        for step, draw in ((-1, 0), (0, 0), (3, 2)):
            np.testing.assert_array_equal(every(step, draw)[i], alone(step, draw)[0])


def test_called_again_in_any_order_it_is_the_same():
    noise = gaussian([1, 2], (6,))
    first = [noise(0), noise(1), noise(0, 1)]
    np.testing.assert_array_equal(noise(0, 1), first[2])
    np.testing.assert_array_equal(noise(0), first[0])
    assert not (first[0] == first[1]).any()


def test_dtype_shape_and_backend_do_not_change_it():
    double = gaussian([5], (2, 9), dtype="float64")(0)
    single = gaussian([5], (2, 9))(0)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(double.astype("float32"), single)
    np.testing.assert_array_equal(gaussian([5], (18,))(0)[0], single.ravel())
    np.testing.assert_array_equal(gaussian([5], (7,))(0)[0], single.ravel()[:7])
    there = gaussian([5], (2, 9), to=torch.from_numpy)(0)
    assert isinstance(there, torch.Tensor)
    np.testing.assert_array_equal(there.numpy(), single)


def test_seeds():
    assert seeds(11, 4) == [11, 12, 13, 14]
    assert seeds(np.int64(-1), 2) == [-1, 0]
    a, b = gaussian([-1], (3,))(0), gaussian([2**64 - 1], (3,))(0)
    np.testing.assert_array_equal(a, b)
    assert np.isfinite(gaussian([10**30, -(10**30)], (3,))(0)).all()
    for wrong in (1.0, "7", None):
        with pytest.raises(ValueError, match="a seed is a whole number, not"):
            seeds(wrong, 1)
        with pytest.raises(ValueError, match="a seed is a whole number, not"):
            gaussian([wrong], (3,))


@given(seed=st.integers(-(2**70), 2**70), step=st.integers(-1, 10**6), draw=st.integers(0, 100))
def test_any_key_gives_finite_numbers(seed, step, draw):
    values = gaussian([seed], (5,), dtype="float64")(step, draw)
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 8.6  # sqrt(-2 log 2^-54)


def test_empty_requests():
    assert gaussian([], (3, 2))(0).shape == (0, 3, 2)
    assert gaussian([1], ())(0).shape == (1,)


def streams():
    """20,000 numbers under keys that differ in one part only."""
    keys = [
        (0, "", 0, 0),
        (1, "", 0, 0),
        (0, "", 1, 0),
        (0, "", -1, 0),
        (0, "", 0, 1),
        (0, "b", 0, 0),
    ]
    keys += [(2**32, "", 0, 0), (2**63, "", 0, 0), (0, "", 2**32, 0), (0, "pairs", 0, 0)]
    return [one(*key) for key in keys]


def one(seed, field, step, draw):
    return gaussian([seed], (20_000,), dtype="float64", field=field)(step, draw)[0]


def test_streams_are_independent():
    rows = np.stack(streams())
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 4.5 / math.sqrt(rows.shape[1])
    shifted = [np.corrcoef(a[1:], b[:-1])[0, 1] for a, b in pairwise(rows)]
    assert np.abs(shifted).max() < 4.5 / math.sqrt(rows.shape[1])


def test_moments_within_their_intervals():
    z = gaussian(seeds(0, 50), (20_000,), dtype="float64")(0).ravel()
    n = z.size
    assert abs(z.mean()) < 4.5 / math.sqrt(n)
    assert abs(z.var() - 1) < 4.5 * math.sqrt(2 / n)
    assert abs((z**3).mean()) < 4.5 * math.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4.5 * math.sqrt(96 / n)
    for edge in (-2.0, -0.5, 0.0, 1.0, 3.0):
        p = 0.5 * (1 + math.erf(edge / math.sqrt(2)))
        assert abs((z < edge).mean() - p) < 4.5 * math.sqrt(p * (1 - p) / n)
    pairs = z.reshape(-1, 2)
    assert abs((pairs[:, 0] * pairs[:, 1]).mean()) < 4.5 / math.sqrt(n / 2)
    assert abs(((pairs[:, 0] ** 2 - 1) * (pairs[:, 1] ** 2 - 1)).mean()) < 4.5 * 2 / math.sqrt(
        n / 2
    )


def test_fields_of_noise():
    source = together(p=gaussian([1], (2,), field="p"), q=gaussian([1], (2,), field="q"))
    noise = source(0)
    assert isinstance(noise, Fields)
    assert noise["p"].shape == (1, 2)
    assert not (noise["p"] == noise["q"]).any()
    np.testing.assert_array_equal(source(3, 1)["p"], gaussian([1], (2,), field="p")(3, 1))
