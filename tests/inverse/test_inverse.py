"""Guidance by gradients, against posteriors that are known, and against what costs nothing."""

import math

import pytest
import torch

from unstir.core.exact import Gaussian, Mixture, gaussian
from unstir.core.noise import gaussian as noise
from unstir.core.paths import path
from unstir.core.samplers.ddim import ddim
from unstir.core.schedules import cosine, flow
from unstir.inverse.classifier import classifier
from unstir.inverse.dps import dps
from unstir.inverse.pigdm import pigdm

COUNT = 4000
SCHEDULES = pytest.mark.parametrize("schedule", [flow(), cosine()], ids=["flow", "cosine"])


def unit(dims: int) -> torch.Tensor:
    source = noise([0], (COUNT, dims), dtype="float64")
    return torch.from_numpy(source(-1)[0])


def end(denoise, walk, dims=2):
    with torch.no_grad():
        *_, last = ddim(denoise, walk[0].sigma * unit(dims), walk)
    return last.x


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


@SCHEDULES
def test_pigdm_is_exact_for_data_of_one_variance(schedule):
    """y = a x + noise of N(m, v I): the posterior's mean and covariance are those of Bayes."""
    v, deviation, mean, a = 0.7, 0.4, doubles(0.5, -1.0), doubles(0.6, 0.8)
    data, y = Gaussian(mean, v * torch.ones(2, dtype=torch.float64)), doubles(1.3)
    guided = pigdm(data.denoise, lambda x: x @ a[:, None], y, variance=v, noise=deviation)
    x = end(guided, path(schedule, 400))
    gain = v / (v + deviation**2)
    wanted = mean + gain * (y - a @ mean) * a
    covariance = v * torch.eye(2, dtype=torch.float64) - v * gain * torch.outer(a, a)
    assert (x.mean(0) - wanted).abs().max() < 0.03
    assert (torch.cov(x.T) - covariance).abs().max() < 0.04
    plain = end(data.denoise, path(schedule, 400))
    assert (plain.mean(0) - wanted).abs().max() > 0.5  # what it would be without


def test_pigdm_takes_other_operators():
    """Two rows that are not orthogonal, by a solve of one's own: without noise they hold."""
    A, y = doubles(1.0, 0.5, 0.0, 2.0).reshape(2, 2), doubles(0.4, -0.6)
    data = gaussian(doubles(0.0, 0.0), doubles(1.0, 0.3, 0.3, 0.5).reshape(2, 2))
    eye = torch.eye(2, dtype=torch.float64)

    def solve(residual, known):
        return torch.linalg.solve(known * A @ A.T + 1e-8 * eye, residual.T).T

    x = end(pigdm(data.denoise, lambda x: x @ A.T, y, solve=solve), path(flow(), 400))
    assert (x @ A.T - y).abs().max() < 0.05


@SCHEDULES
def test_the_exact_classifier_gives_the_class(schedule):
    parts = [
        Gaussian(doubles(1.0, 0.5), doubles(0.3, 0.1)),
        Gaussian(doubles(-1.0, 0.0), doubles(0.2, 0.6)),
    ]
    data = Mixture([0.3, 0.7], parts)

    def log_probability(x, t):
        return math.log(0.3) + parts[0].loglik(x, t) - data.loglik(x, t)

    x = end(classifier(data.denoise, log_probability), path(schedule, 400))
    assert (x.mean(0) - parts[0].mean).abs().max() < 0.03
    assert (x.var(0) - parts[0].variance).abs().max() < 0.03


def test_dps_beats_what_costs_nothing():
    """A measurement that is not linear, |x|, of a mixture: nearer to it than the prior is, and
    nearer to the posterior than prior samples that were scaled to fit."""
    parts = [
        Gaussian(doubles(1.5, 0.0), doubles(0.3, 0.02)),
        Gaussian(doubles(-0.6, 1.0), doubles(0.02, 0.3)),
    ]
    data, walk, y = Mixture([0.5, 0.5], parts), path(flow(), 100), doubles(2.0).reshape(1, 1)

    def measure(x):
        return x.norm(dim=-1, keepdim=True)

    plain = end(data.denoise, walk)
    x = end(dps(data.denoise, measure, y, walk, step=0.3), walk)
    scaled = plain * (y / measure(plain))

    def far(x):
        return (measure(x) - y).abs().mean()

    def likely(x):
        return data.loglik(x, walk[-2]).mean()

    assert far(x) < 0.25 * far(plain)
    assert likely(x) > likely(scaled) + 1


def test_dps_goes_along_its_path_only():
    data, walk = Gaussian(doubles(0.0, 0.0), doubles(1.0, 1.0)), path(flow(), 10)
    guided = dps(data.denoise, lambda x: x, doubles(1.0, 1.0), walk)
    with pytest.raises(KeyError):
        guided(unit(2), path(flow(), 7)[2])


def test_no_graph_is_kept():
    data, walk = Gaussian(doubles(0.0), doubles(1.0)), path(flow(), 4)
    for guided in (
        pigdm(data.denoise, lambda x: x, doubles(1.0)),
        dps(data.denoise, lambda x: x, doubles(1.0), walk),
        classifier(data.denoise, lambda x, t: -(x**2).sum(-1)),
    ):
        x = guided(unit(1), walk[1])
        assert not x.requires_grad
