"""The training signal of a VAE: the evidence lower bound.

    log p(x) >= E_q log N(x; decode(z), s^2) - KL(q(z | x) || N(0, 1))

(Kingma & Welling 2014.) The deviation s is the best one for the batch, so nothing has to be tuned
against the KL (Rybkin et al. 2021, sigma-VAE, eq. 8). The KL grows in over `warmup` steps (Bowman
et al. 2016), and a dimension costs nothing below `free` nats (Kingma et al. 2016): without these a
strong decoder learns to do without z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from unstir.objectives.denoising import condition


class Coder(Protocol):
    """A network with two halves, z a vector."""

    def encode(self, x: Tensor, /, *condition: Tensor | None) -> tuple[Tensor, Tensor]: ...

    def decode(self, z: Tensor, /, *condition: Tensor | None) -> Tensor: ...


@dataclass(frozen=True)
class Elbo:
    """objective(model, batch, rng): batch["x"] (B, ...); "tokens" and "token_mask" if it takes a
    condition. The loss is in nats for each number of a sample; the part "bound" is the same at
    the full weight of the KL.

    Args:
        warmup: steps over which the weight of the KL grows from 0 to 1.
        free: nats of each dimension of z that cost nothing, on average over the batch.
    """

    warmup: int = 500
    free: float = 0.0

    def __call__(self, model: Coder, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x, told = batch["x"], condition(batch, rng, 0.0)
        mean, logvar = model.encode(x, *told)
        z = mean + (logvar / 2).exp() * rng.normal(mean.shape)
        square = (model.decode(z, *told) - x).square().mean()
        numbers = x[0].numel()
        missed = (square.log() + 1 + math.log(2 * math.pi)) / 2
        each = divergence(mean, logvar).mean(0)
        kl, paid = each.sum() / numbers, each.clamp(min=self.free).sum() / numbers
        weight = min(1.0, (rng.step + 1) / self.warmup) if self.warmup else 1.0
        return {
            "loss": missed + weight * paid,
            "bound": (missed + kl).detach(),
            "kl": kl.detach(),
            "square": square.detach(),
        }


def divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) of each number, in nats."""
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)
