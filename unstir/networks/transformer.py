"""The transformer denoiser: patches as tokens, time by adaptive layer normalization, condition by
cross-attention.

Peebles & Xie 2023 (adaLN-Zero); Chen et al. 2024 (one modulation shared by all layers,
PixArt-alpha); Su et al. 2021 (RoPE, here one set of angles an axis); Dehghani et al. 2023 (QK
normalization); Shazeer 2020 (SwiGLU). Shapes: x (B, C, *space) -> (B, C, *space), each side a
multiple of `patch`.

    net = Transformer(channels=16, width=192, depth=8, tokens=384)
    F = net(x, t, tokens, token_mask)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import Attention, TimeEmbedding, TokenEmbedding, embed, zero


class Layer(nn.Module):
    """Self-attention, cross-attention, feed-forward; each gated and modulated by time."""

    def __init__(self, width: int, tokens: int, head: int) -> None:
        super().__init__()
        inner = -(-width * 8 // (3 * 32)) * 32  # 8/3 width, a multiple of 32
        self.shift = nn.Parameter(torch.zeros(6, width))  # this layer's part of the modulation
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width) if tokens else None
        self.norm3 = nn.LayerNorm(width, elementwise_affine=False)
        self.self = Attention(width, head=head)
        self.cross = Attention(width, tokens, head=head) if tokens else None
        self.gate_up, self.down = nn.Linear(width, 2 * inner), zero(nn.Linear(inner, width))

    def forward(
        self,
        x: Tensor,
        modulation: Tensor,
        tokens: Tensor | None,
        mask: Tensor | None,
        angles: Tensor,
        there: Tensor | None = None,
    ) -> Tensor:
        """`there` (B, N) are the tokens that are looked at; None: all."""
        m = modulation + self.shift  # (B, 1 or N, 6, W)
        shift1, scale1, gate1, shift2, scale2, gate2 = m.unbind(-2)
        h = self.norm1(x) * (1 + scale1) + shift1
        x = x + (1 + gate1) * self.self(h, h, there, angles)
        if self.cross is not None and self.norm2 is not None and tokens is not None:
            x = x + self.cross(self.norm2(x), tokens, mask)
        a, b = self.gate_up(self.norm3(x) * (1 + scale2) + shift2).chunk(2, -1)
        return x + (1 + gate2) * self.down(F.silu(a) * b)


class Transformer(nn.Module):
    """F(x, t, condition); see the module's docstring.

    Args:
        channels: channels of x and of the output.
        width, depth: of the token stream; `width` a multiple of `head`.
        patch: side of the patches that become tokens.
        tokens: width of the condition's token states; 0 for a network without condition.
        extra: further input channels, as masks and given pictures of edits.
        dims: 1, 2 or 3.
        head: features of an attention head, a multiple of 2 * dims.
    """

    outer = ("enter", "leave")
    """Layers that are no hidden ones (training/optimizer.py)."""

    def __init__(
        self,
        channels: int,
        width: int = 192,
        depth: int = 8,
        patch: int = 1,
        tokens: int = 0,
        extra: int = 0,
        dims: int = 2,
        head: int = 64,
    ) -> None:
        super().__init__()
        self.channels, self.dims, self.patch, self.extra, self.head = (
            channels,
            dims,
            patch,
            extra,
            head,
        )
        self.time = TimeEmbedding(width, dims)
        self.tokens = TokenEmbedding(tokens, width) if tokens else None
        self.enter = nn.Linear((channels + extra) * patch**dims, width)
        self.modulate = zero(nn.Linear(width, 6 * width))
        self.layers = nn.ModuleList(
            Layer(width, width if tokens else 0, head) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.leave = zero(nn.Linear(width, channels * patch**dims))

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        given = 0 if extra is None else extra.shape[1]
        if x.ndim != self.dims + 2 or x.shape[1] != self.channels or given != self.extra:
            raise ValueError(
                f"x is {tuple(x.shape)} with {given} extra channels; this network takes "
                f"(B, {self.channels}{', side' * self.dims}) with {self.extra}"
            )
        grid = [n // self.patch for n in x.shape[2:]]
        h = self.enter(self._patches(x if extra is None else torch.cat([x, extra], 1)))
        emb, tokens, mask = embed(self._time(t), self.tokens, tokens, token_mask)
        emb = emb.flatten(2).transpose(1, 2)  # (B, 1 or N, W)
        modulation = self.modulate(F.silu(emb)).unflatten(-1, (6, -1))
        angles = self._angles(grid, h)
        for layer in self.layers:
            h = layer(h, modulation, tokens, mask, angles)
        return self._pixels(self.leave(self.norm(h)), grid)

    def _time(self, t: Tensor) -> Tensor:
        if t.ndim > 1 and t[0].numel() == 1:
            t = t.reshape(-1)
        elif t.ndim == self.dims + 2 and t.shape[1] == 1:  # a patch has the mean of its elements
            t = self._patches(t).mean(-1).reshape(t.shape[0], 1, -1, *([1] * (self.dims - 1)))
        return self.time(t)

    def _patches(self, x: Tensor) -> Tensor:
        """(B, C, *space) -> (B, N, C * patch^dims)."""
        p, d = self.patch, self.dims
        for axis in range(d):  # C, h, p, w, p ...
            x = x.unflatten(2 + 2 * axis, (-1, p))
        order = [0, *range(2, 2 + 2 * d, 2), 1, *range(3, 3 + 2 * d, 2)]
        return x.permute(order).flatten(1 + d).flatten(1, d)

    def _pixels(self, h: Tensor, grid: list[int]) -> Tensor:
        """The inverse of `_patches`."""
        p, d = self.patch, self.dims
        h = h.reshape(h.shape[0], *grid, self.channels, *([p] * d))
        order = [0, 1 + d]
        for axis in range(d):
            order += [1 + axis, 2 + d + axis]
        return h.permute(order).reshape(h.shape[0], self.channels, *(n * p for n in grid))

    def _angles(self, grid: list[int], like: Tensor) -> Tensor:
        """Rotary angles (N, head / 2): the axes share out the features, each turning with its own
        coordinate."""
        n = self.head // 2 // self.dims
        omega = 100.0 ** (-torch.arange(n, device=like.device, dtype=like.dtype) / n)
        axes = [torch.arange(g, device=like.device, dtype=like.dtype) for g in grid]
        where = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2)  # (N, dims)
        angles = (where[..., None] * omega).flatten(1)
        return F.pad(angles, (0, self.head // 2 - angles.shape[-1]))
