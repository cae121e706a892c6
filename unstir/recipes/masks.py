"""Holes to learn repainting from: for each picture one mask, and what is seen around it.

    extra = given(codec, statistics, picture, mask)      # (C + 1, h, w): what is known, where not

A network that is told the picture around a hole repaints it in one run (Rombach et al. 2022,
section 4.5; Saharia et al. 2022, Palette). Most masks hide everything, so that the same
network still draws from nothing. Kinds: boxes and blobs (inpainting), half planes (outpainting),
scattered cells, all with their place, size and turn drawn from (index).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

Mask = np.ndarray
"""(side, side) float32, 1 = hidden."""


def mask(index: int, side: int) -> Mask:
    """The mask of picture `index`: a pure function of the two."""
    rng = np.random.Generator(np.random.Philox(key=index))
    at, sums = rng.random(), np.cumsum(list(KINDS.values()))
    make = tuple(KINDS)[int(np.searchsorted(sums / sums[-1], at, side="right"))]
    return make(rng, side).astype(np.float32)


def all_of_it(_rng: Generator, side: int) -> np.ndarray:
    """Nothing is known: draw from nothing."""
    return np.ones((side, side))


def box(rng: Generator, side: int) -> np.ndarray:
    """A rectangle of a fifth to four fifths of each side."""
    height, width = rng.integers(side // 5, side * 4 // 5 + 1, 2)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    out = np.zeros((side, side))
    out[top : top + height, left : left + width] = 1
    return out


def blobs(rng: Generator, side: int) -> np.ndarray:
    """One to four ellipses, turned; strokes where they are narrow."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    out = np.zeros((side, side), bool)
    for _ in range(rng.integers(1, 5)):
        (cx, cy), turn = rng.uniform(0.1, 0.9, 2), rng.uniform(0, np.pi)
        long, narrow = rng.uniform(0.12, 0.45), rng.uniform(0.06, 0.25)
        a = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        b = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        out |= (a / long) ** 2 + (b / narrow) ** 2 < 1
    return out


def beyond(rng: Generator, side: int) -> np.ndarray:
    """All on one side of an upright or level line, as where a picture is continued."""
    cut = int(rng.integers(side // 5, side * 4 // 5 + 1))
    return np.rot90((np.arange(side) >= cut) * np.ones((side, 1)), int(rng.integers(4)))


def cells(rng: Generator, side: int) -> np.ndarray:
    """Scattered squares of an eighth of the side."""
    few = rng.random((8, 8)) < rng.uniform(0.3, 0.9)
    return np.kron(few, np.ones((-(-side // 8),) * 2))[:side, :side]


KINDS: dict[Callable[[Generator, int], np.ndarray], float] = {
    all_of_it: 0.60,
    box: 0.14,
    blobs: 0.11,
    beyond: 0.10,
    cells: 0.05,
}
"""Share of each kind of mask."""
