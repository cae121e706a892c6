"""Temperature: p^(1 / T), normalized (Ackley et al. 1985). Below 1 surer, above 1 more varied."""

from typing import Any

from unstir.core.levels import Denoise


def temperature(denoise: Denoise[Any], by: float) -> Denoise[Any]:
    """Log-probabilities divided by T = `by` > 0; 1 changes nothing."""
    if not by > 0:
        raise ValueError(f"temperature by={by} is not above 0; for the likeliest tokens give 0.01")
    return lambda x, t: denoise(x, t) * (1 / by)
