"""The denoiser of token rows: logits of every place, some of which are hidden.

    net = Sequence(vocabulary=256, length=28)
    logits = net(x, t)                       # x (B, L) with MASK and PAD -> (B, L, vocabulary)

The layers are those of the transformer (transformer.py). A row's length is known, for PAD is seen:
it modulates every layer, and each place knows how far it is from both ends. The time is not
needed, for the hidden tokens can be counted (Sahoo et al. 2024, MDLM).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.core.discrete.process import PAD
from unstir.networks.layers import TokenEmbedding, zero
from unstir.networks.transformer import Layer


class Sequence(nn.Module):
    """Logits (B, L, vocabulary); see the module's docstring.

    Args:
        vocabulary: different tokens.
        length: tokens of the longest row.
        width, depth: of the token stream; `width` a multiple of `head`.
        tokens: width of the condition's token states; 0 for a network without condition.
        head: features of an attention head.
    """

    outer = ("leave",)
    idle = ("condition",)
    """Parts that change nothing at first: weights of a network without them fit."""

    def __init__(
        self, vocabulary: int, length: int, width: int = 256, depth: int = 6, tokens: int = 0,
        head: int = 32,
    ) -> None:  # fmt: skip
        super().__init__()
        self.length = length
        self.enter = nn.Embedding(vocabulary + 2, width)
        self.first, self.last = nn.Embedding(length, width), nn.Embedding(length, width)
        self.long = nn.Embedding(length + 1, width)
        self.condition = TokenEmbedding(tokens, width) if tokens else None
        self.modulate = zero(nn.Linear(width, 6 * width))
        self.layers = nn.ModuleList(Layer(width, 0, head) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = zero(nn.Linear(width, vocabulary))
        omega = 100.0 ** (-torch.arange(head // 2) / (head // 2))
        self.register_buffer("angles", torch.arange(length)[:, None] * omega, False)
        for table in (self.enter, self.first, self.last, self.long):
            nn.init.normal_(table.weight, std=0.02)

    angles: Tensor

    def forward(
        self,
        x: Tensor,
        t: Tensor | None = None,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        if x.ndim != 2 or x.shape[1] > self.length or extra is not None:
            raise ValueError(f"x is {tuple(x.shape)}; this network takes (B, {self.length}) alone")
        x = x.long()  # a runtime hands over floats
        there, place = x != PAD, torch.arange(x.shape[1], device=x.device)
        count = there.sum(1)
        back = (count[:, None] - 1 - place).clamp(min=0)
        h = self.enter(x - PAD) + self.first(place) + self.last(back)
        emb = self.long(count)
        if self.condition is not None and tokens is not None and token_mask is not None:
            emb = emb + self.condition(tokens, token_mask)[2]
        modulation = self.modulate(F.silu(emb)).unflatten(-1, (6, -1))[:, None]
        for layer in self.layers:
            h = layer(h, modulation, None, None, self.angles[: x.shape[1]], there)
        return self.leave(self.norm(h))
