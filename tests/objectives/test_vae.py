"""The VAE's bound against closed forms: the divergence, and data whose likelihood is known."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from unstir.networks.one_pass import Variational
from unstir.objectives.vae import Elbo, divergence
from unstir.training.loop import train
from unstir.training.rng import Rng
from unstir.training.settings import Settings


def test_the_divergence():
    mean, logvar = torch.randn(5, 3), torch.randn(5, 3)
    wanted = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence(mean, logvar), wanted)


class Linear(nn.Module):
    """x = W z + b + s eps: its best bound is the likelihood itself (Lucas et al. 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(4, 1), nn.Linear(1, 4)
        self.logvar = nn.Parameter(torch.zeros(1))

    def encode(self, x, *_):
        return self.down(x), self.logvar.expand(len(x), 1)

    def decode(self, z, *_):
        return self.up(z)


DIRECTION = torch.tensor([1.0, -0.5, 0.8, 0.3])
NOISE = 0.3


class Factor:
    def __len__(self):
        return 8192

    def batch(self, indices):
        g = torch.Generator().manual_seed(int(indices[0]))
        z, eps = (
            torch.randn(len(indices), 1, generator=g),
            torch.randn(len(indices), 4, generator=g),
        )
        return {"x": (z * DIRECTION + NOISE * eps).numpy()}


def test_the_bound_of_a_linear_model_is_the_likelihood():
    torch.manual_seed(0)
    model = Linear()
    settings = Settings(steps=800, batch=256, optimizer="adamw", lr=2e-2, warmup=0, cooldown=0.7,
                        weight_decay=0, ema=(), threads=1)  # fmt: skip
    losses = [
        e.loss for e in train(model, Elbo(warmup=100), Factor(), settings) if e.kind == "step"
    ]
    covariance = torch.outer(DIRECTION, DIRECTION) + NOISE**2 * torch.eye(4)
    entropy = 0.5 * (torch.logdet(covariance).item() + 4 * (1 + math.log(2 * math.pi)))
    assert sum(losses[-100:]) / 100 == pytest.approx(entropy / 4, abs=0.02)
    one = model.up.weight.detach()[:, 0]
    assert abs(torch.cosine_similarity(one, DIRECTION, 0)) > 0.99
    assert one.norm().item() == pytest.approx(DIRECTION.norm().item(), rel=0.1)


def test_the_divergence_grows_in_and_has_a_free_part():
    torch.manual_seed(0)
    model, batch = Linear(), {"x": torch.randn(32, 4)}
    parts = [Elbo(warmup=10)(model, batch, Rng(0, step, range(32))) for step in (0, 4, 9, 50)]
    shares = [((p["loss"] - (p["bound"] - p["kl"])) / p["kl"]).item() for p in parts]
    assert shares == pytest.approx([0.1, 0.5, 1.0, 1.0], abs=1e-4)
    free = Elbo(warmup=0, free=100.0)(model, batch, Rng(0, 0, range(32)))
    missed = free["bound"] - free["kl"]
    assert (free["loss"] - missed).item() == pytest.approx(100 / 4, rel=1e-5)


def test_pictures_and_conditions():
    torch.manual_seed(0)
    net = Variational(1, 8, latent=5, widths=(16, 32), tokens=3, embedding=16)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn_like(p))
        x, tokens, mask = torch.randn(4, 1, 8, 8), torch.randn(4, 1, 3), torch.ones(4, 1)
        mean, logvar = net.encode(x, tokens, mask)
        assert mean.shape == logvar.shape == (4, 5)
        assert net.decode(mean, tokens, mask).shape == x.shape
        assert (net.encode(x, -tokens, mask)[0] - mean).abs().max() > 1e-4
        assert (
            net.decode(mean, -tokens, mask) - net.decode(mean, tokens, mask)
        ).abs().max() > 1e-4
