"""The training signal of a flow map: a long step is a short one and then the rest of the way.

    x_t = (1 - t) x_0 + t e,   v = e - x_0,   l = t - share (t - s),   1 >= t >= l >= s >= 0
    u(x_t, t, s)  learns  share v + (1 - share) u(x_l, l, s),   the second u held

where x_s = x_t + (s - t) u(x_t, t, s) is the student's step. In the limit of a small share it is
the average speed of the flow from t to s that learns nothing new (Luo et al. 2025, SoFlow; compare
Frans et al. 2024). That needs no derivative along the way, and no teacher in memory. At s = t it
is flow matching.

Noise and end are those of one way of the teacher: such lines x_t seldom cross, so that v says
little that x_t does not, and a seed stays one picture (Liu et al. 2023, rectified flow). With
noise of its own for each end it is a flow map learned from data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstir.objectives.trajectory import apart, told


@dataclass(frozen=True)
class FlowMap:
    """objective(model, batch, rng): batch["begin"] (B, ...) noise and "x" where its way ended;
    "tokens" and "token_mask" if the network takes a condition, "extra" if further channels. The
    network is told the time `s` that it goes to.

    Args:
        share: of the way from t to s, what the short step takes.
        soft: as in `TrajectoryMatching`, of the speed.
    """

    share: float = 0.05
    soft: float = 0.03

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        t, s = times(rng, len(batch["x"]))
        return step(model, batch, rng, (t, s, t - self.share * (t - s)), self.share, self.soft)


def times(rng: Any, batch: int) -> tuple[Tensor, Tensor]:
    """Where steps begin and where they go, (B,) each, uniform with t > s. A quarter begins in pure
    noise, as every picture does, and half of that goes to the end."""
    both, kind = rng.uniform((batch, 2)), rng.uniform(batch)
    t = torch.where(kind < 0.25, 1.0, both.amax(1))
    return t, torch.where(kind < 0.125, 0.0, both.amin(1))


def step(
    model: nn.Module, batch: dict[str, Tensor], rng: Any, when: tuple[Tensor, Tensor, Tensor],
    share: float, soft: float,
) -> dict[str, Tensor]:  # fmt: skip
    """The loss at times t of a network told s, which is held at the times l; each (B,)."""
    begin, end, known = batch["begin"], batch["x"], told(batch, rng)
    t, s, l = (part.to(end.dtype) for part in when)
    speed = begin - end

    def average(at: Tensor) -> Tensor:
        return model(end + at.reshape(-1, *[1] * (end.ndim - 1)) * speed, at, *known, s=s)

    with torch.no_grad():
        rest = average(l)
    return apart(average(t) - share * speed - (1 - share) * rest, soft)
