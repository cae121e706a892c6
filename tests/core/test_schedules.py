"""Every schedule: its ends, monotony, inverse, backends; the discrete ones are diffusers'."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unstir.core.find import NotFound, find, names
from unstir.core.levels import renoise
from unstir.core.schedules import (
    cosine,
    edm,
    flow,
    from_json,
    level,
    linear_beta,
    scaled_linear,
    sigmoid,
    to_json,
    ve,
    zero_terminal,
)

ALL = [
    find("schedules", name)(scaled_linear())
    if name == "zero_terminal"
    else find("schedules", name)()
    for name in names("schedules")
]
ALL += [flow(shift=3.0), sigmoid(start=-1.0, tau=0.7), linear_beta(end=0.05), edm(rho=4.0)]
each = pytest.mark.parametrize("schedule", ALL, ids=str)
times = st.floats(1e-3, 1 - 1e-3)


def products(betas):
    return np.cumprod(1 - betas)


DISCRETE = [
    (linear_beta(), "linear", products(np.linspace(1e-4, 0.02, 1000))),
    (scaled_linear(), "scaled_linear", products(np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)),
]
GRID = np.arange(1, 1001) / 1000


@pytest.mark.parametrize(("schedule", "name", "exact"), DISCRETE)
def test_betas_multiply_exactly(schedule, name, exact):
    assert np.abs(schedule(GRID)[0] ** 2 - exact).max() < 1e-12
    assert (
        max(abs(schedule(float(t))[0] ** 2 - e) for t, e in zip(GRID, exact, strict=True)) < 1e-12
    )
    low = schedule(GRID.astype("float32"))
    assert np.abs(low[1] / np.sqrt(1 - exact) - 1).max() < 1e-5, "float32 keeps sigma near t = 0"


@pytest.mark.parametrize(("schedule", "name", "exact"), DISCRETE)
def test_betas_are_those_of_diffusers(schedule, name, exact):
    from diffusers import DDIMScheduler

    start, end = schedule.start, schedule.end
    theirs = DDIMScheduler(beta_schedule=name, beta_start=start, beta_end=end).alphas_cumprod
    assert np.abs(schedule(GRID)[0] ** 2 - theirs.numpy()).max() < 1e-6  # theirs is float32


def test_cosine_is_squaredcos_cap_v2_but_for_the_cap():
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod.numpy()
    ours = cosine()(GRID)[0] ** 2
    assert np.abs(ours - theirs)[:-1].max() < 1e-6
    assert ours[-1] == 0
    assert theirs[-1] > 0


def test_zero_terminal_is_that_of_diffusers():
    from diffusers import DDIMScheduler

    numbers = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
    theirs = DDIMScheduler(**numbers, rescale_betas_zero_snr=True).alphas_cumprod.numpy()
    assert np.abs(zero_terminal(scaled_linear())(GRID)[0] ** 2 - theirs).max() < 1e-6


def test_known_values():
    assert flow()(0.25) == (0.75, 0.25)
    assert flow(shift=3.0)(0.25) == pytest.approx((0.5, 0.5))
    assert ve()(1.0)[1] == pytest.approx(100.0)
    assert edm()(1.0)[1] == pytest.approx(80.0)
    karras = (0.002 ** (1 / 7) + 0.9 * (80.002 ** (1 / 7) - 0.002 ** (1 / 7))) ** 7 - 0.002
    assert edm()(0.9)[1] == pytest.approx(karras, rel=1e-12)
    gamma = (_logistic(3) - _logistic(-1.5)) / (_logistic(3) - _logistic(-3))
    assert sigmoid()(0.25)[0] == pytest.approx(math.sqrt(gamma), rel=1e-12)


def _logistic(v):
    return 1 / (1 + math.exp(-v))


@each
def test_ends(schedule):
    assert schedule(0.0) == (1.0, 0.0)
    alpha, sigma = schedule(1.0)
    assert 0 <= alpha <= 1
    assert 0.9 < sigma < 101
    assert schedule.inverse(math.inf) == 0
    assert schedule.inverse(-math.inf) == pytest.approx(1)
    assert level(schedule, 0.0).lam == math.inf
    if isinstance(schedule, cosine | sigmoid | flow | zero_terminal):
        assert (alpha, sigma) == pytest.approx((0.0, 1.0), abs=1e-15)
        assert level(schedule, 1.0).logsnr == -math.inf


@each
def test_monotone_and_smooth(schedule):
    alpha, sigma = schedule(np.linspace(0, 1, 4001))
    assert (np.diff(sigma) > 0).all()
    assert (np.diff(alpha) <= 0).all()
    assert (np.diff(schedule(np.linspace(0, 0.002, 101))[1]) > 0).all(), "to the very end"
    fine = level(schedule, np.arange(300.0, 700.0, 0.25) / 1000).lam
    bends = np.diff(fine, 2)  # a table, interpolated, would bend at its points only
    assert np.abs(np.diff(bends)).max() < 0.02 * np.abs(bends).max() + 1e-12


@each
def test_what_is_preserved(schedule):
    alpha, sigma = schedule(np.linspace(0, 1, 101))
    if isinstance(schedule, ve | edm):
        assert (alpha == 1).all()
    elif isinstance(schedule, flow):
        np.testing.assert_allclose(alpha + sigma, 1, atol=1e-15)
    else:
        np.testing.assert_allclose(alpha**2 + sigma**2, 1, atol=1e-14)


@each
@given(t=times)
def test_inverse(schedule, t):
    assert schedule.inverse(level(schedule, t).lam) == pytest.approx(t, abs=1e-9)


@each
def test_backends_agree(schedule):
    t = np.linspace(0, 1, 33)
    alpha, sigma = schedule(t)
    floats = np.array([schedule(float(v)) for v in t]).T
    np.testing.assert_allclose(floats, [alpha, sigma], rtol=1e-12, atol=1e-15)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-5)):
        there = level(schedule, torch.tensor(t, dtype=dtype))
        assert there.alpha.dtype == there.sigma.dtype == there.lam.dtype == dtype
        np.testing.assert_allclose(there.alpha, alpha, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(there.sigma, sigma, rtol=tolerance, atol=tolerance)
        back = schedule.inverse(there.lam)
        assert back.dtype == dtype
        np.testing.assert_allclose(back, t, atol=2e-5)
    assert schedule(t.astype("float32"))[0].dtype == np.float32


@each
def test_json(schedule):
    assert from_json(to_json(schedule)) == schedule
    assert to_json(schedule)["name"] == type(schedule).__name__


def test_json_by_hand():
    assert from_json({"name": "flow", "shift": 3.0}) == flow(3.0)
    nested = {"name": "zero_terminal", "base": {"name": "linear_beta"}}
    assert from_json(nested) == zero_terminal(linear_beta())
    with pytest.raises(NotFound, match=r"no 'cosin' in schedules.*'cosine'\?"):
        from_json({"name": "cosin"})
    with pytest.raises(ValueError, match="flow has no number 'shft'; it has: shift"):
        from_json({"name": "flow", "shft": 3.0})
    with pytest.raises(ValueError, match="shift='3' of schedule flow"):
        from_json({"name": "flow", "shift": "3"})
    with pytest.raises(ValueError, match="base=3 of schedule zero_terminal"):
        from_json({"name": "zero_terminal", "base": 3})
    for spec in ({}, {"name": ["flow"]}, {"name": None}):
        with pytest.raises(NotFound):
            from_json(spec)
    with pytest.raises(ValueError, match="zero_terminal needs base"):
        from_json({"name": "zero_terminal"})


def test_renoise_reaches_the_marginal_of_the_noisier_level():
    schedule, rng = linear_beta(), np.random.default_rng(0)
    t, s = level(schedule, 0.2), level(schedule, 0.7)
    eps, z = rng.normal(size=(2, 200_000))
    up = renoise(t.alpha * 3.0 + t.sigma * eps, t, s, z)
    assert up.mean() == pytest.approx(3 * s.alpha, abs=5 * s.sigma / 447)
    assert up.std() == pytest.approx(s.sigma, rel=5 / 632)
