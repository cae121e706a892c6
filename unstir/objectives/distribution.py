"""The training signal of a student whose samples shall be distributed as its teacher's are.

    x = student(begin),   x_t = (1 - t) x + t e
    the student goes down    (D_shadow(x_t) - D_teacher(x_t)) / mean |x - D_teacher(x_t)|
    the shadow learns        |F(x_t) - (e - x)|^2,   x held

(Yin et al. 2024, DMD, eq. 7 and 8, and DMD2, whose shadow is the "fake score".) The shadow is a
denoiser of what the student draws; its difference from the teacher's answer, which may be guided,
is the gradient of the divergence of the one distribution from the other. No mean of several
answers is a fixed point, as it is of `TrajectoryMatching`, so one step need not be blurred. The
last of several steps begins where the student's own steps lead, as it will when it draws, and not
on the teacher's way (Yin et al. 2024, DMD2, sec. 4.5). A little of that signal stays, so that a
seed's picture stays what it is. Student and shadow take their steps at once, as a GAN's players
do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstir.objectives.denoising import Times, logit_normal
from unstir.objectives.trajectory import apart, told

TIMES = logit_normal(-1.0, 1.0, rest=0.0)
"""Of little noise: nearer to noise, prompts suffer (docs/log.md)."""


class Shadowed(nn.Module):
    """A student beside the denoiser of what it draws, which serves training only."""

    def __init__(self, student: nn.Module, shadow: nn.Module) -> None:
        super().__init__()
        self.student, self.shadow = student, shadow

    def forward(self, *inputs: Any, **told: Any) -> Tensor:
        return self.student(*inputs, **told)


@dataclass(frozen=True)
class DistributionMatching:
    """objective(model, batch, rng): of a `Shadowed` model that is told where to go; a batch as of
    `TrajectoryMatching`, and "noise", where each way began. Steps that end in data (s = 0) are
    matched.

    Args:
        teacher: F of the flow, frozen; without its condition where the token mask is 0.
        scale: of its guidance.
        times: how noisy the student's samples are when they are compared.
        trajectory: weight of where the teacher's ways went, for all steps.
        soft: as in `TrajectoryMatching`.
        margin: times are kept this far from 0 and 1.
    """

    teacher: nn.Module
    scale: float = 1.0
    times: Times = TIMES
    trajectory: float = 0.1
    soft: float = 0.03
    margin: float = 0.02

    def __call__(self, model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        known = told(batch, rng)
        t, s = batch["times"].to(batch["x"].dtype).unbind(1)
        begin = come(model.student, batch, t, s, known)
        x = begin + broad(s - t, begin) * model.student(begin, t, *known, s=s)
        near = apart(x - batch["x"], self.soft)
        at = self.times(rng, len(x)).clamp(self.margin, 1 - self.margin)
        eps, rows = rng.normal(x.shape), torch.nonzero(s == 0)[:, 0]
        at, eps, some = at[rows], eps[rows], [None if k is None else k[rows] for k in known]
        clean, w = x[rows].detach(), broad(at, begin)
        xt = (1 - w) * clean + w * eps
        shadow = model.shadow(xt, at, *some)
        with torch.no_grad():
            goal = self.guided(xt, at, some)
            far = (clean - (xt - w * goal)).abs().flatten(1).mean(1)
            push = w * (goal - shadow) / broad(far, begin)
        pulled = (push * x[rows]).flatten(1).mean(1).sum() / len(x)  # its gradient is the push
        learned = (shadow - (eps - clean)).square().flatten(1).mean(1).sum() / len(x)
        size = push.square().flatten(1).mean(1).sum() / len(x)
        return {
            "loss": size + (pulled - pulled.detach()) + learned + self.trajectory * near["loss"],
            "push": size, "shadow": learned.detach(), "square": near["square"],
        }  # fmt: skip

    def guided(self, xt: Tensor, t: Tensor, known: Sequence[Tensor | None]) -> Tensor:
        """The teacher's answer."""
        tokens, mask, *extra = known
        out = self.teacher(xt, t, tokens, mask, *extra)
        if mask is None or self.scale == 1:
            return out
        without = self.teacher(xt, t, tokens, torch.zeros_like(mask), *extra)
        return without + self.scale * (out - without)


@torch.no_grad()
def come(
    student: nn.Module, batch: dict[str, Tensor], t: Tensor, s: Tensor, known: Sequence[Any]
) -> Tensor:
    """Where each step begins: one that ends in data where steps of that length by the student
    come to from the noise, any other on the way."""
    x, before = batch["begin"].clone(), torch.where(s == 0, (1 / t).round() - 1, 0)
    x[before > 0] = batch["noise"][before > 0]
    for k in range(int(before.max())):
        rows = torch.nonzero(before > k)[:, 0]
        some = [None if each is None else each[rows] for each in known]
        now, step = 1 - k * t[rows], t[rows]
        x[rows] -= broad(step, x) * student(x[rows], now, *some, s=now - step)
    return x


def broad(each: Tensor, like: Tensor) -> Tensor:
    """(B,) as (B, 1, ...)."""
    return each.reshape(-1, *[1] * (like.ndim - 1))
