"""Classifier guidance: towards samples that a classifier of noisy ones takes for the class.

    score <- score + scale grad_x log p(y | x_t)

Dhariwal & Nichol 2021, section 4. At scale 1, with the exact classifier, the samples are those of
the class.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from unstir.core.levels import Denoise, Level
from unstir.inverse.gradient import shifted


def classifier(
    denoise: Denoise[Tensor],
    log_probability: Callable[[Tensor, Level], Tensor],
    scale: float = 1.0,
) -> Denoise[Tensor]:
    """`log_probability` (x (B, ...), t) -> log p(y | x_t) of the class wanted, (B,)."""
    return shifted(denoise, lambda x, _, t: scale * log_probability(x, t))
