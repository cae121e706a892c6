"""The training signal of a GAN: a critic tells real from made, a generator makes it fail.

    critic     E softplus(D(made) - D(real)) + penalty / 2 E(|grad D(real)|^2 + |grad D(made)|^2)
    generator  E softplus(D(real) - D(made))

The relativistic pairing with both zero-centered penalties (Huang et al. 2024, R3GAN, eq. 1 to 3;
Jolicoeur-Martineau 2019; Mescheder et al. 2018), which has a local convergence proof and needs no
tricks. Both steps are taken at once: the critic's part is computed with what was made held, and
the generator's gradient is, by the chain rule, -sigmoid(D(real) - D(made)) grad D(made) at what it
made, most of which the penalty needs anyway. So one loss has the gradients of both games, and the
generator costs no pass through the critic of its own. With `augment` both see pictures that were
moved, cut and tinted in ways that can be differentiated (Zhao et al. 2020, DiffAugment), for small
data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from unstir.networks.one_pass import Rivals
from unstir.objectives.denoising import condition


@dataclass(frozen=True)
class Adversarial:
    """objective(model, batch, rng): batch["x"] (B, ...) real samples; "tokens" and "token_mask"
    if both players take a condition.

    Args:
        latent: length of z.
        penalty: gamma of both gradient penalties.
        augment: for pictures (B, C, H, W) only.
        patch: side of the blocks whose pixels are channels, for `augment`.
    """

    latent: int
    penalty: float = 1.0
    augment: bool = False
    patch: int = 1

    def __call__(self, model: Rivals, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        real, told = batch["x"], condition(batch, rng, 0.0)
        made = model.generator(rng.normal((len(real), self.latent)), *told)
        if self.augment:
            pixels = (F.pixel_shuffle(x, self.patch) for x in (real, made))
            real, made = (F.pixel_unshuffle(augmented(x, rng), self.patch) for x in pixels)
        x, y = real.detach().requires_grad_(), made.detach().requires_grad_()
        d_real, d_made = model.critic(x, *told), model.critic(y, *told)
        up_real, up_made = gradient(d_real, x), gradient(d_made, y)
        critic = F.softplus(d_made - d_real).mean()
        steep = square(up_real) + square(up_made)
        fooling = F.softplus(d_real - d_made).mean().detach()
        push = torch.sigmoid(d_real - d_made)[(...,) + (None,) * (made.ndim - 1)] * up_made
        climbed = -(push.detach() * made).sum() / len(made)
        return {
            "loss": fooling + (climbed - climbed.detach()) + critic + self.penalty / 2 * steep,
            "generator": fooling,
            "critic": critic,
            "steepness": steep,
        }


def gradient(score: Tensor, x: Tensor) -> Tensor:
    """grad score, of each sample, with a graph."""
    (g,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    return g


def square(g: Tensor) -> Tensor:
    """E |g|^2."""
    return g.square().flatten(1).sum(1).mean()


def augmented(x: Tensor, rng: Any) -> Tensor:
    """Each picture moved by up to an eighth, tinted, and with a quarter of it cut out, in half of
    the cases each."""
    b, _, h, w = x.shape
    move, tint, cut = (rng.uniform((b, 3)) for _ in range(3))
    dy, dx = ((2 * move[:, i] - 1) * (move[:, 2] < 0.5) / 4 for i in (0, 1))
    x = moved(x, dy, dx)
    on = (tint[:, 2] < 0.5).to(x.dtype)
    light, contrast = on * (tint[:, 0] - 0.5), 1 + on * (tint[:, 1] - 0.5)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * contrast.reshape(-1, 1, 1, 1) + mean + light.reshape(-1, 1, 1, 1)
    y = (torch.arange(h, device=x.device) + 0.5) / h
    z = (torch.arange(w, device=x.device) + 0.5) / w
    inside = ((y - cut[:, :1]).abs() < 0.25)[:, :, None] & ((z - cut[:, 1:2]).abs() < 0.25)[
        :, None
    ]
    gone = inside & (cut[:, 2] < 0.5).reshape(-1, 1, 1)
    return x * (~gone)[:, None]


def moved(x: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
    """Each picture shifted by these shares of half its sides, borders repeated."""
    one, none = torch.ones_like(dx), torch.zeros_like(dx)
    theta = torch.stack([torch.stack([one, none, dx], 1), torch.stack([none, one, dy], 1)], 1)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
