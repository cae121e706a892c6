"""The training signal of a molecule: positions, atom kinds and bonds stirred together.

    x_t = alpha_t x_0 + sigma_t eps  for positions and for the one-hots of kinds and bonds alike,
    loss = w(t) |x0 - x_0|^2 + a CE(atoms) + b CE(bonds)

Of one-hots the expectation given x_t *is* the class probability, so a softmax head answers E[x_0 |
x_t] and every Gaussian sampler serves it (compare Dieleman et al. 2022). Noise of positions has
zero mean over the atoms there are (Hoogeboom et al. 2022, EDM, sec. 3), noise of bonds is
symmetric, and noise of positions is turned to lie nearest the molecule (Song et al. 2023,
equivariant flow matching, sec. 4): paths are straighter, and no marginal changes. Half of the
samples see the network's answer from a run before: self-conditioning (Chen et al. 2023). In some
of these answers the truth stands for a part of the molecule, or for all its kinds and bonds: so
the network learns to draw around what is kept (tasks/kept.py). Most of these were given by a
network that had been told the same before, as it is from the second step of a walk on; one that
only learns from answers that do not know of the part drives the rest away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unstir.core.schedules import Schedule, level
from unstir.modalities.structures import KNOWN, pack, project, unpack
from unstir.networks.pairs import between, centered
from unstir.objectives.denoising import Times, condition, uniform


@dataclass(frozen=True)
class Molecule:
    """objective(model, batch, rng).

    batch: "x" (B, C, N) clean states (modalities/structures.py), "mask" (B, N); "tokens" (B, L, D)
    and "token_mask" (B, L) if the network takes a condition.

    Args:
        schedule: of all parts alike.
        times: how training times are drawn.
        cap: the weight of positions is alpha / sigma up to this.
        atoms, bonds: weights of the cross entropies.
        drop: share of samples that lose their condition.
        again: share of the samples that see an answer from before.
        parts, graphs: shares of the samples that are told the truth in it for a part of the
            molecule, or for all but where atoms are; together `again` at most.
        twice: share of those whose answer knew of it already.
        rows: samples of about one size that the model is run on together, so that little is
            spent on atoms that are not there.
    """

    schedule: Schedule
    times: Times = uniform
    cap: float = 8.0
    atoms: float = 0.4
    bonds: float = 2.0
    drop: float = 0.1
    again: float = 0.5
    parts: float = 0.15
    graphs: float = 0.05
    twice: float = 0.75
    rows: int = 16

    def __call__(self, model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0, mask = batch["x"], batch["mask"]
        t = self.times(rng, len(x0)).clamp(1e-3, 1 - 1e-3)
        at = level(self.schedule, t.reshape(-1, 1, 1))
        xt = at.alpha * x0 + at.sigma * stirred(rng, x0, mask, model.kinds)
        told = condition(batch, rng, self.drop)
        chance, some = rng.uniform((len(x0), 2)), part(rng, x0, mask)
        weight = (at.alpha / at.sigma).clamp(max=self.cap).reshape(-1)
        sums: dict[str, Tensor] = {}
        for which in mask.sum(1).argsort(stable=True).split(self.rows):
            n = int(mask[which].sum(1).max())
            here, clean = mask[which, :n], first(x0[which], model.kinds, n)
            z = pack(*first(xt[which], model.kinds, n))
            tokens = [None if each is None else each[which] for each in told]
            known = chance[which], some[which, :n]
            before = self._before(model, z, t[which], tokens, here, clean, known)
            out = model.logits(z, t[which], *tokens, before)
            for name, value in self._losses(out, clean, here, weight[which]).items():
                sums[name] = sums.get(name, 0) + value * len(which) / len(x0)
        return sums

    def _losses(
        self, out: tuple[Tensor, ...], clean: tuple[Tensor, ...], mask: Tensor, weight: Tensor
    ) -> dict[str, Tensor]:
        count, pairs = mask.sum(1), between(mask)
        far = ((out[0] - clean[0]).square().sum(-1) * mask).sum(1) / (3 * count)
        atoms = -(clean[1] * out[1].log_softmax(-1)).sum((1, 2)) / count
        bonds = -(clean[2] * out[2].log_softmax(-1)).sum((1, 2, 3)) / pairs.sum((1, 2)).clamp(
            min=1
        )
        place, atoms, bonds = (weight * far).mean(), atoms.mean(), bonds.mean()
        loss = place + self.atoms * atoms + self.bonds * bonds
        return {"loss": loss, "positions": place.detach(), "atoms": atoms.detach(),
                "bonds": bonds.detach()}  # fmt: skip

    def _before(
        self, model: Any, xt: Tensor, t: Tensor, told: Sequence[Tensor | None], mask: Tensor,
        clean: tuple[Tensor, ...], known: tuple[Tensor, Tensor],
    ) -> Tensor:  # fmt: skip
        """(B, C + 1, N): for a share of the samples the network's answer to the same question,
        with the truth in it where it is told, else zeros; and the mask."""
        out = torch.cat([torch.zeros_like(xt), mask[:, None]], 1)
        (chance, more), some = known[0].unbind(1), known[1]
        rows = torch.nonzero(chance < self.again)[:, 0]
        if not len(rows):
            return out
        graph, told_of = chance < self.graphs, chance < self.graphs + self.parts
        given = torch.where(graph[:, None], mask, some) * told_of[:, None]
        placed = given * ~graph[:, None]

        def answered(rows: Tensor) -> Tensor:
            tokens = (None if each is None else each[rows] for each in told)
            with torch.no_grad():
                answer = model(xt[rows], t[rows], *tokens, out[rows])
            true = tuple(each[rows] for each in clean)
            return held(answer, true, given[rows], placed[rows], mask[rows])

        out[rows, :-1] = answered(rows)
        rows = torch.nonzero(told_of & (more < self.twice))[:, 0]
        if len(rows):
            out[rows, :-1] = answered(rows)
        return out


def first(z: Tensor, kinds: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Positions, kinds and bonds of so many atoms."""
    x, h, e = unpack(z, kinds)
    return x[:, :count], h[:, :count], e[:, :count, :count]


def held(
    answer: Tensor, true: tuple[Tensor, ...], given: Tensor, placed: Tensor, mask: Tensor
) -> Tensor:
    """An answer (B, C, N) with the truth in it: kinds and bonds of the atoms that are `given` (B,
    N), and how those that are `placed` stand to each other, where the answer has their middle.
    These are told as `KNOWN`: an answer that is merely sure looks the same else."""
    x, h, e = unpack(answer, true[1].shape[-1])
    h = torch.where(given[..., None] > 0, true[1] * (1 + (KNOWN - 1) * placed[..., None]), h)
    e = torch.where((given[:, :, None] * given[:, None])[..., None] > 0, true[2], e)
    there = placed[..., None]
    off = ((x - true[0]) * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
    x = torch.where(there > 0, true[0] + off, x)
    return pack(centered(x, mask), h, e)


def part(rng: Any, x0: Tensor, mask: Tensor) -> Tensor:
    """(B, N), 1 for some atoms of each molecule: those around one of them, or all but those."""
    x, count = x0[:, :3].swapaxes(1, 2), mask.sum(1)
    chance = rng.uniform((len(x0), 3))
    middle = x[torch.arange(len(x)), (chance[:, 0] * count).long()]
    far = (x - middle[:, None]).square().sum(-1).masked_fill(mask == 0, torch.inf)
    size = (chance[:, 1] * (count - 1)).floor() + 1
    near = far.argsort(1).argsort(1) < size[:, None]
    return (near ^ (chance[:, 2:] < 0.5)) * mask


def stirred(rng: Any, x0: Tensor, mask: Tensor, kinds: int) -> Tensor:
    """Noise like that of `structures.noise`, its positions turned to those of x0."""
    z = rng.normal(x0.shape)
    scale = torch.ones(x0.shape[1], 1, device=x0.device)
    scale[3 + kinds :] = 2**0.5
    x, h, e = unpack(project(scale * z, mask, kinds), kinds)
    return pack(turned(x, x0[:, :3].swapaxes(1, 2)), h, e)


def turned(x: Tensor, onto: Tensor) -> Tensor:
    """Points (B, N, 3), turned as a whole so that they lie nearest to `onto` (Kabsch 1976)."""
    with torch.no_grad():
        u, _, v = torch.linalg.svd(x.transpose(1, 2) @ onto)
        sign = torch.ones_like(u[:, 0])
        sign[:, 2] = torch.linalg.det(u @ v)
        return x @ (u * sign[:, None] @ v)
