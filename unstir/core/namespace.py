"""The few functions beyond ``+ - *`` that diffusion needs, for floats, numpy, torch and `Fields`.

    xp = namespace(x);  xp.exp(x)

Nothing is imported here: the functions come from the module that made `x`.
"""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any


def _log(v: float) -> float:
    return math.log(v) if v > 0 else -math.inf


_floats = SimpleNamespace(
    exp=math.exp, log=_log, sqrt=math.sqrt, sin=math.sin, cos=math.cos, tan=math.tan,
    log1p=math.log1p, expm1=math.expm1, abs=abs, where=lambda c, a, b: a if c else b,
)  # fmt: skip


def namespace(x: Any) -> Any:
    """The array namespace of `x`: `math` for floats, else the top-level module of its type (numpy, torch, ...)."""
    if isinstance(x, (int, float)):
        return _floats
    own = getattr(x, "namespace", None)  # Fields bring their own
    return own if own is not None else sys.modules[type(x).__module__.partition(".")[0]]
