"""What holds for one sampler and not for all: identities, and the numbers they take."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from sampler_checks import (
    DATA,
    SMOOTH,
    Basis,
    draws,
    last,
    line,
    marginals,
    moments,
    order_of_states,
    posterior,
)

from unstir.core.exact import Gaussian, Mixture
from unstir.core.find import find, names
from unstir.core.levels import Level, renoise
from unstir.core.noise import gaussian
from unstir.core.paths import karras, logsnr, path
from unstir.core.samplers._aliases import ALIASES, ours
from unstir.core.samplers.ddim import ddim
from unstir.core.samplers.ddpm import ddpm
from unstir.core.samplers.deis import deis
from unstir.core.samplers.dpmpp_2m import dpmpp_2m
from unstir.core.samplers.dpmpp_3m import dpmpp_3m
from unstir.core.samplers.dpmpp_sde import dpmpp_sde
from unstir.core.samplers.euler import euler
from unstir.core.samplers.euler_ancestral import euler_ancestral
from unstir.core.samplers.heun import heun
from unstir.core.samplers.ipndm import ipndm
from unstir.core.samplers.lcm import lcm
from unstir.core.samplers.restart import restart
from unstir.core.samplers.unipc import unipc
from unstir.core.schedules import edm, flow, linear_beta, ve

NOISE = gaussian([1, 2, 3], (3,), dtype="float64")
WALKS = [path(linear_beta(), 9), path(edm(), 9, karras()), path(flow(), 9)]


def run(sampler, walk, **numbers):
    return last(sampler(DATA.denoise, walk[0].sigma * NOISE(-1), walk, noise=NOISE, **numbers))


def agree(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sampler", [ddpm, ddim, euler_ancestral])
def test_posterior(sampler):
    posterior(sampler, 1)


@pytest.mark.parametrize("walk", WALKS)
def test_one_method_by_several_names(walk):
    agree(run(ddpm, walk), run(ddim, walk, eta=1.0))
    agree(run(ddpm, walk), run(euler_ancestral, walk))
    agree(run(ddim, walk), run(euler, walk))
    agree(run(ddim, walk, eta=0.5), run(euler_ancestral, walk, eta=0.5))
    agree(run(ddim, walk), run(euler_ancestral, walk, eta=0.0))
    agree(run(deis, walk, order=1), run(ddim, walk))
    agree(run(heun, walk), run(restart, walk, times=0))


@pytest.mark.parametrize("sampler", [ddim, euler, heun, euler_ancestral])
def test_no_noise_is_drawn_that_is_not_used(sampler):
    numbers = {"eta": 0.0} if sampler in (ddim, euler_ancestral) else {}
    last(sampler(DATA.denoise, NOISE(-1), WALKS[0], noise=None, **numbers))


@pytest.mark.parametrize(
    ("sampler", "numbers"),
    [
        (ddim, {"eta": 0.6}),
        (ddim, {"eta": 5.0}),
        (euler_ancestral, {"eta": 0.4}),
        (euler, {"s_churn": 4.0}),
        (heun, {"s_churn": 4.0}),
        (heun, {"s_churn": 4.0, "s_tmin": 0.1, "s_tmax": 5.0}),
        (restart, {"first": 0.2, "last": 0.9, "times": 3}),
        (unipc, {"order": 3}),
        (deis, {"order": 2}),
        (dpmpp_3m, {"curvature": 1.0}),
    ],
)
def test_marginals_at_other_numbers(sampler, numbers):
    marginals(partial(sampler, **numbers), None)


@pytest.mark.parametrize("sampler", [euler, heun])
def test_churn_converges_in_law(sampler):
    """Much churn on long paths: the variance is right, though every step draws noise."""
    for make in SMOOTH.values():
        t, mean, variance = moments(sampler, make(640), 0.7, 0.25, s_churn=20.0)[-1]
        assert abs(mean - 0.7 * t.alpha) < 1e-9
        exact = 0.25 * t.alpha**2 + t.sigma**2
        assert abs(variance / exact - 1) < (0.025 if sampler is euler else 2e-3)


def test_churn_is_that_of_edm():
    """Algorithm 2 as it is written, without its corrector, its raised levels being our path."""
    walk, churn, z = path(edm(), 8, karras()), min(12 / 8, math.sqrt(2) - 1), NOISE
    x = walk[0].sigma * z(-1)
    ours = [
        step.x
        for step in euler(
            DATA.denoise, x, walk, noise=z, s_churn=12.0, s_tmin=0.05, s_tmax=50.0, s_noise=1.1
        )
    ]
    for i in range(8):
        raised, following = walk[i].sigma, walk[i + 1].sigma
        gamma = churn if 0.05 <= following <= 50 else 0.0
        slope = (x - DATA.denoise(x, walk[i])) / raised
        low = following / (1 + gamma)
        x = x + (low - raised) * slope
        x = x + math.sqrt(following**2 - low**2) * 1.1 * z(i)
        agree(ours[i], x)


def test_heun_without_churn_is_edm_algorithm_1():
    walk = path(edm(), 8, karras())
    x = walk[0].sigma * NOISE(-1)
    ours = [step.x for step in heun(DATA.denoise, x, walk)]
    for i in range(8):
        t, s = walk[i], walk[i + 1]
        d = (x - DATA.denoise(x, t)) / t.sigma
        ahead = x + (s.sigma - t.sigma) * d
        if s.sigma > 0:
            ahead = x + (s.sigma - t.sigma) * 0.5 * (
                d + (ahead - DATA.denoise(ahead, s)) / s.sigma
            )
        x = ahead
        agree(ours[i], x)


def test_heun_on_pure_noise_bends_in_x():
    """The first step of a flow path is Heun's of dx = u dt."""
    walk = path(flow(), 8)
    x = NOISE(-1)
    first = next(heun(DATA.denoise, x, walk)).x
    slope = x - DATA.denoise(x, walk[0])
    ahead = x - slope / 8
    x0 = DATA.denoise(ahead, walk[1])
    there = (ahead - walk[1].alpha * x0) / walk[1].sigma - x0
    agree(first, x - 0.5 * (slope + there) / 8)


def test_dpmpp_2m_reads_its_line_half_way():
    line(dpmpp_2m, 2)


def at(lam):
    return Level(-lam, 1 / math.hypot(1, math.exp(-lam)), 1 / math.hypot(1, math.exp(lam)))


UNEVEN = [
    at(lam) for lam in (-2.0, -1.7, -0.6, -0.5, 0.9, 1.0, 1.6, *(1.7 + 0.1 * i for i in range(10)))
]
PARABOLA = np.polynomial.Polynomial([0.3, -0.7, 0.9])


def integral(t, s, sign):
    """int e^(sign (lam - lam_s)) PARABOLA(lam) d lam from t to s, by Gauss & Legendre."""
    u, w = np.polynomial.legendre.leggauss(20)
    lam = (s.lam - t.lam) / 2 * u + (s.lam + t.lam) / 2
    return (s.lam - t.lam) / 2 * np.sum(w * np.exp(sign * (lam - s.lam)) * PARABOLA(lam))


def test_dpmpp_3m_with_full_curvature_is_exact_on_parabolas():
    steps = list(dpmpp_3m(lambda x, t: PARABOLA(t.lam), 0.3, UNEVEN, curvature=1.0))
    for i in range(2, len(steps)):
        t, s = UNEVEN[i : i + 2]
        exact = s.sigma / t.sigma * steps[i - 1].x + s.alpha * integral(t, s, 1)
        assert abs(steps[i].x - exact) < 1e-12


def test_deis_is_exact_on_parabolas():
    def denoise(x, t):
        return (x - t.sigma * PARABOLA(t.lam)) * (1 / t.alpha)

    steps = list(deis(denoise, 0.3, UNEVEN))
    for i in range(2, len(steps)):
        t, s = UNEVEN[i : i + 2]
        exact = s.alpha / t.alpha * steps[i - 1].x - s.sigma * integral(t, s, -1)
        assert abs(steps[i].x - exact) < 1e-12


def test_orders_at_other_numbers():
    order_of_states(partial(dpmpp_3m, curvature=1.0), 3)
    order_of_states(partial(deis, order=2), 2)
    order_of_states(partial(deis, order=1), 1)
    order_of_states(partial(unipc, order=1), 2)
    order_of_states(partial(unipc, order=3), 4)


def test_ipndm_is_of_order_4_on_equal_steps():
    """In sigma / alpha, that is; from where the first steps, of lower order, hardly count."""
    z = np.random.default_rng(0).standard_normal((20, 3))
    data = Gaussian(DATA.mean, np.array([1.0, 1.2, 2.0]))
    errors = []
    for n in (400, 800):
        walk = [Level(1 - i / n, 1.0, 40 - 39 * i / n) for i in range(n + 1)]
        x = data.sample(z, walk[0])
        off = last(ipndm(data.denoise, x, walk)) - data.flow(x, walk[0], walk[-1])
        errors.append(np.abs(off).max())
    assert errors[0] / errors[1] > 2**2.7


def test_pairs_of_dpmpp_sde_are_two_draws_from_the_diffusion():
    """With x_0 held, a pair of intervals is the composition of its halves: one Brownian path."""
    walk = path(linear_beta(), 8, logsnr)
    one = Basis(30)
    pair = [
        step.x for step in dpmpp_sde(lambda x, t: 0.7 * one.unit(0), one.unit(1), walk, noise=one)
    ]
    other = Basis(30)
    single = [
        step.x for step in ddpm(lambda x, t: 0.7 * one.unit(0), one.unit(1), walk, noise=other)
    ]
    agree(pair, single)


def many(n, size):
    """Unit noise for many samples at once."""
    return lambda step, draw=0: np.random.default_rng([step + 1, draw]).standard_normal((n, size))


def test_lcm_on_a_consistency_function_is_exact():
    """Given the end of the trajectory for x_0, every state has the moments of its marginal."""
    data = Gaussian(np.array([0.7]), np.array([0.25]))
    clean, noise = Level(0.0, 1.0, 0.0), many(4000, 1)
    for schedule in (linear_beta(), ve(), flow()):
        walk = path(schedule, 6)
        x = data.sample(noise(-1), walk[0])
        *_, step = lcm(lambda x, t: data.flow(x, t, clean), x, walk, noise=noise)
        assert abs(step.x.mean() - 0.7) < 4.5 * 0.5 / math.sqrt(4000)
        assert abs(step.x.var() / 0.25 - 1) < 4.5 * math.sqrt(2 / 4000)


def test_restart_goes_up_by_as_much_noise_as_it_should():
    """One part, twice: two draws, between the levels named; and the budget of its defaults."""
    walk = path(linear_beta(), 8)
    assert draws(restart, walk) == 1
    drawn = []
    seen = []
    noise = lambda i, draw=0: drawn.append((i, draw)) or 1.0  # noqa: E731
    x0 = lambda x, t: seen.append(t) or 0.5  # noqa: E731
    last(restart(x0, 1.0, walk, noise=noise, times=2))
    assert drawn == [(5, 0), (5, 1)]
    assert [t for t in seen if seen.count(t) > 2] == [t for t in seen if t in walk[4:7]]
    t, s = walk[6], walk[4]
    assert renoise(0.0, t, s, 1.0) ** 2 == pytest.approx(
        s.sigma**2 - (s.alpha / t.alpha * t.sigma) ** 2
    )
    few = [step.x for step in restart(x0, 1.0, walk[:3], noise=noise)]
    assert len(few) == 2


@pytest.mark.parametrize("name", ["ddpm", "euler_ancestral", "dpmpp_sde", "restart"])
def test_moments_of_a_mixture(name):
    """Mean and covariance of 8,000 samples, within 4.5 standard errors of them and their bias."""
    data = Mixture(
        [0.3, 0.7],
        [
            Gaussian(np.array([-1.0, 0.5]), np.array([0.1, 0.3])),
            Gaussian(np.array([1.0, 0.2]), np.array([0.2, 0.1])),
        ],
    )
    n, walk = 8000, path(linear_beta(), 60, karras())
    noise = many(n, 2)
    x = last(find("samplers", name)(data.denoise, walk[0].sigma * noise(-1), walk, noise=noise))
    mean, covariance = data.moments(walk[-1])
    scale = np.sqrt(np.diag(covariance))
    assert (np.abs(x.mean(0) - mean) / scale < 4.5 / math.sqrt(n) + 0.03).all()
    off = (np.cov(x.T) - covariance) / np.outer(scale, scale)
    error = (
        np.std((x - mean)[:, :, None] * (x - mean)[:, None, :], axis=0)
        / np.outer(scale, scale)
        / math.sqrt(n)
    )
    assert (
        np.abs(off) < 4.5 * error + (0.2 if name in ("ddpm", "euler_ancestral") else 0.03)
    ).all()


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("Euler a", "euler_ancestral"),
        ("euler_a", "euler_ancestral"),
        ("k_euler_a", "euler_ancestral"),
        ("sample_euler_ancestral", "euler_ancestral"),
        ("DPM++ 2M", "dpmpp_2m"),
        ("dpmpp_2m", "dpmpp_2m"),
        ("DPM++ SDE", "dpmpp_sde"),
        ("k_dpm_2", "dpm2"),
        ("DPM2", "dpm2"),
        ("UniPCMultistepScheduler", "unipc"),
        ("LCM", "lcm"),
        ("plms", "plms"),
        ("DPM++ 2M SDE", "DPM++ 2M SDE"),
        ("nonsense", "nonsense"),
    ],
)
def test_names_from_elsewhere(theirs, expected):
    assert ours(theirs) == expected


def test_every_alias_is_of_a_sampler():
    assert set(ALIASES) <= set(names("samplers"))
    assert all(ours(name) == name for name in names("samplers"))
