"""The training signal of diffusion: stir a clean sample to a random level, ask the network what
was done.

    x_t = alpha_t x_0 + sigma_t eps,     loss = w(t) |F(into x_t, t, condition) - target|^2

(Ho et al. 2020, eq. 14, generalized to any schedule, parametrization and weight.) The condition
is dropped for a share of the samples, so that one network learns both branches of guidance (Ho &
Salimans 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstir.core import weights
from unstir.core.parametrizations import target, to_x0
from unstir.core.schedules import Schedule, level
from unstir.core.weights import Weight

Times = Callable[[Any, int], Tensor]
"""(rng, batch) -> times (B,) in (0, 1)."""


def uniform(rng: Any, batch: int) -> Tensor:
    """Every time alike."""
    return rng.uniform(batch)


def logit_normal(mean: float = 0.0, std: float = 1.0, rest: float = 0.1) -> Times:
    """t = sigmoid(N(mean, std^2)) with a share `rest` of uniform times (Esser et al. 2024,
    section 3.1)."""

    def times(rng: Any, batch: int) -> Tensor:
        normal, choose, flat = rng.normal((batch,)), rng.uniform(batch), rng.uniform(batch)
        return torch.where(choose < rest, flat, torch.sigmoid(mean + std * normal))

    return times


def condition(
    batch: dict[str, Tensor], rng: Any, drop: float
) -> tuple[Tensor | None, Tensor | None]:
    """The batch's tokens and their mask, which a share `drop` of the samples loses; or nothing."""
    if "tokens" not in batch:
        return None, None
    mask = batch["token_mask"]
    kept = rng.uniform(mask.shape[0]) >= drop
    return batch["tokens"], mask * kept[:, None].to(mask.dtype)


@dataclass(frozen=True)
class Denoising:
    """objective(model, batch, rng).

    batch: "x" (B, C, *space) clean samples in model space; "tokens" (B, L, D) and "token_mask"
    (B, L) if the network takes a condition; "extra" (B, E, *space) if it takes further channels;
    "lines", what a branch beside it is told (networks/control.py).

    Args:
        schedule, parametrization: as in `core`; the network learns F of the parametrization's row.
        weight: (Level, parametrization) -> weight on the squared error of F, as those of
            core/weights.py. A network with an `uncertainty` head learns its own besides.
        times: how training times are drawn.
        drop: share of samples that lose their condition.
        margin: times are kept this far from 0 and 1, where some parametrizations are singular.
    """

    schedule: Schedule
    parametrization: str = "flow"
    weight: Weight = weights.uniform
    times: Times = uniform
    drop: float = 0.1
    margin: float = 1e-3

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0 = batch["x"]
        t = self.times(rng, x0.shape[0]).clamp(self.margin, 1 - self.margin).to(x0.dtype)
        eps = rng.normal(x0.shape)
        at = level(self.schedule, t.reshape(-1, *[1] * (x0.ndim - 1)))
        xt = at.alpha * x0 + at.sigma * eps
        into = to_x0(self.parametrization, at)[2]
        told = batch.get("extra"), *(batch[name] for name in ("lines",) if name in batch)
        out = model(into * xt, t, *condition(batch, rng, self.drop), *told)
        error = (out - target(self.parametrization, x0, eps, at)).square().flatten(1).mean(1)
        return self._reduce(model, error, at, t)

    def _reduce(self, model: nn.Module, error: Tensor, at: Any, t: Tensor) -> dict[str, Tensor]:
        loss = error * self.weight(at, self.parametrization).reshape(-1)
        if isinstance(model, Uncertain):
            loss = weights.uncertainty(loss, model.uncertainty(t))
        return {"loss": loss.mean(), "error": error.mean().detach()}


class Uncertain(nn.Module):
    """A network beside a small head u(t), the log of its expected error (Karras et al. 2024, sec.
    B.1).

    The head serves training only: what is sampled from and exported is `net`.
    """

    omega: Tensor

    def __init__(self, net: nn.Module, frequencies: int = 16) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("omega", math.pi * torch.arange(1, frequencies + 1), False)
        self.head = nn.Linear(frequencies, 1)

    def forward(self, *inputs: Any) -> Tensor:
        return self.net(*inputs)

    def uncertainty(self, t: Tensor) -> Tensor:
        """u(t) (B,) for times (B,)."""
        return self.head((t[:, None] * self.omega).cos())[:, 0]
