"""The U-Net denoiser, told its time, with self- and cross-attention at chosen levels, in 1, 2 or
3 dimensions.

Ronneberger et al. 2015; Ho et al. 2020; Rombach et al. 2022. Shapes: x (B, C, *space) -> (B, C,
*space), each side of the grid a multiple of 2^(levels - 1).

    net = UNet(channels=16, widths=(128, 192), blocks=2, attention=(0, 1), tokens=384)
    F = net(x, t, tokens, token_mask)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import (
    AttentionBlock,
    ResBlock,
    TimeEmbedding,
    TokenEmbedding,
    coarsen,
    conv,
    embed,
    norm,
    zero,
)  # fmt: skip


class Block(nn.Module):
    """A residual block, then attention where the level has it."""

    def __init__(
        self, cin: int, cout: int, emb: int, dims: int, attend: bool, tokens: int
    ) -> None:
        super().__init__()
        self.res = ResBlock(cin, cout, emb, dims)
        self.attention = AttentionBlock(cout, tokens) if attend else None

    def forward(
        self, x: Tensor, emb: Tensor, tokens: Tensor | None, mask: Tensor | None
    ) -> Tensor:
        x = self.res(x, emb)
        return x if self.attention is None else self.attention(x, tokens, mask)


class UNet(nn.Module):
    """F(x, t, condition); see the module's docstring.

    Args:
        channels: channels of x and of the output.
        widths: channels of each level, finest first; each next level has half the resolution.
        blocks: residual blocks of a level on the way down (one more on the way up).
        attention: the levels (0 = finest) that attend to themselves and to the tokens.
        tokens: width of the condition's token states; 0 for a network without condition.
        extra: further input channels, as masks and given pictures of edits.
        dims: 1, 2 or 3.
        embedding: width of time and token embeddings.
        leaps: also told the time `s` that it is to go to, as a student with few steps; a network
            that leaps begins as the one that does not, whatever it is told.
    """

    outer = ("enter", "leave")
    """Layers that are no hidden ones (training/optimizer.py)."""
    idle = ("goal",)
    """Parts that change nothing at first: weights of a network without them fit."""

    def __init__(
        self,
        channels: int,
        widths: Sequence[int] = (128, 192),
        blocks: int = 2,
        attention: Sequence[int] = (0, 1),
        tokens: int = 0,
        extra: int = 0,
        dims: int = 2,
        embedding: int = 256,
        leaps: bool = False,
    ) -> None:
        super().__init__()
        self.channels, self.dims, self.extra, self.levels = channels, dims, extra, len(widths)
        self.time = TimeEmbedding(embedding, dims)
        self.goal = TimeEmbedding(embedding, dims) if leaps else None
        if self.goal is not None:
            zero(self.goal.mlp[-1])
        self.tokens = TokenEmbedding(tokens, embedding) if tokens else None
        ctx = embedding if tokens else 0

        def block(cin: int, level: int) -> Block:
            return Block(cin, widths[level], embedding, dims, level in attention, ctx)

        self.enter = conv(dims, channels + extra, widths[0])
        skips, down, up = [widths[0]], [], []
        for level, width in enumerate(widths):
            for _ in range(blocks):
                down.append(block(skips[-1], level))
                skips.append(width)
            if level < self.levels - 1:
                down.append(conv(dims, width, width, stride=2))
                skips.append(width)
        self.down = nn.ModuleList(down)
        width = widths[-1]
        self.middle = nn.ModuleList([block(width, self.levels - 1), block(width, self.levels - 1)])
        for level in reversed(range(self.levels)):
            for _ in range(blocks + 1):
                up.append(block(width + skips.pop(), level))
                width = widths[level]
            if level:
                up.append(conv(dims, width, width))
        self.up = nn.ModuleList(up)
        self.leave = nn.Sequential(norm(width), nn.SiLU(), zero(conv(dims, width, channels)))

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
        hints: Sequence[Tensor] = (),
        s: Tensor | None = None,
    ) -> Tensor:
        """`hints`, one for each level, are added where it begins (control.py)."""
        x = self._inputs(x, extra)
        more = iter(hints)
        emb, tokens, mask = embed(self._when(t, s), self.tokens, tokens, token_mask)
        emb = F.silu(emb)
        embs, h = [emb], hinted(self.enter(x), more)
        skips = [h]
        for layer in self.down:
            if isinstance(layer, Block):
                h = layer(h, embs[-1], tokens, mask)
            else:
                h = hinted(layer(h), more)
                embs.append(coarsen(embs[-1], self.dims))
            skips.append(h)
        for layer in self.middle:
            h = layer(h, embs[-1], tokens, mask)
        for layer in self.up:
            if isinstance(layer, Block):
                h = layer(torch.cat([h, skips.pop()], 1), embs[-1], tokens, mask)
            else:
                h = layer(F.interpolate(h, scale_factor=2.0, mode="nearest"))
                embs.pop()
        return self.leave(h)

    def _when(self, t: Tensor, s: Tensor | None) -> Tensor:
        if (s is None) != (self.goal is None):
            raise ValueError(
                "a network that leaps is told the time it goes to, s (B,), and no other is"
            )
        return self.time(t) if self.goal is None or s is None else self.time(t) + self.goal(s)

    def _inputs(self, x: Tensor, extra: Tensor | None) -> Tensor:
        if x.ndim != self.dims + 2 or x.shape[1] != self.channels:
            raise ValueError(
                f"x is {tuple(x.shape)}; this network takes (B, {self.channels}"
                f"{', side' * self.dims})"
            )
        step = 2 ** (self.levels - 1)
        if any(isinstance(n, int) and n % step for n in x.shape[2:]):
            raise ValueError(
                f"the grid {tuple(x.shape[2:])} does not divide by {step}: pad or crop it"
            )
        given = 0 if extra is None else extra.shape[1]
        if given != self.extra:
            raise ValueError(f"extra has {given} channels; this network takes {self.extra}")
        return x if extra is None else torch.cat([x, extra], 1)


def hinted(h: Tensor, hints: Iterator[Tensor]) -> Tensor:
    """h, and the next of the hints if there is one."""
    hint = next(hints, None)
    return h if hint is None else h + hint
