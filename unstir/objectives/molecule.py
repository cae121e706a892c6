"""The training signal of a molecule: positions, atom kinds and bonds stirred together.

    x_t = alpha_t x_0 + sigma_t eps  for positions and for the one-hots of kinds and bonds alike,
    loss = w(t) |x0 - x_0|^2 + a CE(atoms) + b CE(bonds)

Of one-hots the expectation given x_t *is* the class probability, so a softmax head answers E[x_0 |
x_t] and every Gaussian sampler serves it (compare Dieleman et al. 2022). Noise of positions has
zero mean over the atoms there are (Hoogeboom et al. 2022, EDM, sec. 3), noise of bonds is
symmetric, and noise of positions is turned to lie nearest the molecule (Song et al. 2023,
equivariant flow matching, sec. 4): paths are straighter, and no marginal changes. Half of the
samples see the network's answer from a run before: self-conditioning (Chen et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unstir.core.schedules import Schedule, level
from unstir.modalities.structures import pack, project, unpack
from unstir.networks.pairs import between
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
    """

    schedule: Schedule
    times: Times = uniform
    cap: float = 8.0
    atoms: float = 0.4
    bonds: float = 2.0
    drop: float = 0.1
    again: float = 0.5

    def __call__(self, model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0, mask = batch["x"], batch["mask"]
        t = self.times(rng, len(x0)).clamp(1e-3, 1 - 1e-3)
        at = level(self.schedule, t.reshape(-1, 1, 1))
        xt = at.alpha * x0 + at.sigma * stirred(rng, x0, mask, model.kinds)
        told = condition(batch, rng, self.drop)
        before = self._before(model, xt, t, told, mask, rng.uniform(len(x0)))
        out = model.logits(xt, t, *told, before)
        weight = (at.alpha / at.sigma).clamp(max=self.cap).reshape(-1)
        return self._losses(out, unpack(x0, model.kinds), mask, weight)

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
        self, model: Any, xt: Tensor, t: Tensor, told: tuple[Tensor | None, Tensor | None],
        mask: Tensor, chosen: Tensor,
    ) -> Tensor:  # fmt: skip
        """(B, C + 1, N): for a share of the samples the network's answer to the same question,
        else zeros; and the mask."""
        out = torch.cat([torch.zeros_like(xt), mask[:, None]], 1)
        rows = torch.nonzero(chosen < self.again)[:, 0]
        if len(rows):
            some = (None if part is None else part[rows] for part in told)
            with torch.no_grad():
                out[rows, :-1] = model(xt[rows], t[rows], *some, out[rows])
        return out


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
