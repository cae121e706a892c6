"""The nearest pairs of the copy check as one picture: generated left, training right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstir.modalities.images import square
from unstir.tasks.gallery import Item

SIDE, COLUMNS, GAP = 128, 4, 8


def sheet(pairs: Sequence[tuple[float, Item, Item]]) -> np.ndarray:
    """(H, W, 3) uint8: `COLUMNS` pairs in a row, the nearest first."""
    rows = -(-len(pairs) // COLUMNS)
    step = np.array([SIDE + GAP, 2 * SIDE + GAP])
    out = np.full((*(step * (rows, COLUMNS) + GAP), 3), 255, np.uint8)
    for i, (_, made, real) in enumerate(pairs):
        top, left = step * divmod(i, COLUMNS) + GAP
        both = np.concatenate([square(item.pixels, SIDE) for item in (made, real)], 1)
        out[top : top + SIDE, left : left + 2 * SIDE] = both
    return out
