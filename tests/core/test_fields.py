"""`Fields` compute as their parts do, on any backend; the toy made of them keeps its promises."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unstir.core.fields import Fields
from unstir.core.namespace import largest, log, mean, namespace, quantile, size
from unstir.core.paths import path
from unstir.core.schedules import cosine
from unstir.modalities import toy

OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: -a + 2 * b - 1,
    lambda a, b: (3 - a) * 0.5,
    lambda a, b: 1 / b + (1 + a) / 2,
]


def pair(make):
    rng = np.random.default_rng(0)
    draws = [make(rng.uniform(0.5, 2, size)) for size in [(4, 3, 2), (4, 5)] * 2]
    return Fields({"p": draws[0], "q": draws[1]}), Fields({"p": draws[2], "q": draws[3]})


@pytest.mark.parametrize("make", [lambda v: v, torch.tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operators_reach_every_field(make, operation):
    a, b = pair(make)
    out = operation(a, b)
    for name in ("p", "q"):
        np.testing.assert_array_equal(out[name], operation(a[name], b[name]))


@given(st.floats(-10, 10))
def test_numpy_scalars_do_not_take_over(value):
    a, _ = pair(lambda v: v)
    for out in (np.float64(value) * a, np.float64(value) + a, a * np.float64(value)):
        assert isinstance(out, Fields)
    np.testing.assert_array_equal((np.float64(value) - a)["q"], value - a["q"])
    assert isinstance(np.full(1, value) * a, Fields)


def test_namespace_and_reductions():
    a, b = pair(lambda v: v)
    xp = namespace(a)
    np.testing.assert_array_equal(xp.exp(a)["p"], np.exp(a["p"]))
    np.testing.assert_array_equal(
        xp.where(a > b, a, 0.0)["q"], np.where(a["q"] > b["q"], a["q"], 0)
    )
    np.testing.assert_array_equal(xp.clip(a, 1.0, b)["q"], np.clip(a["q"], 1.0, b["q"]))
    np.testing.assert_allclose(log(a)["p"], np.log(a["p"]))
    np.testing.assert_array_equal(mean(a)["p"], a["p"].mean((1, 2), keepdims=True))
    np.testing.assert_array_equal(quantile(a, 0.5)["q"], np.median(a["q"], 1, keepdims=True))
    assert size(a).arrays == {"p": 6, "q": 5}
    assert largest(a) == max(a["p"].max(), a["q"].max())


def test_names_must_agree():
    a, _ = pair(lambda v: v)
    with pytest.raises(ValueError, match=r"fields \['p'\] do not meet fields \['p', 'q'\]"):
        a + Fields({"p": a["p"]})


def test_frozen():
    a, _ = pair(lambda v: v)
    with pytest.raises(AttributeError):
        a.arrays = {}


def test_log_is_quiet_at_zero():
    for zero in (np.zeros(2), torch.zeros(2), np.zeros(2, "float32")):
        assert (log(zero) == -np.inf).all()
        assert log(zero).dtype == zero.dtype
    assert log(0.0) == -np.inf


def constrained(x, atol=1e-6):
    np.testing.assert_allclose(x["points"].mean(1), 0, atol=atol)
    np.testing.assert_array_equal(x["pairs"], x["pairs"].swapaxes(1, 2))


def test_toy_noise_and_denoiser_keep_the_constraints():
    walk = path(cosine(), 6)
    noise = toy.noise([3, 4, 5])
    x = noise(-1)
    assert x["points"].dtype == np.float32
    constrained(x)
    for t in walk:
        constrained(toy.denoise(x, t))
    clean = toy.denoise(x, walk[-1])
    np.testing.assert_allclose(clean["pairs"], x["pairs"], atol=1e-6)


def test_toy_data_has_the_moments_it_states():
    data = toy.toy(8_000)
    constrained(data)
    assert data["pairs"].mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(data["pairs"].var(0), 1.5, rtol=0.09)
    np.testing.assert_allclose(data["points"].var(0), 0.25 * (1 - 1 / toy.POINTS), rtol=0.09)
