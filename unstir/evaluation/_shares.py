"""Figures that are shares or means of a number that each sample has, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from unstir.evaluation._sets import Score

Better = Literal["lower", "higher", "as real"]
Z = 1.96
"""Of a 95 % interval."""


def share(name: str, hits: Sequence[bool], m: int = 0, better: Better = "higher") -> Score:
    """How many of them hold, 0 to 1; the interval is Wilson's (1927)."""
    n, p = len(hits), float(np.mean(hits))
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * float(np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)))
    return Score(name, p, max(0.0, middle - half), min(1.0, middle + half), n, m, better)


def mean(name: str, values: Sequence[float], m: int = 0, better: Better = "higher") -> Score:
    """Their mean, and 1.96 of its standard errors to either side."""
    n, middle = len(values), float(np.mean(values))
    half = Z * float(np.std(values, ddof=1)) / n**0.5 if n > 1 else float("inf")
    return Score(name, middle, middle - half, middle + half, n, m, better)


def plain(name: str, value: float, n: int, m: int = 0, better: Better = "higher") -> Score:
    """A number whose interval nobody knows."""
    return Score(name, value, float("nan"), float("nan"), n, m, better)
