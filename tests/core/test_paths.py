"""Spacings against diffusers and closed forms; edits of a path as lists."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstir.core.find import find, names
from unstir.core.levels import Step
from unstir.core.paths import (
    at,
    at_sigmas,
    beta,
    descents,
    jumps,
    karras,
    logsnr,
    path,
    resample,
    restart,
    reverse,
    shifted,
    start_lower,
)
from unstir.core.schedules import cosine, edm, flow, linear_beta, scaled_linear, ve

SCHEDULES = [linear_beta(), scaled_linear(), cosine(), ve(), edm(), flow(), flow(shift=3.0)]


@pytest.mark.parametrize("name", names("paths"))
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_every_spacing_falls_from_start_to_stop(name, schedule):
    for steps in (1, 2, 3, 7, 20, 50):
        for start, stop in ((1.0, 0.0), (0.6, 0.0), (0.6, 0.3), (1.0, 0.5)):
            walk = path(schedule, steps, find("paths", name), start, stop)
            assert len(walk) == steps + 1
            assert all(s.t < t.t and s.sigma < t.sigma for t, s in pairwise(walk))
            assert walk[-1].t == stop
            assert walk[0].t == start or name in ("leading", "ddim_uniform")


@settings(max_examples=30)
@given(
    name=st.sampled_from(sorted(set(names("paths")) - {"leading", "ddim_uniform"})),
    steps=st.integers(1, 60),
    ends=st.tuples(st.floats(0, 0.9), st.floats(0.08, 0.1)),
)
def test_spacings_anywhere(name, steps, ends):
    stop, start = ends[0], ends[0] + ends[1]
    walk = path(cosine(), steps, find("paths", name), start, stop)
    assert walk[0].t == pytest.approx(start, abs=1e-3)
    assert walk[-1].t == stop


@pytest.mark.parametrize("spacing", ["trailing", "leading", "linspace"])
def test_grids_are_those_of_diffusers(spacing):
    from diffusers import DDIMScheduler

    for steps in (2, 3, 4, 7, 10, 20, 30, 33, 50, 64, 100, 250, 999, 1000):
        theirs = DDIMScheduler(timestep_spacing=spacing)
        theirs.set_timesteps(steps)
        ours = path(linear_beta(), steps, find("paths", spacing))
        assert [round(1000 * t.t) - 1 for t in ours[:-1]] == theirs.timesteps.tolist(), steps


def test_ddim_uniform_is_leading_with_an_offset():
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(timestep_spacing="leading", steps_offset=1)
    theirs.set_timesteps(20)
    ours = path(linear_beta(), 20, find("paths", "ddim_uniform"))
    assert [round(1000 * t.t) - 1 for t in ours[:-1]] == theirs.timesteps.tolist()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("spacing", ["karras", "exponential"])
def test_ratios_are_those_of_diffusers(spacing):
    from diffusers import EulerDiscreteScheduler

    numbers = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
    theirs = EulerDiscreteScheduler(**numbers, **{f"use_{spacing}_sigmas": True})
    theirs.set_timesteps(12)
    ours = path(scaled_linear(), 12, find("paths", spacing))
    np.testing.assert_allclose(
        [t.sigma / t.alpha for t in ours], theirs.sigmas, rtol=2e-5
    )  # float32


def test_unrounded_grids():
    normal = [1000 * t.t - 1 for t in path(linear_beta(), 5, find("paths", "normal"))]
    assert normal[:-1] == pytest.approx([999, 749.25, 499.5, 249.75, 0])
    sgm = [1000 * t.t - 1 for t in path(linear_beta(), 4, find("paths", "sgm_uniform"))]
    assert sgm[:-1] == pytest.approx([999, 749.25, 499.5, 249.75])
    simple = [round(1000 * t.t) for t in path(linear_beta(), 3, find("paths", "simple"))]
    assert simple == [1000, 667, 334, 0]
    assert [round(1000 * t.t) for t in path(linear_beta(), 3, find("paths", "trailing"))][2] == 333


def test_karras_is_equation_5():
    n, low, high = 18, 0.002 ** (1 / 7), 80 ** (1 / 7)
    expected = [(high + i / (n - 1) * (low - high)) ** 7 for i in range(n)] + [0]
    ours = [t.sigma for t in path(edm(), n, karras(rho=7.0))]
    np.testing.assert_allclose(ours, expected, rtol=1e-10)


def test_logsnr_steps_are_equal():
    lams = [t.lam for t in path(cosine(), 10, logsnr)]
    assert lams[0] == -math.inf
    assert lams[-1] == math.inf
    np.testing.assert_allclose(np.diff(lams[1:-1], 2), 0, atol=1e-9)


def test_beta_quantiles():
    arcsine = [t.t for t in path(flow(), 8, beta(0.5, 0.5))]
    np.testing.assert_allclose(
        arcsine, [math.sin(math.pi / 2 * (1 - i / 8)) ** 2 for i in range(9)]
    )
    square = [t.t for t in path(flow(), 8, beta(2.0, 1.0))]
    np.testing.assert_allclose(square, [math.sqrt(1 - i / 8) for i in range(9)], atol=1e-12)


def test_shifted_path_is_a_shifted_schedule():
    ours, theirs = path(flow(), 9, shifted(3.0)), path(flow(shift=3.0), 9)
    np.testing.assert_allclose([t.sigma for t in ours], [t.sigma for t in theirs], rtol=1e-14)


def test_explicit_sigmas():
    walk = at_sigmas(scaled_linear(), [14.0, 3.0, 0.5, 0.0])
    np.testing.assert_allclose([t.sigma / t.alpha for t in walk], [14.0, 3.0, 0.5, 0.0], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: path(flow(), 0), "at least 1 step, not 0"),
        (lambda: path(flow(), -3), "not -3"),
        (lambda: path(flow(), 5, start=0.3, stop=0.3), "start=0.3, stop=0.3"),
        (lambda: path(flow(), 5, start=1.2), "start=1.2"),
        (lambda: path(flow(), 2000, find("paths", "trailing")), "fewer steps"),
        (lambda: at(flow(), [0.5, 0.7, 0.1]), "0.7 follows 0.5"),
        (lambda: at(flow(), [0.5]), "two or more"),
        (lambda: start_lower(path(flow(), 5), 0.0), "strength=0.0"),
        (lambda: start_lower(path(flow(), 5), 1.1), "strength=1.1"),
        (lambda: restart(path(flow(), 5), 0.41, 0.59), "only 0 of the levels"),
        (lambda: jumps(path(flow(), 5), 0), "length=0"),
        (lambda: find("paths", "karas"), "did you mean 'karras'"),
    ],
)
def test_errors_say_what_and_how(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_start_lower_and_reverse():
    walk = path(flow(), 10)
    assert start_lower(walk, 1.0) == walk
    assert start_lower(walk, 0.6) == walk[4:]
    assert start_lower(walk, 0.01) == walk[-2:]
    assert reverse(walk)[0] == walk[-1]
    assert reverse(reverse(walk)) == walk


def test_jumps_and_restart():
    walk = path(flow(), 4)
    a, b, c, d, e = walk
    assert jumps(walk, 2, 2) == [a, b, c, a, b, c, d, e, c, d, e]
    assert jumps(walk, 2, 1) == walk
    assert restart(walk, 0.25, 0.5, 2) == [a, b, c, d, c, d, c, d, e]
    assert descents(restart(walk, 0.25, 0.5)) == [[a, b, c, d], [c, d, e]]


@given(steps=st.integers(1, 12), length=st.integers(1, 14), times=st.integers(1, 4))
def test_descents_put_together_are_the_path(steps, length, times):
    walk = jumps(path(flow(), steps), length, times)
    pieces = descents(walk)
    assert [t for piece in pieces for t in piece] == walk
    assert sum(len(piece) - 1 for piece in pieces) == steps * times
    assert all(s.t < t.t for piece in pieces for t, s in pairwise(piece))


def test_resample_draws_no_noise_twice_and_keeps_the_distribution():
    drawn, rng = [], np.random.default_rng(0)

    def noise(step, draw=0):
        drawn.append((step, draw))
        return rng.normal(size=100_000)

    def renewing(denoise, x, piece, *, noise):  # each step forgets x: a marginal-exact sampler
        for i, s in enumerate(piece[1:]):
            x0 = denoise(x, s)
            x = s.alpha * x0 + s.sigma * noise(i)
            yield Step(x, x0, s)

    walk = jumps(path(linear_beta(), 6, stop=0.3), 3, 2)
    steps = list(resample(renewing, lambda x, t: 2.0, rng.normal(size=100_000), walk, noise))
    assert len(steps) == 12
    assert len(drawn) == len(set(drawn)) == 12 + 2
    last = steps[-1]
    assert last.x.mean() == pytest.approx(2 * last.level.alpha, abs=0.01)
    assert last.x.std() == pytest.approx(last.level.sigma, rel=0.01)
