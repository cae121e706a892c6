"""A small branch beside a trained U-Net that tells it where lines are; the U-Net stays as it is.

    hints = Control(channels=16, widths=(128, 128), cell=8)(x, lines, emb)    # one for each level
    F = Controlled(net, control)(x, t, tokens, token_mask, extra, lines)

The branch sees the noisy state and the lines, and adds to the U-Net's own features where each
level begins. Its last layers start at zero, so it begins as a network that changes nothing (Zhang
et al. 2023, ControlNet; Mou et al. 2024, T2I-Adapter, for so small a branch).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import ResBlock, conv, zero
from unstir.networks.unet import UNet


class Control(nn.Module):
    """x (B, C, h, w), lines (B, 1, cell h, cell w) -> a hint for each level.

    Args:
        channels: of x.
        widths: of the U-Net's levels.
        cell: side of an element of x in pixels of the lines.
        blocks: residual blocks at each level.
        embedding: width of the U-Net's time embedding.
    """

    outer = ("enter", "leave")

    def __init__(
        self, channels: int, widths: Sequence[int], cell: int, blocks: int = 2,
        embedding: int = 256,
    ) -> None:  # fmt: skip
        super().__init__()
        self.cell = cell
        self.enter = conv(2, channels + cell**2, widths[0])
        self.coarser = nn.ModuleList(
            conv(2, fine, coarse, stride=2) for fine, coarse in pairwise(widths)
        )
        self.levels = nn.ModuleList(
            nn.ModuleList(ResBlock(width, width, embedding, 2) for _ in range(blocks))
            for width in widths
        )
        begin = [widths[0], *widths[:-1]]  # a level begins with the channels of the finer one
        self.leave = nn.ModuleList(
            zero(conv(2, width, out, kernel=1)) for width, out in zip(widths, begin, strict=True)
        )

    def forward(self, x: Tensor, lines: Tensor, emb: Tensor) -> list[Tensor]:
        h = self.enter(torch.cat([x, F.pixel_unshuffle(lines, self.cell)], 1))
        hints = []
        for number, (blocks, leave) in enumerate(zip(self.levels, self.leave, strict=True)):
            h = self.coarser[number - 1](h) if number else h
            for block in blocks:  # type: ignore[union-attr]
                h = block(h, emb)
            hints.append(leave(h))
        return hints


class Controlled(nn.Module):
    """A U-Net with its branch; only the branch has gradients."""

    outer = Control.outer

    def __init__(self, net: UNet, control: Control) -> None:
        super().__init__()
        self.net, self.control = net.requires_grad_(False), control

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
        lines: Tensor | None = None,
    ) -> Tensor:
        if lines is None:
            raise ValueError("a controlled network takes lines (B, 1, H, W); use its `net` alone")
        hints = self.control(x, lines, F.silu(self.net.time(t)))
        return self.net(x, t, tokens, token_mask, extra, hints)
