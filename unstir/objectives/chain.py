"""The training signal of protein chains: their traces stirred by noise that is a chain itself.

    x_t = alpha_t x_0 + sigma_t eps,   eps of modalities/chains.py, turned to lie nearest x_0
    loss = w(t) (|steps of x0 - x_0|^2 + a |x0 - x_0|^2 + b |near distances|^2) + c |distances|
           + d |overlaps|^2

The steps are those of the noise's own random walk, y_i - c y_{i-1}: in them the noise is white, so
this is the plain loss of diffusion (Ho et al. 2020, eq. 14). Alone it cares for bonds more than
for the fold; |x0 - x_0|^2 and distances between residues that are near along the chain, or in the
fold, weigh the rest (as auxiliary losses in Yim et al. 2023, FrameDiff, sec. 4.2). Near the data,
where the answer should be a chain and not a mean of many, residues that overlap cost too. A share
of the samples is told an earlier answer (Chen et al. 2023), and a share what some stretches of the
chain truly are: the training for motifs (Yim et al. 2024, sec. 3.2). Most are told which residues
are helix, strand or neither, all or but for some stretches, so that it can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unstir.core.schedules import Schedule, level
from unstir.modalities.chains import KEEPING, SCALE, STEP, walk
from unstir.objectives.denoising import Times, uniform
from unstir.objectives.molecule import turned


@dataclass(frozen=True)
class Chain:
    """objective(model, batch, rng).

    batch: "x" (B, 3, N) clean states (modalities/chains.py), "mask" (B, N), and for a network that
    is told of them "plan" (B, 3, N) (modalities/plans.py).

    Args:
        schedule: the forward process.
        times: how training times are drawn.
        cap: w is alpha / sigma up to this.
        places, near, fold, crowd: a, b, c, d above; squares of distances in angstrom.
        window: residues along the chain up to which distances are near.
        within: angstrom up to which two residues are near in the fold.
        room: angstrom that residues which are no neighbours need.
        late: the time below which overlaps count.
        again: share of the samples that see an answer from before.
        motifs: share of the samples of which stretches are known.
        planless, partly: shares of the samples that are told no plan, and one with gaps.
    """

    schedule: Schedule
    times: Times = uniform
    cap: float = 10.0
    places: float = 1.0
    near: float = 0.3
    fold: float = 0.3
    crowd: float = 0.1
    window: int = 6
    within: float = 15.0
    room: float = 4.0
    late: float = 0.3
    again: float = 0.5
    motifs: float = 0.25
    planless: float = 0.15
    partly: float = 0.25

    def __call__(self, model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0, mask = batch["x"], batch["mask"]
        t = self.times(rng, len(x0)).clamp(1e-3, 1 - 1e-3)
        at = level(self.schedule, t.reshape(-1, 1, 1))
        xt = at.alpha * x0 + at.sigma * stirred(rng, x0, mask)
        known = stretches(rng, mask, self.motifs)
        told = [x0 * known[:, None], mask[:, None], known[:, None]]
        if "plan" in batch:
            said = rng.uniform(len(x0)).ge(self.planless).to(x0)[:, None]
            said = said * (1 - stretches(rng, mask, self.partly)) * (1 - known)
            told.append(batch["plan"] * said[:, None])
        told = torch.cat(told, 1)
        told = self._again(model, xt, t, told, rng.uniform(len(x0)))
        weight = (at.alpha / at.sigma).clamp(max=self.cap).reshape(-1)
        return self._losses(model(xt, t, extra=told), x0, mask, weight, t)

    def _losses(
        self, out: Tensor, x0: Tensor, mask: Tensor, weight: Tensor, t: Tensor
    ) -> dict[str, Tensor]:
        count, error = mask.sum(1), out - x0
        step = (error[..., 1:] - KEEPING * error[..., :-1]) / STEP * mask[:, None, 1:]
        steps = step.square().sum((1, 2)) / (3 * count)
        places = error.square().sum((1, 2)) / (3 * count)
        is_, was = distances(out), distances(x0)
        place = torch.arange(x0.shape[2], device=x0.device)
        along = (place - place[:, None]).abs()
        pairs = mask[:, :, None] * mask[:, None]
        near = pairs * ((along > 0) & (along <= self.window))
        fold = pairs * ((was < self.within) & (along > 2))
        apart = (is_ - was).square()
        near = (apart * near).sum((1, 2)) / near.sum((1, 2)).clamp(min=1)
        far = torch.nn.functional.smooth_l1_loss(is_, was, reduction="none")
        fold = (far * fold).sum((1, 2)) / fold.sum((1, 2)).clamp(min=1)
        fold = fold * level(self.schedule, t).alpha
        overlap = (self.room - is_).clamp(min=0).square() * pairs * (along > 2)
        crowd = overlap.sum((1, 2)) / count * (t < self.late)
        parts = {"steps": weight * steps, "places": weight * places, "near": weight * near,
                 "fold": fold, "crowd": crowd}  # fmt: skip
        parts = {name: part.mean() for name, part in parts.items()}
        loss = parts["steps"] + self.places * parts["places"] + self.near * parts["near"]
        loss = loss + self.fold * parts["fold"] + self.crowd * parts["crowd"]
        return {"loss": loss} | {name: part.detach() for name, part in parts.items()}

    def _again(self, model: Any, xt: Tensor, t: Tensor, told: Tensor, chosen: Tensor) -> Tensor:
        """What is told, for a share of the samples with the network's answer to it where nothing
        is known."""
        rows = torch.nonzero(chosen < self.again)[:, 0]
        if len(rows):
            with torch.no_grad():
                answer = model(xt[rows], t[rows], extra=told[rows])
            told = told.clone()
            told[rows, :3] += answer * (1 - told[rows, 4:5])
        return told


def stirred(rng: Any, x0: Tensor, mask: Tensor) -> Tensor:
    """Noise like that of `chains.noise`, turned to x0."""
    along = torch.from_numpy(walk(x0.shape[2])).to(x0)
    z = along @ rng.normal(x0.shape).transpose(1, 2) * mask[..., None]
    z = (z - z.sum(1, keepdim=True) / mask.sum(1)[:, None, None]) * mask[..., None]
    return turned(z, x0.transpose(1, 2)).transpose(1, 2)


def stretches(rng: Any, mask: Tensor, share: float) -> Tensor:
    """(B, N): for a share of the chains 1 on one or two stretches, of a tenth to a half of the
    chain together; else 0."""
    draw = torch.stack([rng.uniform(len(mask)) for _ in range(5)], 1)  # (B, 5)
    count, place = mask.sum(1), torch.arange(mask.shape[1], device=mask.device)
    out = torch.zeros_like(mask)
    for k in range(2):
        long = count * (0.1 + 0.2 * draw[:, 1 + k] * (2 - draw[:, 0].lt(share / 2).float()))
        start = (count - long) * draw[:, 3 + k]
        on = (place >= start[:, None]) & (place < (start + long)[:, None])
        chosen = draw[:, 0] < (share if k == 0 else share / 2)
        out = torch.maximum(out, on.to(mask) * chosen[:, None].to(mask))
    return out


def distances(x: Tensor) -> Tensor:
    """(B, N, N) between residues of states (B, 3, N), in angstrom."""
    x = SCALE * x.transpose(1, 2)
    return ((x[:, :, None] - x[:, None]).square().sum(-1) + 1e-4).sqrt()
