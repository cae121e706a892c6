"""Exponential integrators: the linear part of the flow exactly, the rest by a polynomial in lam.

    d(x / sigma) = e^lam x_0 d lam        x_s = sigma_s / sigma_t x_t + alpha_s I(x_0, h)
    d(x / alpha) = -e^-lam eps d lam      x_s = alpha_s / alpha_t x_t + sigma_s I(eps, -h)

with lam = log(alpha / sigma), h = lam_s - lam_t and I(f, h) = int_0^h e^(u - h) f(lam_t + u) du
(Lu et al. 2022: DPM-Solver, eq. 3.4; DPM-Solver++, eq. 8).
"""

import math
import operator
from collections.abc import Sequence
from functools import reduce
from itertools import takewhile
from typing import Any

from unstir.core.levels import Level, Path

History = list[tuple[Level, Any]]
"""Levels and what was found there, newest first."""


def usable(history: History, order: int, s: Level) -> History:
    """The newest values a step to s may build on, at most `order`; none where lam is infinite."""
    if not math.isfinite(s.lam):
        return []
    return list(takewhile(lambda past: math.isfinite(past[0].lam), history[:order]))


def taper(order: int, path: Path, i: int) -> int:
    """`order`, but down to 1 at the end of fewer than 15 steps, as DPM-Solver's authors do."""
    return min(order, len(path) - 1 - i) if len(path) <= 15 else order


def step(x: Any, known: History, s: Level, curvature: float = 1.0) -> Any:
    """x_s from x at the first of the known levels, and x_0 there and at the others.

    As DPM-Solver++ and UniPC do, a line through two values is read off at h / 2.
    """
    t = known[0][0]
    h, nodes = s.lam - t.lam, [level.lam - t.lam for level, _ in known]
    by = adams(nodes, h, curvature) if len(nodes) != 2 else _midpoint(nodes[1], h)
    return s.sigma / t.sigma * x + s.alpha * weighted(by, [x0 for _, x0 in known])


def weighted(by: Sequence[float], values: Sequence[Any]) -> Any:
    """sum_j by[j] values[j]."""
    return reduce(operator.add, (w * v for w, v in zip(by, values, strict=True)))


def adams(nodes: Sequence[float], h: float, curvature: float = 1.0) -> list[float]:
    """w with sum_j w_j f(nodes[j]) = I(f, h) for polynomials f through the nodes."""
    moments = [-math.expm1(-h)]  # I(u^j, h)
    for j in range(1, len(nodes)):
        moments.append(h**j - j * moments[-1])
    if len(nodes) > 2:
        moments[-1] *= curvature
    basis = [_lagrange(nodes, j) for j in range(len(nodes))]
    return [sum(c * m for c, m in zip(row, moments, strict=True)) for row in basis]


def _midpoint(node: float, h: float) -> list[float]:
    whole, part = -math.expm1(-h), 0.5 * h / node
    return [whole * (1 - part), whole * part]


def _lagrange(nodes: Sequence[float], j: int) -> list[float]:
    """Coefficients, lowest first, of the polynomial that is 1 at nodes[j] and 0 at the others."""
    out = [1.0]
    for node in [*nodes[:j], *nodes[j + 1 :]]:
        gap = nodes[j] - node
        out = [(a - node * b) / gap for a, b in zip([0.0, *out], [*out, 0.0], strict=True)]
    return out
