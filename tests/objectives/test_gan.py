"""The GAN's signal: two games in one loss, whose gradients do not mix; and it learns."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from unstir.networks.one_pass import Critic, Generator, Rivals
from unstir.objectives.gan import Adversarial, augmented, gradient, moved, square
from unstir.training.loop import train
from unstir.training.rng import Rng
from unstir.training.settings import Settings


class Line(nn.Module):
    """A critic whose gradient is its weight, and a generator that shifts z."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 2, size))

    def forward(self, x, *_):
        return x @ self.weight


class Shift(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.linspace(0, 1, size))

    def forward(self, z, *_):
        return z + self.by


def test_the_slope_is_the_gradient():
    critic, x = Line(5), torch.randn(7, 5, requires_grad=True)
    steep = square(gradient(critic(x), x))
    assert steep.item() == pytest.approx(critic.weight.square().sum().item(), rel=1e-5)
    steep.backward()
    torch.testing.assert_close(critic.weight.grad, 2 * critic.weight.detach())


def test_each_player_has_its_own_gradient():
    """As if each game were computed by itself, by hand."""
    model, real = Rivals(Shift(3), Line(3)), torch.randn(16, 3)
    rng = Rng(0, 0, range(16))
    z = Rng(0, 0, range(16)).normal((16, 3))
    Adversarial(latent=3, penalty=0.7)(model, {"x": real}, rng)["loss"].backward()
    w = model.critic.weight.detach().clone().requires_grad_()
    by = model.generator.by.detach().clone().requires_grad_()
    made = z + by
    F.softplus(real @ w.detach() - made @ w.detach()).mean().backward()
    critic = F.softplus(made.detach() @ w - real @ w).mean() + 0.7 / 2 * 2 * w.square().sum()
    critic.backward()
    torch.testing.assert_close(model.generator.by.grad, by.grad)
    torch.testing.assert_close(model.critic.weight.grad, w.grad)


class Normal:
    def __len__(self):
        return 4096

    def batch(self, indices):
        g = torch.Generator().manual_seed(int(indices[0]))
        return {
            "x": (
                torch.randn(len(indices), 2, generator=g) * 0.5 + torch.tensor([1.0, -2.0])
            ).numpy()
        }


def mlp(*widths: int) -> nn.Sequential:
    layers = [m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.SiLU())]
    return nn.Sequential(*layers[:-1])


class Flat(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.net, self.one = mlp(*widths), widths[-1] == 1

    def forward(self, x, *_):
        return self.net(x)[:, 0] if self.one else self.net(x)


def test_it_learns_a_gaussian():
    torch.manual_seed(0)
    model = Rivals(Flat(2, 64, 2), Flat(2, 64, 64, 1))
    settings = Settings(steps=600, batch=128, optimizer="adamw", lr=3e-3, betas=(0.0, 0.99),
                        warmup=0, cooldown=0.5, clip=0, ema=(0.1,), threads=1)  # fmt: skip
    for _ in train(model, Adversarial(latent=2, penalty=0.5), Normal(), settings):
        pass
    with torch.no_grad():
        x = model.generator(torch.randn(4000, 2))
    assert (x.mean(0) - torch.tensor([1.0, -2.0])).abs().max() < 0.15
    assert (x.std(0) - 0.5).abs().max() < 0.15


def test_pictures_and_conditions():
    """Any side and width, a condition that matters, and no look across the batch."""
    torch.manual_seed(0)
    g = Generator(3, 16, latent=8, widths=(16, 32), tokens=6, embedding=32)
    d = Critic(3, 16, widths=(16, 32), tokens=6, embedding=32)
    with torch.no_grad():
        for p in [*g.parameters(), *d.parameters()]:
            p.add_(0.1 * torch.randn_like(p))
        z, tokens, mask = torch.randn(4, 8), torch.randn(4, 1, 6), torch.ones(4, 1)
        x = g(z, tokens, mask)
        assert x.shape == (4, 3, 16, 16)
        assert d(x, tokens, mask).shape == (4,)
        assert (g(z, -tokens, mask) - x).abs().max() > 1e-3
        assert (d(x, -tokens, mask) - d(x, tokens, mask)).abs().max() > 1e-3
        torch.testing.assert_close(g(z[:1], tokens[:1], mask[:1]), x[:1])
        torch.testing.assert_close(d(x[:1], tokens[:1], mask[:1]), d(x, tokens, mask)[:1])
    with pytest.raises(ValueError, match="does not divide"):
        Generator(3, 10, widths=(8, 8, 8))


def test_augmentations():
    """They change pictures, stay bounded, are the same for the same draw, and have gradients."""
    x = torch.rand(64, 3, 12, 12, requires_grad=True)
    y = augmented(x, Rng(0, 0, range(64)))
    assert y.shape == x.shape
    torch.testing.assert_close(y, augmented(x, Rng(0, 0, range(64))))
    same = [(a - b).abs().max() < 1e-5 for a, b in zip(y, x, strict=True)]
    assert 0.02 < sum(same) / 64 < 0.3  # an eighth is left as it is
    y.sum().backward()
    assert x.grad.abs().sum() > 0
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    torch.testing.assert_close(
        moved(ramp, torch.zeros(1), torch.tensor([0.25]))[0, 0, 0, :14], ramp[0, 0, 0, 2:]
    )


def test_augmentations_of_patches_are_those_of_their_pixels():
    seen = []

    class Critic(Line):
        def forward(self, x, *_):
            seen.append(x)
            return x.flatten(1).sum(1)

    class Same(nn.Module):
        def forward(self, z, *_):
            return torch.zeros(len(z), 4, 4, 4)

    x = torch.rand(16, 1, 8, 8)
    model = Rivals(Same(), Critic(1))
    batch = {"x": F.pixel_unshuffle(x, 2)}
    Adversarial(3, augment=True, patch=2)(model, batch, Rng(0, 0, range(16)))
    rng = Rng(0, 0, range(16))
    rng.normal((16, 3))
    torch.testing.assert_close(F.pixel_shuffle(seen[0], 2), augmented(x, rng))


def test_even_players_are_worth_log_two():
    """Where made and real are alike the critic can do no better than E softplus(0)."""
    model = Rivals(Shift(2), Line(2))
    with torch.no_grad():
        model.critic.weight.zero_()
    out = Adversarial(latent=2)(model, {"x": torch.randn(8, 2)}, Rng(0, 0, range(8)))
    assert out["critic"].item() == pytest.approx(math.log(2), abs=1e-6)
    assert out["steepness"].item() == 0
