"""Masked editing: what is known replaces the estimate, and the rest grows to fit it.

    x0 = mask * known + (1 - mask) * x0         mask 1 = known; between 0 and 1 blends

In-painting, continuing a melody, growing a molecule round a scaffold. The outermost wrapper; the
task ends with where(mask, known, x): known elements come back exact. With `paths.jumps` and
`resample` it is RePaint (Lugmayr et al. 2022).
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Denoise


def keep(denoise: Denoise[Any], known: Any, mask: Any) -> Denoise[Any]:
    """`known` like x_0 and finite everywhere, `mask` of its dtype and broadcastable to it."""
    return lambda x, t: mask * known + (1 - mask) * denoise(x, t)
