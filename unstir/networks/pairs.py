"""A denoiser of molecules: every atom beside every other, told their distance and their bond.

    net = PairNet(kinds=7, atoms=9)
    x0 = net(x, t, extra=told)                # states of modalities/structures.py

x (B, C, N) is the noisy state, `told` (B, C + 1, N) an earlier answer, or zeros (self-
conditioning: Chen et al. 2023), and last which atoms there are. The answer is E[x_0 | x_t]:
positions with zero mean, probabilities of kinds and of bonds; `logits` gives what training wants.
It turns with its input (rotations, reflections), does not see where the molecule stands, and
treats atoms in any order alike: positions enter as distances and leave as sums of differences
(Satorras et al. 2021, EGNN, eqs. 3 to 6), with a state for each pair beside that of each atom
(Vignac et al. 2023, MiDi; Le et al. 2024, EQGAT-diff).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.modalities.structures import BONDS, channels, pack, unpack
from unstir.networks.layers import Radial, TimeEmbedding, TokenEmbedding, zero

REACH = 8.0
"""The farthest distance that the radial functions tell apart, in model units."""
EPSILON = 1e-6


class PairBlock(nn.Module):
    """One round of messages: atoms, pairs and positions each learn from them."""

    def __init__(self, width: int, edge: int, message: int, heads: int, radial: int) -> None:
        super().__init__()
        self.radial, self.heads = Radial(radial, REACH), heads
        self.time = nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.here, self.there = (nn.Linear(width, message) for _ in range(2))
        self.between = nn.Linear(edge + radial, message)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(message, message), nn.SiLU())
        self.gate = nn.Linear(message, heads)
        self.value = nn.Linear(message, width)
        self.node = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.SiLU(), zero(nn.Linear(2 * width, width))
        )
        self.edge = zero(nn.Linear(message, edge))
        self.move = zero(nn.Linear(message, 1))

    def forward(
        self, n: Tensor, e: Tensor, x: Tensor, emb: Tensor, pairs: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        scale, shift = self.time(emb)[:, None].chunk(2, -1)
        y = self.norm(n) * (1 + scale) + shift
        apart = x[:, :, None] - x[:, None]  # (B, N, N, 3), from j to i
        d = distance(apart)
        m = self.here(y)[:, :, None] + self.there(y)[:, None]
        m = self.mix(m + self.between(torch.cat([e, self.radial(d)], -1)))
        gate = torch.sigmoid(self.gate(m)) * pairs
        value = self.value(m).unflatten(-1, (self.heads, -1))
        count = pairs.sum(2).clamp(min=1)  # (B, N, 1)
        heard = (gate[..., None] * value).sum(2).flatten(2) / count.sqrt()
        n = n + self.node(torch.cat([y, heard], -1))
        step = torch.tanh(self.move(m)) * pairs / (1 + d[..., None])
        x = x + (step * apart).sum(2) / count.sqrt()
        e = e + self.edge(m + m.transpose(1, 2)) * pairs
        return n, e, x


class PairNet(nn.Module):
    """F(x, t, extra=told); see the module's docstring.

    Args:
        kinds: of atoms.
        atoms: N of the largest molecule.
        width, edge, message: channels of an atom, of a pair and of what passes between them.
        depth, heads: rounds of messages, and gates of each.
        tokens: width of the condition's token states; 0 for a network without condition.
        radial: functions of a distance.
    """

    outer = ("enter_atom", "enter_pair", "leave_atom", "leave_bond")
    """Layers that are no hidden ones (training/optimizer.py)."""
    idle = ("tokens",)
    """Parts that change nothing at first: weights of a network without them fit."""

    def __init__(
        self,
        kinds: int,
        atoms: int,
        width: int = 128,
        edge: int = 32,
        message: int = 64,
        depth: int = 6,
        heads: int = 4,
        tokens: int = 0,
        radial: int = 16,
    ) -> None:
        super().__init__()
        self.kinds, self.channels = kinds, channels(kinds, atoms)
        self.extra = self.channels + 1
        self.time = TimeEmbedding(width, 0)
        self.tokens = TokenEmbedding(tokens, width) if tokens else None
        self.enter_atom = nn.Linear(2 * kinds, width)
        self.enter_pair = nn.Linear(2 * BONDS + 2 * radial, edge)
        self.radial = Radial(radial, REACH)
        self.blocks = nn.ModuleList(
            PairBlock(width, edge, message, heads, radial) for _ in range(depth)
        )
        self.leave_atom = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, kinds))
        self.leave_bond = nn.Sequential(
            nn.LayerNorm(edge + radial), nn.Linear(edge + radial, message), nn.SiLU(),
            nn.Linear(message, BONDS),
        )  # fmt: skip

    def adapted(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of a network that knows only the first of the kinds: what is told of a further one
        changes nothing at first, and nothing speaks for it."""
        come, go = "enter_atom.weight", "leave_atom.1"
        if come not in weights:  # of another network, as `warm` will say
            return dict(weights)
        known = weights[come].shape[1] // 2
        more = max(0, self.kinds - known)
        return dict(weights) | {
            come: F.pad(weights[come].unflatten(1, (2, known)), (0, more)).flatten(1),
            f"{go}.weight": F.pad(weights[f"{go}.weight"], (0, 0, 0, more)),
            f"{go}.bias": F.pad(weights[f"{go}.bias"], (0, more)),
        }

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        place, h, e = self.logits(x, t, tokens, token_mask, extra)
        assert extra is not None
        mask = extra[:, -1]
        return pack(
            place, h.softmax(-1) * mask[..., None], e.softmax(-1) * between(mask)[..., None]
        )

    def logits(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Positions (B, N, 3), logits of kinds (B, N, A) and of bonds (B, N, N, 4)."""
        most = channels(self.kinds, x.shape[-1])
        if extra is None or x.shape[1] != most or extra.shape[1] != most + 1:
            given = None if extra is None else extra.shape[1]
            raise ValueError(
                f"state and extra have {x.shape[1]} and {given} channels; for {x.shape[-1]} atoms "
                f"this network takes {most} and {most + 1}"
            )
        mask = extra[:, -1]
        pairs = between(mask)[..., None]
        (place, h, e), (x1, h1, e1) = (unpack(part, self.kinds) for part in (x, extra[:, :-1]))
        emb = self.time(t)  # (B, width)
        if self.tokens is not None:
            assert tokens is not None
            assert token_mask is not None
            emb = emb + self.tokens(tokens, token_mask)[2]
        near = [self.radial(distance(y[:, :, None] - y[:, None])) for y in (place, x1)]
        node = self.enter_atom(torch.cat([h, h1], -1)) + emb[:, None]
        edge = self.enter_pair(torch.cat([e, e1, *near], -1)) * pairs
        for block in self.blocks:
            node, edge, place = block(node, edge, place, F.silu(emb), pairs)
        place = centered(place, mask)
        seen = self.radial(distance(place[:, :, None] - place[:, None]))
        return place, self.leave_atom(node), self.leave_bond(torch.cat([edge, seen], -1))


def between(mask: Tensor) -> Tensor:
    """(B, N, N): 1 for pairs of different atoms that there are."""
    return mask[:, :, None] * mask[:, None] * (1 - torch.eye(mask.shape[1], device=mask.device))


def distance(apart: Tensor) -> Tensor:
    """|v| of (..., 3), with a gradient at 0."""
    return (apart.square().sum(-1) + EPSILON).sqrt()


def centered(x: Tensor, mask: Tensor) -> Tensor:
    """Positions (B, N, 3) with zero mean over the atoms there are, and 0 where there is none."""
    m = mask[..., None]
    return (x - (x * m).sum(1, keepdim=True) / m.sum(1, keepdim=True).clamp(min=1)) * m
