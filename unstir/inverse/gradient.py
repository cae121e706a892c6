"""What the methods here share: an estimate with its graph, and the shift by a gradient."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from unstir.core.levels import Denoise, Level

LEAST = 1e-2
"""An alpha below which nothing is shifted: there x says less of x_0 than a network errs."""


def shifted(
    denoise: Denoise[Tensor], loglik: Callable[[Tensor, Tensor, Level], Tensor]
) -> Denoise[Tensor]:
    """x0 + sigma^2 / alpha g, where g is the gradient in x of the summed `loglik` (x, x0, t).

    Works inside no_grad; what it returns carries no graph.
    """

    def estimate(x: Tensor, t: Level) -> Tensor:
        if t.alpha < LEAST:
            return denoise(x, t)
        with torch.enable_grad():
            at = x.detach().requires_grad_()
            x0 = denoise(at, t)
            (g,) = torch.autograd.grad(loglik(at, x0, t).sum(), at)
        return x0.detach() + t.sigma**2 / t.alpha * g

    return estimate
