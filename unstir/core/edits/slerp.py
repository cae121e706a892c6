"""Between two noises: along the sphere on which noise lies (Shoemake 1985; White 2016).

    (sin((1 - share) angle) a + sin(share angle) b) / sin(angle)

The straight mean of two noises has half their variance, and a model never saw it.
"""

from __future__ import annotations

import math
from typing import Any

from unstir.core.namespace import mean, namespace


def slerp(a: Any, b: Any, share: Any) -> Any:
    """a at share 0, b at 1; `share` a number, or one per sample, (B, 1, ...). Angles are taken
    within each sample, and where there is none the line is."""
    xp = namespace(a)
    lengths = xp.sqrt(mean(a * a) * mean(b * b))
    cosine = mean(a * b) / xp.clip(lengths, 1e-30, math.inf)
    angle = math.pi / 2 - xp.arcsin(xp.clip(cosine, -1.0, 1.0))
    sine = xp.sin(angle)
    curved = sine > 1e-3
    safe = xp.where(curved, sine, 1.0)
    left = xp.where(curved, xp.sin((1 - share) * angle) / safe, 1 - share)
    right = xp.where(curved, xp.sin(share * angle) / safe, share)
    return left * a + right * b
