"""The few functions beyond ``+ - *`` that diffusion needs, for floats, numpy, torch, `Fields`.

    xp = namespace(x);  xp.exp(x)

Nothing is imported here: the functions come from the module that made `x`. The reductions `mean`
and `quantile` run within each sample, never over the batch: no sample depends on its neighbors.
"""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any


def _exp(v: float) -> float:
    return math.exp(v) if v < 709 else math.inf


def _where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


def _clip(v: float, low: float, high: float) -> float:
    return min(max(v, low), high)


_floats = SimpleNamespace(
    sqrt=math.sqrt, sin=math.sin, cos=math.cos, sinh=math.sinh, cosh=math.cosh, arcsin=math.asin,
    arctanh=math.atanh, log=math.log, log1p=math.log1p, expm1=math.expm1, exp=_exp, where=_where,
    clip=_clip,
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
    return x if isinstance(x, (int, float)) else float(x.max())


def size(x: Any) -> Any:
    """How many elements each sample has; of a `Fields`, per field."""
    return x.map(size) if hasattr(x, "namespace") else float(math.prod(x.shape[1:]))


def mean(x: Any) -> Any:
    """The mean of each sample, shaped (B, 1, ...) to meet `x`; of a `Fields`, per field."""
    return _per_sample(x, "mean")


def quantile(x: Any, q: float) -> Any:
    """The q-quantile of each sample, shaped (B, 1, ...) to meet `x`; of a `Fields`, per field."""
    return _per_sample(x, "quantile", q)


def take(x: Any, index: Any) -> Any:
    """x[..., index] along the last axis, `index` an array of x's rank."""
    xp = namespace(x)
    gather = xp.take_along_dim if hasattr(xp, "take_along_dim") else xp.take_along_axis
    return gather(x, index, -1)


def _per_sample(x: Any, reduction: str, *numbers: float) -> Any:
    if hasattr(x, "namespace"):
        return x.map(lambda part: _per_sample(part, reduction, *numbers))  # pyright: ignore
    batch, *rest = x.shape
    reduce = getattr(namespace(x), reduction)
    return reduce(x.reshape(batch, -1), *numbers, 1).reshape(batch, *[1] * len(rest))
