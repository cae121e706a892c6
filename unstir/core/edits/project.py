"""Exact linear constraints A x_0 = y: the range part of the estimate is replaced.

    x0 = A_pinv y + (I - A_pinv A) x0

DDNM (Wang et al. 2023, eq. 13), for measurements without noise; DDRM (Kawar et al. 2022) does the
same in a singular basis. A and A_pinv are functions: of a mean over blocks the inverse is to
repeat, of a sum of channels to share out. For models of latents project the decoded sample.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unstir.core.levels import Denoise

Linear = Callable[[Any], Any]


def project(denoise: Denoise[Any], A: Linear, A_pinv: Linear, y: Any) -> Denoise[Any]:
    """A Denoise whose answers fulfil A x0 = y, where A A_pinv = 1; outermost, and never clipped
    after."""
    return lambda x, t: back_project(denoise(x, t), A, A_pinv, y)


def back_project(x: Any, A: Linear, A_pinv: Linear, y: Any, times: int = 1) -> Any:
    """The sample nearest to x with A x = y; where A_pinv is only like an inverse, in several
    `times` (Irani & Peleg 1991)."""
    for _ in range(times):
        x = x + A_pinv(y - A(x))
    return x
