"""The training signal of masked diffusion: hide tokens, ask the network which they were.

    loss = -alpha'(t) / (1 - alpha(t))  sum over hidden tokens of -log p(x_0 | x_t),  per token

In nats a bound on the negative log likelihood (Sahoo et al. 2024, sec. 3.4; Shi et al. 2024), and
for the exact denoiser the entropy of the data, whatever the schedule. That holds for `scattered`
masks; the others weigh what an edit will ask for, in a loss of the same size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unstir.core.discrete.process import MASK, PAD
from unstir.core.discrete.schedules import Schedule, polynomial
from unstir.core.schedules import level
from unstir.objectives.denoising import Times, condition

Pattern = Callable[[Any, Tensor, Tensor], Tensor]
"""(rng, x0, sigma) -> which tokens to hide: a share sigma of each sample's, on average."""


def spread(rng: Any, batch: int) -> Tensor:
    """Low-discrepancy times (compare Kingma et al. 2021, app. I.1): those of a batch lie evenly,
    and so do those that a row meets step after step, in whatever parts a batch is computed.

    Kronecker's sequence in row and step, by powers of the plastic number (Roberts 2018).
    """
    plastic = 1.32471795724474602596
    turns = [(row / plastic + rng.step / plastic**2) % 1 for row in rng.rows]
    return torch.tensor(turns, dtype=torch.float32)


def scattered(rng: Any, x0: Tensor, sigma: Tensor) -> Tensor:
    """Each token by itself: q(x_t | x_0), and the only pattern whose loss is the bound."""
    return rng.uniform(x0.shape) < sigma


def spans(rng: Any, x0: Tensor, sigma: Tensor) -> Tensor:
    """A run along the last axis, the end followed by the beginning: gaps, prefixes, middles."""
    length = (x0 != PAD).sum(-1, keepdim=True)
    first = rng.uniform(x0.shape[:1]).reshape(sigma.shape) * length
    return (torch.arange(x0.shape[-1], device=x0.device) - first) % length < sigma * length


def parts(rng: Any, x0: Tensor, sigma: Tensor) -> Tensor:
    """Whole rows of (B, parts, ...): a voice, a track, a channel at a time."""
    chosen = rng.uniform(x0.shape[:2]) < sigma.reshape(-1, 1)
    return chosen.reshape(*x0.shape[:2], *[1] * (x0.ndim - 2)).expand(x0.shape)


def mixed(*shares: tuple[float, Pattern]) -> Pattern:
    """One of several for each sample, as in ``mixed((0.7, scattered), (0.3, spans))``."""
    if not math.isclose(total := sum(share for share, _ in shares), 1):
        raise ValueError(f"shares of patterns sum to {total}, not to 1")

    def pattern(rng: Any, x0: Tensor, sigma: Tensor) -> Tensor:
        which, low = rng.uniform(x0.shape[0]).reshape(sigma.shape), 0.0
        hidden = torch.zeros_like(x0, dtype=torch.bool)
        for share, each in shares:
            hidden |= each(rng, x0, sigma) & (low <= which) & (which < low + share)
            low += share
        return hidden

    return pattern


@dataclass(frozen=True)
class Counting:
    """objective(model, batch, rng): the bound of the linear schedule with less variance. Of a
    sample's L tokens k are hidden, k from 1 to L alike often:

        loss = mean over the hidden of -log p(x_0 | x_t)

    (Uria et al. 2014, eq. 6; Hoogeboom et al. 2022, "Autoregressive diffusion models", eq. 3.)
    Batch, model and parts of the result are those of `Masking`, for samples (B, L) that begin
    with their tokens and end in PAD; "extra" (B, ..., L) tells of each place. The model is run on
    `rows` samples of about one length at a time, so that little is spent on PAD.
    """

    times: Times = spread
    drop: float = 0.1
    rows: int = 64

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0, extra = batch["x"], batch.get("extra")
        t, there = self.times(rng, x0.shape[0]).to(x0.device), x0 >= 0
        count = there.sum(1)
        hide = ((t * count).floor() + 1).clamp(max=count)
        order = rng.uniform(x0.shape).masked_fill(~there, 2.0).argsort(1).argsort(1)
        hidden = order < hide[:, None]
        tokens = condition(batch, rng, self.drop)
        wrong, which = [], count.argsort().split(self.rows)
        for part in which:
            n = int(count[part[-1]])
            x, hide_here = x0[part, :n], hidden[part, :n]
            seen = [None if c is None else c[part] for c in tokens]
            more = None if extra is None else extra[part, ..., :n]
            out = model(torch.where(hide_here, MASK, x), t[part], *seen, more)
            nats = F.cross_entropy(out.movedim(-1, 1), x.clamp(min=0), reduction="none")
            wrong.append((nats * hide_here).sum(1))
        nats = torch.cat(wrong)
        return {
            "loss": (nats / hide[torch.cat(which)]).mean(),
            "error": (nats.sum() / hidden.sum()).detach(),
        }


@dataclass(frozen=True)
class Masking:
    """objective(model, batch, rng).

    batch: "x" (B, *shape) int64, tokens 0 ... K - 1, and PAD beyond a sample's end; "tokens" (B,
    L, D) and "token_mask" (B, L) if the network takes a condition; "extra" as it likes. The model
    answers logits (B, *shape, K) for states with MASK and PAD in them.

    Args:
        schedule: how soon tokens are hidden; its `rate` is the weight.
        pattern: which tokens are hidden together.
        times: how training times are drawn.
        drop: share of samples that lose their condition.
        margin: times are kept this far above 0, where nothing is hidden and the weight infinite.

    Returns:
        loss: nats per token; error: nats per token that was hidden, at the times that were drawn.
    """

    schedule: Schedule = polynomial()  # noqa: RUF009 (a frozen value)
    pattern: Pattern = scattered
    times: Times = spread
    drop: float = 0.1
    margin: float = 1e-3

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0 = batch["x"]
        t = self.times(rng, x0.shape[0]).clamp(min=self.margin).to(x0.device)
        sigma = level(self.schedule, t.reshape(-1, *[1] * (x0.ndim - 1))).sigma
        hidden = self.pattern(rng, x0, sigma) & (x0 >= 0)
        out = model(
            torch.where(hidden, MASK, x0), t, *condition(batch, rng, self.drop), batch.get("extra")
        )
        wrong = F.cross_entropy(out.movedim(-1, 1), x0.clamp(min=0), reduction="none") * hidden
        nats, there = wrong.flatten(1).sum(1), (x0 >= 0).flatten(1).sum(1)
        loss = (self.schedule.rate(t) * nats / there).mean()
        return {"loss": loss, "error": (nats.sum() / hidden.sum().clamp(min=1)).detach()}
