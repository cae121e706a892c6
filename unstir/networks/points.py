"""The same parts for points (B, D) instead of grids: perceptrons, for toys whose truth is known.

net = PointDenoiser(dims=2);  F = net(x, t)         # as a U-Net
Rivals(PointGenerator(2, 8), PointCritic(2)), PointVariational(2, 8)   # as in one_pass.py
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

WIDTH, DEPTH = 128, 3


def perceptron(cin: int, cout: int, width: int = WIDTH, depth: int = DEPTH) -> nn.Sequential:
    """`depth` hidden layers."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(cin, width), nn.SiLU()]
        cin = width
    return nn.Sequential(*layers, nn.Linear(cin, cout))


class PointDenoiser(nn.Module):
    """F(x (B, D), t (B,)); a condition it is given is not looked at."""

    omega: Tensor

    def __init__(self, dims: int, frequencies: int = 8) -> None:
        super().__init__()
        omega = math.pi * 2.0 ** torch.arange(frequencies).float() / 4
        self.register_buffer("omega", omega, False)
        self.body = perceptron(dims + 2 * frequencies, dims)

    def forward(self, x: Tensor, t: Tensor, *_: Tensor | None) -> Tensor:
        angle = t[:, None] * self.omega
        return self.body(torch.cat([x, angle.cos(), angle.sin()], 1))


class PointGenerator(nn.Module):
    """z (B, latent) -> x (B, D)."""

    def __init__(self, dims: int, latent: int) -> None:
        super().__init__()
        self.body = perceptron(latent, dims)

    def forward(self, z: Tensor, *_: Tensor | None) -> Tensor:
        return self.body(z)


class PointCritic(nn.Module):
    """x (B, D) -> (B,)."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.body = perceptron(dims, 1)

    def forward(self, x: Tensor, *_: Tensor | None) -> Tensor:
        return self.body(x)[:, 0]


class PointVariational(nn.Module):
    """Encoder and decoder between x (B, D) and z (B, latent)."""

    def __init__(self, dims: int, latent: int) -> None:
        super().__init__()
        self.down, self.up = perceptron(dims, 2 * latent), perceptron(latent, dims)

    def encode(self, x: Tensor, *_: Tensor | None) -> tuple[Tensor, Tensor]:
        mean, logvar = self.down(x).chunk(2, 1)
        return mean, logvar.clamp(-12, 4)

    def decode(self, z: Tensor, *_: Tensor | None) -> Tensor:
        return self.up(z)

    def forward(self, z: Tensor, *_: Tensor | None) -> Tensor:
        return self.decode(z)
