"""The learning rate over a run: warm-up, stable, decay; and a time budget as a number of steps.

    factor(step) = min(1, (step + 1) / warmup)                           before the decay
                 * 1 - sqrt(u)  or  1 - u,  u = share of the decay done  in it

Warm-up-stable-decay (Hu et al. 2024, MiniCPM, eq. 1; the 1 - sqrt shape: Haegele et al. 2024, eq.
2). Until the decay begins the rate does not know how long the run is: a run can be made longer
from there.
"""

from __future__ import annotations

import math

from unstir.training.settings import Settings


def decay_start(settings: Settings, steps: int) -> int:
    """The first step of the decay."""
    return steps - round(settings.cooldown * steps)


def factor(settings: Settings, step: int, steps: int) -> float:
    """What the rates are multiplied by at a step (0-based) of a run of `steps`."""
    start = decay_start(settings, steps)
    up = min(1.0, (step + 1) / max(1, settings.warmup))
    if step < start:
        return up
    done = (step - start) / (steps - start)
    return up * (1 - math.sqrt(done) if settings.decay == "sqrt" else 1 - done)


def budget_steps(seconds: float, measured: float) -> int:
    """Steps that fit into `seconds` when one takes `measured` seconds; at least 1."""
    if not (seconds > 0 and measured > 0 and math.isfinite(seconds / measured)):
        raise ValueError(
            f"a budget of {seconds!r} s at {measured!r} s a step is no number of steps"
        )
    return max(1, int(seconds / measured))
