"""Layers shared by the denoising networks, in one, two or three dimensions.

Time enters every block as a map of shape (B, E, *space or ones): per sample it is (B, E, 1, ...),
per element (in-painting, frame prediction) it has the grid's shape, and the same 1x1 convolutions
serve both. References: Ho et al. 2020 (sinusoidal time), Dhariwal & Nichol 2021 (AdaGN), Rombach
et al. 2022 (cross-attention), Dehghani et al. 2023 (QK normalization), Su et al. 2021 (RoPE).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def conv(dims: int, cin: int, cout: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """A same-padded convolution in `dims` dimensions."""
    if dims not in CONV:
        raise ValueError(f"dims is {dims!r}; a convolution has 1, 2 or 3 dimensions")
    return CONV[dims](cin, cout, kernel, stride=stride, padding=kernel // 2)


def zero(module: nn.Module) -> nn.Module:
    """Start a layer at zero, so that its residual branch starts as the identity."""
    for p in module.parameters():
        nn.init.zeros_(p)
    return module


def channels_last(net: nn.Module) -> nn.Module:
    """Lay out the kernels of 2-D convolutions as the CPU computes them fastest (by some 10 %)."""
    for p in net.parameters():
        if p.ndim == 4:
            p.data = p.data.contiguous(memory_format=torch.channels_last)
    return net


def norm(channels: int, group: int = 16) -> nn.GroupNorm:
    """Group normalization with about `group` channels in each group."""
    return nn.GroupNorm(math.gcd(max(1, channels // group), channels), channels, eps=1e-5)


class TimeEmbedding(nn.Module):
    """t (B,) or (B, 1, *space) in [0, 1] -> (B, E, 1, ...) or (B, E, *space)."""

    omega: Tensor

    def __init__(self, width: int, dims: int, frequencies: int = 64) -> None:
        super().__init__()
        self.dims = dims
        half = torch.arange(frequencies) / frequencies
        self.register_buffer("omega", 1000.0 * torch.exp(-math.log(10_000.0) * half), False)
        self.mlp = nn.Sequential(
            nn.Linear(2 * frequencies, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, t: Tensor) -> Tensor:
        if t.ndim == 1:
            t = t.reshape(-1, 1, *([1] * self.dims))
        if t.ndim != self.dims + 2 or t.shape[1] != 1:
            raise ValueError(
                f"times are {tuple(t.shape)}; give one a sample (B,) or one an element (B, 1"
                f"{', side' * self.dims})"
            )
        angle = t.movedim(1, -1) * self.omega  # (B, *space, K)
        return self.mlp(torch.cat([angle.cos(), angle.sin()], -1)).movedim(-1, 1)


class TokenEmbedding(nn.Module):
    """Condition states (B, L, D) and mask (B, L) -> tokens (B, 1 + L, E), their mask, and a
    pooled vector (B, E).

    The first token is learned and always there: it is what attention sees when there is no
    condition.
    """

    def __init__(self, states: int, width: int) -> None:
        super().__init__()
        self.states = states
        self.project = nn.Sequential(
            nn.LayerNorm(states), nn.Linear(states, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.null = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pool = zero(nn.Linear(width, width))

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if tokens.shape[-1] != self.states:
            raise ValueError(
                f"tokens are {tokens.shape[-1]} wide; this network takes {self.states}"
            )
        mask = mask.to(tokens.dtype)
        y = self.project(tokens) * mask[..., None]
        pooled = y.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        y = torch.cat([self.null.expand(y.shape[0], -1, -1), y], 1)
        return y, F.pad(mask, (1, 0), value=1.0) > 0.5, self.pool(pooled)


class Attention(nn.Module):
    """Multi-head attention with normalized queries and keys; self-attention, or cross when
    `context` differs."""

    def __init__(self, width: int, context: int | None = None, head: int = 32) -> None:
        super().__init__()
        if width % head:
            raise ValueError(f"width {width} is not a multiple of the head size {head}")
        self.head = head
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(context or width, 2 * width, bias=False)
        self.out = zero(nn.Linear(width, width, bias=False))
        self.scale = nn.Parameter(torch.full((width // head, 1, 1), math.log(8.0)))

    def forward(
        self, x: Tensor, y: Tensor, mask: Tensor | None = None, angles: Tensor | None = None
    ) -> Tensor:
        q = self.q(x).unflatten(-1, (-1, self.head)).transpose(1, 2)  # (B, H, N, d)
        k, v = (a.unflatten(-1, (-1, self.head)).transpose(1, 2) for a in self.kv(y).chunk(2, -1))
        q, k = unit(q), unit(k)
        if angles is not None:
            q, k = rotate(q, angles), rotate(k, angles)
        bias = None if mask is None else mask[:, None, None, :]
        a = F.scaled_dot_product_attention(q * self.scale.exp(), k, v, attn_mask=bias, scale=1.0)
        return self.out(a.transpose(1, 2).flatten(2))


def unit(x: Tensor) -> Tensor:
    """x / |x| along the last axis; a twentieth of a training step faster than F.normalize."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-12)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary position embedding: pairs of features (i, i + d/2) turned by `angles` (N, d/2)."""
    a, b = x.chunk(2, -1)
    c, s = angles.cos(), angles.sin()
    return torch.cat([a * c - b * s, a * s + b * c], -1)


class ResBlock(nn.Module):
    """Two convolutions; time scales and shifts the second normalization (AdaGN)."""

    def __init__(self, cin: int, cout: int, embedding: int, dims: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = norm(cin), conv(dims, cin, cout)
        self.norm2, self.conv2 = norm(cout), zero(conv(dims, cout, cout))
        self.time = zero(conv(dims, embedding, 2 * cout, kernel=1)) if embedding else None
        self.skip = conv(dims, cin, cout, kernel=1) if cin != cout else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor | None = None) -> Tensor:
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        if self.time is not None and emb is not None:
            scale, shift = self.time(emb).chunk(2, 1)
            h = h * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class AttentionBlock(nn.Module):
    """On a grid: self-attention, then cross-attention to the condition's tokens."""

    def __init__(self, width: int, tokens: int, head: int = 32) -> None:
        super().__init__()
        self.norm1, self.self = norm(width), Attention(width, head=head)
        self.norm2 = norm(width) if tokens else None
        self.cross = Attention(width, tokens, head=head) if tokens else None

    def forward(self, x: Tensor, tokens: Tensor | None, mask: Tensor | None) -> Tensor:
        shape = x.shape
        h = self.norm1(x).flatten(2).transpose(1, 2)  # (B, N, C)
        x = x + self.self(h, h).transpose(1, 2).reshape(shape)
        if self.cross is not None and self.norm2 is not None and tokens is not None:
            h = self.norm2(x).flatten(2).transpose(1, 2)
            x = x + self.cross(h, tokens, mask).transpose(1, 2).reshape(shape)
        return x


class Radial(nn.Module):
    """Distances (...) -> Gaussian bumps (..., count) on a grid up to `reach`, finer where it is
    near, by `nearer`."""

    center: Tensor

    def __init__(self, count: int, reach: float, nearer: float = 1.0) -> None:
        super().__init__()
        self.nearer, self.scale = nearer, math.log1p(nearer * reach)
        self.register_buffer("center", torch.linspace(0, 1, count), False)

    def forward(self, d: Tensor) -> Tensor:
        u = torch.log1p(self.nearer * d) / self.scale
        return torch.exp(-0.5 * ((u[..., None] - self.center) * len(self.center)).square())


def coarsen(emb: Tensor, dims: int) -> Tensor:
    """A time map for the next coarser level; a per-sample embedding stays as it is."""
    return emb if emb.shape[-1] == 1 else POOL[dims](emb, 2)


def embed(
    emb: Tensor, layer: TokenEmbedding | None, tokens: Tensor | None, mask: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Time embedding and condition -> (embedding with the pooled condition, tokens, their mask).

    No tokens given to a network that takes them means the null condition.
    """
    if layer is None:
        return emb, None, None
    if tokens is None:
        tokens = emb.new_zeros(emb.shape[0], 1, layer.states)
        mask = emb.new_zeros(emb.shape[0], 1)
    if mask is None:
        mask = torch.ones_like(tokens[..., 0])
    tokens, mask, pooled = layer(tokens, mask)
    return emb + pooled.reshape(*pooled.shape, *([1] * (emb.ndim - 2))), tokens, mask
