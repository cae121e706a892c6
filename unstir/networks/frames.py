"""A denoiser of protein chains: attention between residues, each seeing from its own frame.

    net = FrameNet()
    x0 = net(x, t, extra=told)               # states of modalities/chains.py

x (B, 3, N) is the noisy trace of CA, `told` (B, 5, N) an earlier answer, or zeros (self-
conditioning: Chen et al. 2023), which residues there are, and which are known: of these the answer
that is told is the truth. A network that is `planned` takes three channels more: which residues
are to be helix, strand or neither, 0 where nothing is said. The frame of a residue is that of its
own two bonds (Frenet; as Lin & AlQuraishi 2023, Genie, have it). What residues see of each other
in these frames does not change when the chain turns or moves, but does in a mirror: helices of one
hand can be told from those of the other, as a network of distances alone cannot do. Pairs
(distances, directions, the turn from frame to frame, places along the chain) weigh the attention
and are attended to (compare Jumper et al. 2021, AlphaFold 2, alg. 22). The answer is E[x_0 | x_t],
with zero mean: it turns with its input.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import Radial, TimeEmbedding, zero

NEAR = 4
"""Neighbours along the chain that a residue sees from its frame, on either side."""
REACH = 4.0
"""The farthest distance that the radial functions tell apart, in model units."""
NEARER = 4.0
"""How much finer they are near by."""
SIGHTS, POINTS = 2, 2
"""Traces that a denoiser looks at, the noisy one and the one that is told; and points of a head
in each."""
TOLD, PLAN = 5, 3
"""Channels of what is told, and of a plan besides."""
EPSILON = 1e-6


class Layer(nn.Module):
    """Attention by what residues are and how they lie, then a feed-forward layer.

    Each residue has points in its frames (B, S, N, 3, 3); one that attends to it sees them from
    its own.
    """

    def __init__(self, width: int, heads: int, sights: int) -> None:
        super().__init__()
        inner = -(-width * 8 // (3 * 32)) * 32  # 8/3 width, a multiple of 32
        self.heads, self.sights = heads, sights
        self.shift = nn.Parameter(torch.zeros(6, width))  # this layer's part of the modulation
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.points = nn.Linear(width, heads * sights * POINTS * 3)
        self.out = zero(nn.Linear(width + heads * sights * POINTS * 4, width))
        self.gate_up, self.down = nn.Linear(width, 2 * inner), zero(nn.Linear(inner, width))

    def forward(
        self, h: Tensor, bias: Tensor, modulation: Tensor, place: Tensor, frame: Tensor
    ) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.shift).unbind(-2)
        y = self.norm1(h) * (1 + scale1) + shift1
        q, k, v = self.qkv(y).unflatten(-1, (3 * self.heads, -1)).transpose(1, 2).chunk(3, 1)
        weight = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5 + bias).softmax(-1)  # (B, H, N, N)
        p = self.points(y).unflatten(-1, (self.sights, self.heads, POINTS, 3))
        p = p.permute(0, 3, 2, 1, 4, 5)
        p = p @ frame[:, None] + place[:, None, ..., None, :]  # (B, H, S, N, P, 3)
        v = torch.cat([v, p.transpose(2, 3).flatten(3)], -1)
        heard, p = (weight @ v).split([y.shape[-1] // self.heads, self.sights * POINTS * 3], -1)
        p = (
            p.unflatten(-1, (self.sights, POINTS, 3)).transpose(2, 3)
            - place[:, None, ..., None, :]
        )
        p = p @ frame[:, None].mT
        p = torch.cat([p, (p.square().sum(-1, keepdim=True) + EPSILON).sqrt()], -1)
        seen = p.permute(0, 3, 1, 2, 4, 5).flatten(2)
        heard = heard.transpose(1, 2).flatten(2)
        h = h + (1 + gate1) * self.out(torch.cat([heard, seen], -1))
        a, b = self.gate_up(self.norm2(h) * (1 + scale2) + shift2).chunk(2, -1)
        return h + (1 + gate2) * self.down(F.silu(a) * b)


class Residues(nn.Module):
    """Layers over the residues of one or more traces: what networks on chains have in common.

    Args:
        sights: traces that are looked at.
        width, depth, heads: of the stream of residues.
        pair: channels of what is between two residues.
        radial: functions of a distance.
        far: places along the chain that are told apart, on either side.
        spare: sets of attention biases beyond those of the layers.
    """

    def __init__(
        self, sights: int, width: int, depth: int, heads: int, pair: int, radial: int, far: int,
        spare: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.far, self.radial, self.heads = far, Radial(radial, REACH, NEARER), heads
        seen = sights * (6 * NEAR + 3) + 2 * NEAR + 9 * (sights - 1) + 4
        self.enter = nn.Linear(seen, width)
        self.enter_pair = nn.Linear(sights * (radial + 3 + 9) + 1, pair)
        self.along = nn.Embedding(2 * far + 1, pair)
        self.pair = nn.Sequential(nn.SiLU(), nn.Linear(pair, pair), nn.SiLU())
        self.biases = nn.Linear(pair, (depth + spare) * heads)
        self.layers = nn.ModuleList(Layer(width, heads, sights) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def stream(
        self, place: Tensor, mask: Tensor, known: Tensor, more: Tensor, modulation: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Traces (B, S, N, 3), mask and known (B, N, 1), what enters besides (B, N, W), and a
        modulation (B, 1, 6, W) -> the residues (B, N, W), their frames, and spare biases."""
        frame = torch.stack([frames(z, mask) for z in place.unbind(1)], 1)
        h = (self.enter(self._seen(place, frame, mask, known)) + more) * mask
        there = (mask[:, None, None, :, 0] - 1) * 1e4
        bias = self.biases(self._between(place, frame, known)).movedim(-1, 1)
        biases = (bias + there).unflatten(1, (-1, self.heads)).unbind(1)
        for layer, own in zip(self.layers, biases, strict=False):
            h = layer(h, own, modulation, place, frame)
        return self.norm(h), frame, list(biases[len(self.layers) :])

    def _seen(self, place: Tensor, frame: Tensor, mask: Tensor, known: Tensor) -> Tensor:
        """What each residue sees along the chain, in its frames: (B, N, D)."""
        length, at = mask.sum(1, keepdim=True), torch.arange(mask.shape[1]).to(mask)
        ends = torch.stack([at.expand(mask.shape[:2]), length[..., 0] - 1 - at], -1)
        along = (*range(-NEAR, 0), *range(1, NEAR + 1))
        near = torch.cat([shifted(mask, k) for k in along], -1)
        parts = [known, torch.exp(-ends / 8.0), (length / 100).expand_as(mask), near]
        for s in range(place.shape[1]):
            z = place[:, s]
            apart = torch.stack([shifted(z, k) - z for k in along], -2) * near[..., None]
            parts.append((torch.cat([apart, z[..., None, :]], -2) @ frame[:, s].mT).flatten(2))
        parts += [(frame[:, 0] @ frame[:, s].mT).flatten(2) for s in range(1, place.shape[1])]
        return torch.cat(parts, -1)

    def _between(self, place: Tensor, frame: Tensor, known: Tensor) -> Tensor:
        """What each residue sees of each other: (B, N, N, pair)."""
        parts = [known[:, :, None] * known[:, None]]
        for s in range(place.shape[1]):
            z, own = place[:, s], frame[:, s]
            apart = z[:, None] - z[:, :, None]  # (B, N, N, 3), from i to j
            d = (apart.square().sum(-1, keepdim=True) + EPSILON).sqrt()
            turn = own.flatten(1, 2) @ own.flatten(1, 2).mT  # (B, 3 N, 3 N)
            turn = turn.unflatten(2, (-1, 3)).unflatten(1, (-1, 3)).transpose(2, 3).flatten(3)
            parts += [self.radial(d[..., 0]), (apart / d) @ own.mT, turn]
        at = torch.arange(place.shape[2], device=place.device)
        along = (at - at[:, None]).clamp(-self.far, self.far) + self.far
        return self.pair(self.enter_pair(torch.cat(parts, -1)) + self.along(along))


class FrameNet(Residues):
    """F(x, t, extra=told); see the module's docstring.

    Args: those of `Residues`, and
        planned: also told what residues are to be; begins as the network that is not, whatever
            it is told.
    """

    outer = ("enter", "enter_pair", "biases", "leave", "plan")
    """Layers that are no hidden ones (training/optimizer.py)."""
    idle = ("plan",)
    """Parts that change nothing at first: weights of a network without them fit."""

    def __init__(
        self, width: int = 160, depth: int = 6, heads: int = 8, pair: int = 32, radial: int = 16,
        far: int = 24, planned: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(SIGHTS, width, depth, heads, pair, radial, far, spare=1)
        self.extra = TOLD + PLAN * planned
        self.plan = zero(nn.Linear(PLAN, width, bias=False)) if planned else None
        self.time = TimeEmbedding(width, 0)
        self.modulate = zero(nn.Linear(width, 6 * width))
        self.leave = nn.Linear(width, 2 * 3 + 1 + 2 * heads)
        self.look = nn.Linear(width, 2 * 4 * heads, bias=False)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        given = None if extra is None else extra.shape[1]
        if extra is None or x.shape[1] != 3 or given != self.extra or tokens is not None:
            raise ValueError(
                f"state and extra have {x.shape[1]} and {given} channels; this network takes 3 "
                f"and {self.extra}, and no condition"
            )
        mask, known = extra[:, 3, :, None], extra[:, 4, :, None]  # (B, N, 1)
        place = torch.stack([x.transpose(1, 2), extra[:, :3].transpose(1, 2)], 1)
        modulation = self.modulate(F.silu(self.time(t))).unflatten(-1, (6, -1))[:, None]
        more = torch.zeros_like(mask)
        if self.plan is not None:
            more = self.plan(extra[:, TOLD:].transpose(1, 2))
        h, frame, (last,) = self.stream(place, mask, known, more, modulation)
        out = self._moved(h, last, place, frame, t.reshape(-1, 1, 1))
        out = (out - (out * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)) * mask
        return out.transpose(1, 2)

    def _moved(self, h: Tensor, bias: Tensor, place: Tensor, frame: Tensor, t: Tensor) -> Tensor:
        """The answer (B, N, 3): where residues are, or are told to be, moved in both frames and
        towards others."""
        q, k = self.look(h).unflatten(-1, (2 * self.heads, -1)).transpose(1, 2).chunk(2, 1)
        weight = (q @ k.transpose(2, 3) + bias).softmax(-1)  # (B, H, N, N)
        share, turn, gate = self.leave(h).split([1, SIGHTS * 3, SIGHTS * self.heads], -1)
        told = place[:, 1].abs().amax((1, 2), keepdim=True).gt(0).to(h.dtype)
        likely = (1 - t) / ((1 - t).square() + t.square()) * place[:, 0]
        out = likely + torch.sigmoid(share) * told * (place[:, 1] - likely)
        for s in range(SIGHTS):
            here, of, z = turn[..., None, 3 * s : 3 * s + 3], self.heads, place[:, s]
            out = out + (here @ frame[:, s])[..., 0, :]
            pull = gate[..., of * s : of * (s + 1)].transpose(1, 2)[..., None] * weight
            out = out + pull.sum(1) @ z - pull.sum((1, 3))[..., None] * z
        return out


def shifted(z: Tensor, k: int) -> Tensor:
    """z (B, N, D) of the residue k places further along the chain; 0 beyond its array."""
    return F.pad(z[:, k:], (0, 0, 0, k)) if k > 0 else F.pad(z[:, :k], (0, 0, -k, 0))


def frames(x: Tensor, mask: Tensor) -> Tensor:
    """The axes (B, N, 3, 3) of each residue: along the chain, to the inside of the bend, and
    across both. Beyond the ends of the chain it bends as two places before."""
    after = (shifted(x, 1) - x) * shifted(mask, 1)  # (B, N, 3)
    last = mask - shifted(mask, 1)
    after = after + last * shifted(after, -2)
    first = F.pad(torch.ones_like(mask[:, :1]), (0, 0, 0, x.shape[1] - 1))
    before = shifted(after, -1) + first * shifted(after, 1)
    along = unit(after + before)
    bend = after - before
    inside = unit(bend - (bend * along).sum(-1, keepdim=True) * along)
    return torch.stack([along, inside, torch.linalg.cross(along, inside, dim=-1)], -2)


def unit(v: Tensor) -> Tensor:
    """v / |v|, and 0 of 0."""
    return v * torch.rsqrt(v.square().sum(-1, keepdim=True) + EPSILON)
