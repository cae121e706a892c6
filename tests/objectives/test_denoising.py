"""The training signal has the right minimum: the closed-form denoiser, for every parametrization
and schedule."""

import math

import pytest
import torch

from unstir.core import weights
from unstir.core.parametrizations import from_x0
from unstir.core.schedules import cosine, flow, level
from unstir.objectives.autoencoder import Reconstruction, slopes
from unstir.objectives.denoising import Denoising, Uncertain, logit_normal, uniform

MEAN, STD = 0.7, 0.5


class Draws:
    """A plain source of random numbers with the trainer's interface."""

    def __init__(self, seed: int = 0) -> None:
        self.g = torch.Generator().manual_seed(seed)

    def normal(self, shape):
        return torch.randn(tuple(shape), generator=self.g)

    def uniform(self, shape):
        shape = (shape,) if isinstance(shape, int) else shape
        return torch.rand(shape, generator=self.g)


class Exact(torch.nn.Module):
    """F of the closed-form denoiser of N(MEAN, STD^2), plus an error of choice."""

    def __init__(self, schedule, name, error=0.0):
        super().__init__()
        self.schedule, self.name, self.error = schedule, name, error

    def forward(self, x, t, tokens=None, mask=None, extra=None):
        at = level(self.schedule, t.reshape(-1, 1, 1, 1))
        if self.name.startswith("edm"):  # F sees into * x
            x = x * torch.sqrt(at.sigma**2 + at.alpha**2 * 0.25)
        gain = at.alpha * STD**2 / (at.alpha**2 * STD**2 + at.sigma**2)
        x0 = MEAN + gain * (x - at.alpha * MEAN)
        return from_x0(self.name, x, x0, at) + self.error


def loss(name, schedule, error, seed=1):
    x = MEAN + STD * torch.randn(20_000, 1, 1, 2, generator=torch.Generator().manual_seed(seed))
    objective = Denoising(schedule, name, margin=0.02)
    with torch.no_grad():
        return float(objective(Exact(schedule, name, error), {"x": x}, Draws())["loss"])


@pytest.mark.parametrize("schedule", [flow(), cosine()], ids=["flow", "cosine"])
@pytest.mark.parametrize("name", ["x0", "eps", "v", "flow", "edm"])
def test_closed_form_denoiser_is_the_minimum(name, schedule):
    """Adding a constant c to the best F raises the loss by c^2: true only at the minimum."""
    best = loss(name, schedule, 0.0)
    for c in (-0.3, 0.3):
        assert loss(name, schedule, c) - best == pytest.approx(c * c, abs=0.012)


def test_weights_multiply():
    heavy = Denoising(flow(), "flow", weight=lambda at, name: 3.0 + 0 * at.alpha)
    plain, x = Denoising(flow(), "flow"), torch.randn(64, 1, 4, 4)
    net = Exact(flow(), "flow")
    a, b = heavy(net, {"x": x}, Draws()), plain(net, {"x": x}, Draws())
    assert float(a["loss"]) == pytest.approx(3 * float(b["loss"]), rel=1e-5)
    assert float(a["error"]) == pytest.approx(float(b["error"]))


@pytest.mark.parametrize("name", weights.TABLE)
def test_core_weights_fit(name):
    x = torch.randn(8, 1, 4, 4)
    objective = Denoising(cosine(), "eps", weight=weights.TABLE[name])
    assert math.isfinite(float(objective(Exact(cosine(), "eps"), {"x": x}, Draws())["loss"]))


def test_learned_uncertainty_finds_the_error():
    """At the best u the loss is 1 + log of the expected error."""
    net = Uncertain(Exact(flow(), "flow", 0.5))
    objective, rng = Denoising(flow(), "flow"), Draws()
    x = MEAN + STD * torch.randn(1024, 1, 2, 2, generator=torch.Generator().manual_seed(2))
    optimizer = torch.optim.Adam(net.head.parameters(), 0.05)
    for _ in range(400):
        out = objective(net, {"x": x}, rng)
        optimizer.zero_grad()
        out["loss"].backward()
        optimizer.step()
    t = torch.tensor([0.5])
    at = level(flow(), t.reshape(1, 1, 1, 1))
    posterior = STD**2 / (at.alpha**2 * STD**2 + at.sigma**2)  # var of eps - x0 given x_t
    assert float(net.uncertainty(t).detach().exp()) == pytest.approx(
        float(posterior) + 0.25, rel=0.15
    )


def test_condition_is_dropped_for_its_share_and_jointly():
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, x, t, tokens, mask, extra=None):
            seen.append(mask)
            return x

    batch = {
        "x": torch.zeros(4000, 1, 1, 1),
        "tokens": torch.ones(4000, 3, 2),
        "token_mask": torch.ones(4000, 3),
    }
    Denoising(flow(), drop=0.1)(Spy(), batch, Draws())
    dropped = seen[0].sum(1)
    assert set(dropped.tolist()) == {0.0, 3.0}
    assert (dropped == 0).float().mean().item() == pytest.approx(0.1, abs=0.02)


def test_times():
    t = logit_normal(0.5, 1.0, rest=0.0)(Draws(), 20_000)
    assert t.min() > 0
    assert t.max() < 1
    z = torch.logit(t)
    assert z.mean().item() == pytest.approx(0.5, abs=0.03)
    assert z.std().item() == pytest.approx(1.0, abs=0.03)
    assert uniform(Draws(), 20_000).mean().item() == pytest.approx(0.5, abs=0.01)


def test_extra_channels_arrive():
    class Spy(torch.nn.Module):
        def forward(self, x, t, tokens=None, mask=None, extra=None):
            return x * 0 + extra.mean()

    batch = {"x": torch.zeros(4, 1, 2, 2), "extra": torch.full((4, 2, 2, 2), 7.0)}
    assert float(Denoising(flow())(Spy(), batch, Draws())["loss"]) > 40


class Perfect(torch.nn.Module):
    """An autoencoder that keeps everything."""

    def encode(self, x):
        return x

    def decode(self, z):
        return z


def test_reconstruction_of_a_perfect_code_costs_its_noise_only():
    x = torch.randn(64, 4, 8, 8)
    assert float(Reconstruction(noise=0.0, moments=0.0)(Perfect(), {"x": x}, Draws())["loss"]) == 0
    assert float(Reconstruction(moments=0.0)(Perfect(), {"x": x}, Draws())["loss"]) > 0.05


def test_moments_want_unit_statistics():
    def moments(x):
        return float(Reconstruction()(Perfect(), {"x": x}, Draws())["moments"])

    x = torch.randn(256, 4, 8, 8)
    assert moments(x) < 1e-3
    assert moments(2 * x) > 0.5
    assert moments(x + 1) > 0.4


def test_slopes():
    ramp = torch.arange(5.0).expand(1, 1, 4, 5)
    assert float(slopes(ramp)) == pytest.approx(0.5)
    assert float(slopes(torch.ones(1, 1, 4, 4))) == 0
