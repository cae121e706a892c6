"""The training signal of masked diffusion is the bound on the likelihood: for the exact denoiser
the entropy, for a trained one nearly so."""

import math

import numpy as np
import pytest
import torch
from discrete_checks import DATA, LENGTH, VALUES, blank, distance, looked_up, nelbo, sample
from torch import nn

from unstir.core.discrete.exact import Joint
from unstir.core.discrete.process import MASK, PAD, subs
from unstir.core.discrete.samplers.random_order import random_order
from unstir.core.discrete.schedules import cosine, polynomial
from unstir.core.paths import path
from unstir.objectives.masking import Masking, mixed, parts, scattered, spans, spread
from unstir.training.data import Arrays
from unstir.training.loop import Settings, train
from unstir.training.rng import Rng

PER_TOKEN = DATA.entropy() / LENGTH


class Exact(nn.Module):
    """The oracle as a network; what it was shown is kept."""

    def forward(self, x, t, tokens=None, mask=None, extra=None):
        self.x, self.t, self.mask = x, t, mask
        data = Joint(torch.from_numpy(DATA.tokens), torch.from_numpy(DATA.weights))
        return data.denoise(x, None)


def drawn(count, seed=0):
    rows = np.random.default_rng(seed).choice(len(DATA.tokens), count, p=DATA.weights)
    return torch.from_numpy(DATA.tokens[rows])


def rng(count, step=0):
    return Rng(0, step, range(count))


@pytest.mark.parametrize("schedule", [polynomial(), polynomial(2.0), cosine()], ids=str)
def test_the_exact_denoiser_pays_the_entropy(schedule):
    objective, losses = Masking(schedule), []
    for step in range(40):
        found = objective(Exact(), {"x": drawn(1000, step)}, rng(1000, step))
        losses.append(float(found["loss"]))
    error = np.std(losses) / math.sqrt(len(losses))
    assert error < 0.01
    assert np.mean(losses) == pytest.approx(PER_TOKEN, abs=4.5 * error)


def test_what_is_hidden_and_what_is_shown():
    net, x = Exact(), drawn(4000)
    found = Masking()(net, {"x": x}, rng(4000))
    hidden = net.x == MASK
    assert (net.x[~hidden] == x[~hidden]).all()
    for low in (0.0, 0.25, 0.5, 0.75):
        some = (net.t >= low) & (net.t < low + 0.25)
        assert hidden[some].float().mean().item() == pytest.approx(low + 0.125, abs=0.04)
    logits = Exact()(net.x, None)
    wrong = -logits.gather(-1, x[..., None])[..., 0]
    assert float(found["error"]) == pytest.approx(float(wrong[hidden].mean()))
    weighted = (wrong * hidden).sum(1) / net.t.clamp(min=1e-3) / LENGTH
    assert float(found["loss"]) == pytest.approx(float(weighted.mean()))


def test_padding_is_neither_hidden_nor_counted():
    class Flat(nn.Module):
        def forward(self, x, t, tokens=None, mask=None, extra=None):
            assert ((x == PAD) == (padded == PAD)).all()
            return torch.zeros(*x.shape, 4)

    whole = torch.randint(0, 4, (2000, 5), generator=torch.Generator().manual_seed(0))
    padded = torch.cat([whole, torch.full((2000, 3), PAD)], 1)
    found = Masking()(Flat(), {"x": padded}, rng(2000))
    assert float(found["error"]) == pytest.approx(math.log(4))
    assert float(found["loss"]) == pytest.approx(math.log(4), rel=0.1)


@pytest.mark.parametrize("pattern", [scattered, spans, parts])
def test_patterns_hide_their_share(pattern):
    x0 = torch.zeros(20_000, 4, 10, dtype=torch.long)
    x0[..., 7:] = PAD
    for sigma in (0.1, 0.5, 0.9):
        hidden = pattern(rng(20_000), x0, torch.full((20_000, 1, 1), sigma)) & (x0 >= 0)
        assert hidden.shape == x0.shape
        assert hidden[..., :7].float().mean().item() == pytest.approx(sigma, abs=0.01)
    rows = hidden[..., :7].float()
    turns = (rows != rows.roll(1, -1)).sum(-1)
    assert (turns.max() <= 2) == (pattern is not scattered), "one run, round the end"
    assert (turns.max() == 0) == (pattern is parts)


def test_mixed_patterns():
    x0 = torch.zeros(20_000, 4, 10, dtype=torch.long)
    both = mixed((0.75, parts), (0.25, lambda rng, x0, sigma: x0 >= 0))
    hidden = both(rng(20_000), x0, torch.zeros(20_000, 1, 1)).flatten(1)
    assert hidden.all(1).float().mean().item() == pytest.approx(0.25, abs=0.015)
    assert (hidden.any(1) == hidden.all(1)).all()
    with pytest.raises(ValueError, match=r"sum to 0\.9"):
        mixed((0.5, spans), (0.4, parts))


def test_times_lie_evenly_in_a_batch_and_over_the_steps():
    for count in (16, 64, 100):
        t = np.sort(spread(rng(count, 12345), count).numpy())
        assert np.abs(t - (np.arange(count) + 0.5) / count).max() < 3.5 / count
    own = np.sort([spread(rng(3, step), 3)[2].item() for step in range(200)])
    assert np.abs(own - (np.arange(200) + 0.5) / 200).max() < 3.5 / 200
    np.testing.assert_array_equal(spread(rng(64), 64)[8:12], spread(Rng(0, 0, range(8, 12)), 4))


def test_condition_is_dropped_for_its_share():
    net = Exact()
    batch = {"x": drawn(4000), "tokens": torch.ones(4000, 2, 3), "token_mask": torch.ones(4000, 2)}
    Masking(drop=0.15)(net, batch, rng(4000))
    assert set(net.mask.sum(1).tolist()) == {0.0, 2.0}
    assert (net.mask.sum(1) == 0).float().mean().item() == pytest.approx(0.15, abs=0.025)


class Small(nn.Module):
    """All tokens at once through one hidden layer; it is not told the time."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(VALUES + 2, 16)
        self.net = nn.Sequential(
            nn.Linear(16 * LENGTH, 128), nn.SiLU(), nn.Linear(128, LENGTH * VALUES)
        )

    def forward(self, x, t, tokens=None, mask=None, extra=None):
        return self.net(self.embed(x + 2).flatten(1)).unflatten(-1, (LENGTH, VALUES))


def test_training_reaches_the_entropy_and_samples_the_data():
    net, data = Small(), Arrays(x=drawn(20_000).numpy())
    settings = Settings(
        steps=300, batch=512, warmup=20, lr=1e-2, optimizer="adamw", threads=1, checkpoint_every=0
    )
    losses = [e.loss for e in train(net, Masking(), data, settings) if e.kind == "step"]
    assert np.mean(losses[-50:]) < np.mean(losses[:10])

    @torch.no_grad()
    def denoise(x, t):
        return subs(net)(torch.from_numpy(x), t).numpy()

    assert DATA.entropy() < nelbo(denoise, cosine()) < DATA.entropy() + 0.02  # 0.011
    x = sample(random_order, path(polynomial(), LENGTH), blank(20_000), looked_up(denoise))
    assert distance(x, DATA.weights) < 0.05  # 0.037, of which 0.012 are chance
