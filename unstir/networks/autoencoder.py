"""The autoencoder of latent diffusion: pictures to a small grid and back, computed mostly at low
resolution.

Rombach et al. 2022 (latent diffusion); Shi et al. 2016 (pixel shuffle). Each level halves the
grid by moving 2x2 pixels into channels, so nothing is thrown away before a learned layer has seen
it. A linear map of the patches runs beside both networks (as the shortcuts of Chen et al. 2025,
DC-AE): they soon find the principal components, and the convolutions learn the rest.

    net = Autoencoder(channels=3, latent=16, widths=(48, 96, 128))     # 64 x 64 x 3 -> 8 x 8 x 16
    z = net.encode(x);  x = net.decode(z)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import ResBlock, conv, norm


class Stage(nn.Sequential):
    """Residual blocks of one width."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__(*(ResBlock(width, width, 0, 2) for _ in range(blocks)))


class Encoder(nn.Module):
    """x (B, C, H, W) -> z (B, latent, H / 2^levels, W / 2^levels)."""

    def __init__(self, channels: int, latent: int, widths: Sequence[int], blocks: Sequence[int]):
        super().__init__()
        before = (channels, *widths[:-1])
        self.down = nn.ModuleList(conv(2, 4 * a, b) for a, b in zip(before, widths, strict=True))
        self.stages = nn.ModuleList(Stage(w, n) for w, n in zip(widths, blocks, strict=True))
        self.leave = nn.Sequential(norm(widths[-1]), nn.SiLU(), conv(2, widths[-1], latent))
        side = 2 ** len(widths)
        self.linear = nn.Conv2d(channels, latent, side, stride=side)

    def forward(self, x: Tensor) -> Tensor:
        straight = self.linear(x)
        for down, stage in zip(self.down, self.stages, strict=True):
            x = stage(down(F.pixel_unshuffle(x, 2)))
        return straight + self.leave(x)


class Decoder(nn.Module):
    """z (B, latent, h, w) -> x (B, C, h * 2^levels, w * 2^levels)."""

    def __init__(self, channels: int, latent: int, widths: Sequence[int], blocks: Sequence[int]):
        super().__init__()
        after = (*widths[::-1][1:], channels)
        self.enter = conv(2, latent, widths[-1])
        self.stages = nn.ModuleList(
            Stage(w, n) for w, n in zip(widths[::-1], blocks[::-1], strict=True)
        )
        self.up = nn.ModuleList(
            conv(2, a, 4 * b) for a, b in zip(widths[::-1], after, strict=True)
        )
        self.side = 2 ** len(widths)
        self.linear = nn.Conv2d(latent, channels * self.side**2, 1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.enter(z)
        for stage, up in zip(self.stages, self.up, strict=True):
            h = F.pixel_shuffle(up(stage(h)), 2)
        return h + F.pixel_shuffle(self.linear(z), self.side)


class Autoencoder(nn.Module):
    """Encoder and decoder; see the module's docstring.

    Args:
        channels: of the picture.
        latent: channels of the code.
        widths: channels at 1/2, 1/4, 1/8, ... of the picture's side; their number is the log2 of
            the reduction.
        encoder, decoder: residual blocks at each of these levels.
    """

    def __init__(
        self,
        channels: int = 3,
        latent: int = 16,
        widths: Sequence[int] = (48, 96, 128),
        encoder: Sequence[int] = (1, 1, 2),
        decoder: Sequence[int] = (1, 2, 3),
    ) -> None:
        super().__init__()
        self.encoder = Encoder(channels, latent, widths, encoder)
        self.decoder = Decoder(channels, latent, widths, decoder)

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def compile(self, *args: Any, **options: Any) -> None:
        """Both halves, for training calls them and not `forward`."""
        self.encoder.compile(*args, **options)
        self.decoder.compile(*args, **options)
