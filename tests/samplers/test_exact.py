"""The oracle is checked by other means: Tweedie's formula, a fine integration, and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from unstir.core.exact import Gaussian, Mixture, gaussian
from unstir.core.levels import Level
from unstir.core.paths import logsnr, path
from unstir.core.samplers.ddim import ddim
from unstir.core.schedules import edm, flow, linear_beta

ROOT = np.array([[0.6, 0.2, 0.0], [-0.3, 0.5, 0.1], [0.2, 0.1, 0.4]])
FULL = gaussian(np.array([0.5, -1.0, 0.3]), ROOT @ ROOT.T)
AXES = Gaussian(np.array([-1.0, 0.4, 0.0]), np.array([0.1, 0.3, 0.05]))
DATA = {"full": FULL, "axes": AXES, "mixture": Mixture([0.3, 0.7], [FULL, AXES])}
LEVELS = [path(schedule, 4)[i] for schedule in (linear_beta(), edm(), flow()) for i in (1, 3)]

each = pytest.mark.parametrize("data", DATA.values(), ids=DATA)


@each
@pytest.mark.parametrize("t", LEVELS, ids=str)
def test_denoise_is_tweedie(data, t):
    """E[x_0 | x] = (x + sigma^2 grad log p(x)) / alpha, the gradient by finite differences."""
    x = np.random.default_rng(0).standard_normal((5, 3)) * (t.alpha + t.sigma)
    h = 1e-4 * (t.alpha + t.sigma)
    score = np.stack(
        [(data.loglik(x + e, t) - data.loglik(x - e, t)) / (2 * h) for e in h * np.eye(3)], -1
    )
    np.testing.assert_allclose(
        data.denoise(x, t), (x + t.sigma**2 * score) / t.alpha, rtol=2e-4, atol=2e-4
    )


@pytest.mark.parametrize("t", LEVELS, ids=str)
def test_loglik_integrates_to_one(t):
    data = Mixture(
        [0.4, 0.6],
        [Gaussian(np.array([-1.0]), np.array([0.2])), Gaussian(np.array([1.0]), np.array([0.1]))],
    )
    width = 8 * (t.alpha + t.sigma)
    x = np.linspace(-width, width, 20001)[:, None]
    assert np.trapezoid(np.exp(data.loglik(x, t)), x[:, 0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("data", [FULL, AXES])
def test_flow_solves_the_ode(data):
    for schedule in (linear_beta(), edm(), flow()):
        walk = path(schedule, 2000, logsnr, start=0.9, stop=0.1)
        x = np.random.default_rng(1).standard_normal((4, 3)) * walk[0].sigma
        *_, step = ddim(data.denoise, x, walk)
        np.testing.assert_allclose(step.x, data.flow(x, walk[0], walk[-1]), atol=6e-3)


@each
def test_draws_have_the_moments(data):
    rng, n = np.random.default_rng(2), 50_000
    unit, which = rng.standard_normal((n, 3)), rng.random(n)
    for t in LEVELS[:2]:
        x = data.sample(unit, which, t) if isinstance(data, Mixture) else data.sample(unit, t)
        mean, covariance = data.moments(t)
        scale = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose((x.mean(0) - mean) / scale, 0, atol=5 / math.sqrt(n))
        np.testing.assert_allclose(
            (np.cov(x.T) - covariance) / np.outer(scale, scale), 0, atol=10 / math.sqrt(n)
        )


@each
def test_torch_gives_the_same(data):
    def torches(part):
        arrays = [part.mean, part.variance, part.basis]
        return Gaussian(*(a if a is None else torch.from_numpy(a) for a in arrays))

    twin = (
        Mixture(data.weights, [torches(p) for p in data.parts])
        if isinstance(data, Mixture)
        else torches(data)
    )
    x = np.random.default_rng(0).standard_normal((5, 3))
    for t in LEVELS:
        for method in ("denoise", "loglik"):
            ours, theirs = (
                getattr(data, method)(x, t),
                getattr(twin, method)(torch.from_numpy(x), t),
            )
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-12)
    for ours, theirs in zip(data.moments(LEVELS[0]), twin.moments(LEVELS[0]), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)


def test_pure_noise_and_far_away():
    """At alpha = 0 the answer is the mean; a state no part explains is still answered."""
    data = DATA["mixture"]
    x = np.full((1, 3), 50.0)
    np.testing.assert_allclose(
        data.denoise(x, Level(1.0, 0.0, 1.0))[0], data.moments(Level(0.0, 1.0, 0.0))[0]
    )
    assert np.isfinite(data.denoise(1e4 * x, LEVELS[0])).all()
