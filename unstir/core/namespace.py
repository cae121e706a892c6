"""The few functions beyond ``+ - *`` that diffusion needs, for floats, numpy, torch and `Fields`.

    xp = namespace(x);  xp.exp(x)

Nothing is imported here: the functions come from the module that made `x`. The reductions `mean` and
`quantile` run within each sample, never over the batch: a picture does not depend on its neighbors.
"""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any

_floats = SimpleNamespace(
    sqrt=math.sqrt, sin=math.sin, cos=math.cos, sinh=math.sinh, cosh=math.cosh, asin=math.asin,
    atanh=math.atanh, log=math.log, log1p=math.log1p,
    exp=lambda v: math.exp(v) if v < 709 else math.inf,
    expm1=lambda v: math.expm1(v) if v < 709 else math.inf,
    where=lambda c, a, b: a if c else b,
    clip=lambda v, low, high: min(max(v, low), high),
)  # fmt: skip


def namespace(x: Any) -> Any:
    """The functions for `x`: `math`'s for floats, else those of the module that made it."""
    if isinstance(x, (int, float)):
        return _floats
    own = getattr(x, "namespace", None)  # Fields bring their own
    return own if own is not None else sys.modules[type(x).__module__.partition(".")[0]]


def log(x: Any) -> Any:
    """Natural logarithm with log 0 = -inf, without a warning or an error."""
    xp = namespace(x)
    inside = x > 0
    return xp.where(inside, xp.log(xp.where(inside, x, 1.0)), -math.inf)


def largest(x: Any) -> float:
    """The largest element of `x`, as a float."""
    if hasattr(x, "namespace"):
        return max(largest(part) for part in x.arrays.values())
    return float(x.max()) if hasattr(x, "max") else float(x)


def mean(x: Any) -> Any:
    """The mean of each sample, shaped (B, 1, ...) to meet `x`; of a `Fields`, per field."""
    if hasattr(x, "namespace"):
        return x.map(mean)
    return x.reshape(x.shape[0], -1).mean(1).reshape(x.shape[0], *[1] * (len(x.shape) - 1))


def quantile(x: Any, q: float) -> Any:
    """The q-quantile of each sample, shaped (B, 1, ...) to meet `x`; of a `Fields`, per field."""
    if hasattr(x, "namespace"):
        return x.map(lambda part: quantile(part, q))
    flat = namespace(x).quantile(x.reshape(x.shape[0], -1), q, 1)
    return flat.reshape(x.shape[0], *[1] * (len(x.shape) - 1))
