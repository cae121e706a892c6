"""Each row of the table is exact on every level there can be, and so is each loss weight."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from unstir.core.find import NotFound, find, names
from unstir.core.levels import Level
from unstir.core.parametrizations import LEAST, TABLE, denoiser, from_x0, highest, target, to_x0
from unstir.core.schedules import cosine, flow, level, linear_beta, scaled_linear
from unstir.core.weights import edm, min_snr, soft_min_snr, uncertainty

ROWS = [*names("parametrizations"), "edm(1.0)", "edm(2)"]
rows = pytest.mark.parametrize("name", ROWS)
alphas, sigmas = st.floats(0.01, 1.0), st.floats(0.01, 100.0)
values = st.floats(-3, 3)


@rows
@given(alpha=alphas, sigma=sigmas, x0=values, eps=values)
def test_a_perfect_network_gives_x0_back(name, alpha, sigma, x0, eps):
    t = Level(0.5, alpha, sigma)
    x, F = alpha * x0 + sigma * eps, target(name, x0, eps, t)
    seen = []
    back = denoiser(lambda z, level: seen.append(z) or F, name)(x, t)
    scale = 1 + abs(x) / alpha
    assert back == pytest.approx(x0, abs=1e-9 * scale)
    assert seen == [to_x0(name, t)[2] * x]
    assert from_x0(name, x, x0, t) == pytest.approx(F, abs=1e-8 * scale * (1 + sigma))


@given(
    pair=st.tuples(st.sampled_from(ROWS), st.sampled_from(ROWS)),
    t=st.floats(0.05, 0.95),
    x0=values,
    eps=values,
)
def test_one_answer_becomes_another(pair, t, x0, eps):
    mine, other = pair
    for schedule in (linear_beta(), cosine(), flow()):
        here = level(schedule, t)
        x = here.alpha * x0 + here.sigma * eps
        skip, out, _ = to_x0(mine, here)
        estimate = skip * x + out * target(mine, x0, eps, here)
        assert from_x0(other, x, estimate, here) == pytest.approx(
            target(other, x0, eps, here), abs=1e-6
        )


def test_known_rows():
    vp, line = Level(0.5, 0.6, 0.8), Level(0.5, 0.6, 0.4)
    assert to_x0("v", vp) == pytest.approx((0.6, -0.8, 1.0))  # Salimans & Ho 2022
    assert to_x0("flow", line) == pytest.approx((1.0, -0.4, 1.0))
    assert to_x0("flow", vp) == pytest.approx((1 / 1.4, -0.8 / 1.4, 1.0))
    ve = Level(0.5, 1.0, 3.0)
    root = math.sqrt(9 + 0.25)
    assert to_x0("edm", ve) == pytest.approx((0.25 / 9.25, 1.5 / root, 1 / root))  # Karras 2022
    assert target("edm(1.0)", 0.3, -0.7, vp) == pytest.approx(-target("v", 0.3, -0.7, vp))


@given(alpha=st.floats(0, 1), sigma=st.floats(0, 100), d=st.sampled_from([0.5, 1, 2]))
def test_edm_has_unit_variance_everywhere(alpha, sigma, d):
    assume(alpha + sigma > 1e-3)
    t, name = Level(0.5, alpha, sigma), f"edm({d})"
    of_x0, of_eps = target(name, d, 0.0, t), target(name, 0.0, 1.0, t)
    assert of_x0**2 + of_eps**2 == pytest.approx(1)
    into = to_x0(name, t)[2]
    assert (into * alpha * d) ** 2 + (into * sigma) ** 2 == pytest.approx(1)


@rows
def test_ends_and_arrays(name):
    for schedule in (cosine(), flow()):
        clean, noise = level(schedule, 0.0), level(schedule, 1.0)
        assert all(math.isfinite(c) for c in to_x0(name, clean))
        if name == "eps":
            with pytest.raises(ValueError, match=r"only noise.*`highest` says"):
                to_x0(name, noise)
        else:
            assert all(math.isfinite(c) for c in to_x0(name, noise))
        t = torch.linspace(0.1, 0.9, 5).reshape(5, 1, 1)
        x0, eps = torch.ones(5, 2, 3), torch.zeros(5, 2, 3)
        here = level(schedule, t)
        out = denoiser(lambda z, level: target(name, x0, eps, here), name)(here.alpha * x0, here)  # noqa: B023
        torch.testing.assert_close(out, x0)


def test_where_paths_begin():
    """Only for noise below the end, and there where a little signal is left."""
    for schedule in (cosine(), flow(), linear_beta(), scaled_linear()):
        assert all(highest(name, schedule) == 1 for name in TABLE if name != "eps")
        here = level(schedule, highest("eps", schedule))
        assert here.t == 1 or here.alpha / here.sigma == pytest.approx(LEAST)
    assert highest("eps", scaled_linear()) == 1  # more is left at its end
    assert 0.9 < highest("eps", cosine()) < 0.97


def test_unknown_names():
    with pytest.raises(NotFound, match=r"no 'epsilon' in parametrizations; there are: edm, eps"):
        to_x0("epsilon", level(flow(), 0.5))


@pytest.mark.parametrize("weight", [find("weights", name) for name in names("weights")])
@rows
def test_weights_are_finite_up_to_both_ends(weight, name):
    for schedule in (cosine(), flow(), linear_beta()):
        floats = np.array([weight(level(schedule, float(t)), name) for t in np.linspace(0, 1, 9)])
        assert np.isfinite(floats).all()
        assert (floats >= 0).all()
        arrays = weight(level(schedule, np.linspace(0, 1, 9)), name)
        np.testing.assert_allclose(arrays, floats, rtol=1e-9)
        assert weight(level(schedule, torch.rand(4)), name).dtype == torch.float32


@given(t=st.floats(0.01, 0.99), error=st.floats(0.1, 2))
def test_a_weight_means_the_same_for_every_parametrization(t, error):
    here = level(cosine(), t)
    for weight in (min_snr, soft_min_snr, edm):
        losses = [weight(here, name) * (error / to_x0(name, here)[1]) ** 2 for name in ROWS]
        assert losses == pytest.approx([losses[0]] * len(ROWS))


@given(t=st.floats(0.01, 0.99))
def test_weights_as_published(t):
    here = level(cosine(), t)
    snr = math.exp(here.logsnr)
    assert min_snr(here, "eps") == pytest.approx(min(snr, 5) / snr)
    assert min_snr(here, "v") == pytest.approx(min(snr, 5) / (snr + 1))
    assert soft_min_snr(here, "x0") == pytest.approx(snr * 4 / (snr + 4))
    assert edm(here, "edm") == pytest.approx(1)
    assert edm(here, "edm(1.0)", sigma_data=1.0) == pytest.approx(1)


def test_uncertainty_is_least_where_it_tells_the_truth():
    u = np.linspace(-3, 3, 6001)
    best = u[np.argmin(uncertainty(0.7, u))]
    assert best == pytest.approx(math.log(0.7), abs=1e-3)
    assert uncertainty(0.7, torch.tensor(0.0)).item() == pytest.approx(0.7)
