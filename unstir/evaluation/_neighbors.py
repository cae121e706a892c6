"""Distances between samples, a block of rows at a time, and the k-th neighbor of each.

    |x - y|^2 = |x|^2 + |y|^2 - 2 x . y

Rounding gives equal samples a distance of about 1e-16 |x|^2; what is below `SAME` (|x|^2 + |y|^2)
counts as 0, so that duplicates are duplicates. Both sides are centered first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 512
SAME = 1e-12


def centered(x: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """All moved by the mean of the first: distances stay, rounding shrinks."""
    mean = x.mean(0)
    return [part - mean for part in (x, *others)]


def blocks(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """(rows of x, their squared distances to every y)."""
    ours, theirs = np.einsum("nd,nd->n", x, x), np.einsum("nd,nd->n", y, y)
    for i in range(0, len(x), BLOCK):
        rows = slice(i, min(i + BLOCK, len(x)))
        both = ours[rows, None] + theirs
        squares = both - 2 * (x[rows] @ y.T)
        squares[squares < SAME * both] = 0.0
        yield rows, squares


@dataclass(frozen=True)
class Neighbors:
    """The nearest other samples of each sample of a set, nearest first."""

    rows: np.ndarray  # (N, T) which
    squares: np.ndarray  # (N, T) squared distances

    def radii(self, k: int, chosen: np.ndarray | None = None) -> np.ndarray:
        """(N,) squared distance to the k-th neighbor among `chosen` (N,) bool; -1, a ball that
        holds nothing, for the samples that are not chosen themselves."""
        if chosen is None:
            return self.squares[:, k - 1]
        seen = np.cumsum(chosen[self.rows], 1) == k
        at = np.where(seen.any(1), seen.argmax(1), self.rows.shape[1] - 1)
        return np.where(chosen, self.squares[np.arange(len(at)), at], -1.0)


def neighbors(x: np.ndarray, k: int) -> Neighbors:
    """Enough of them that a random half holds k: with 8k + 24 it has fewer once in 1e9 times."""
    many = min(len(x) - 1, 8 * k + 24)
    which = np.empty((len(x), many), np.int64)
    far = np.empty((len(x), many))
    for rows, squares in blocks(x, x):
        squares[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = np.inf
        near = np.argpartition(squares, many - 1, axis=1)[:, :many]
        order = np.argsort(np.take_along_axis(squares, near, 1), axis=1, kind="stable")
        which[rows] = np.take_along_axis(near, order, 1)
        far[rows] = np.take_along_axis(squares, which[rows], 1)
    return Neighbors(which, far)
