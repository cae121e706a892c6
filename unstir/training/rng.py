"""The random numbers of a training step: a function of (seed, step, row of the batch, draw).

Whoever computes a row, in whichever part of the batch, on however many processes, draws the same
numbers for it, so a run can be resumed, split and spread without changing what it learns from.

    rng = Rng(seed, step, rows=range(0, 64));   t = rng.uniform(64);   eps = rng.normal(x.shape)

Philox counters (Salmon et al. 2011): the key is (seed, draw), the counter (0, 0, block of rows,
step). A block is as many rows as hold about `BLOCK` numbers: one row of a latent, many rows of a
single time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

BLOCK = 4096
ORDER, TORCH = 2**63, 2**63 + 1
"""Key words that no draw reaches: the order of the data, and torch's own generator."""


def generator(seed: int, word: int, block: int, step: int) -> np.random.Generator:
    """The stream of one (seed, word, block, step)."""
    key, counter = np.array([seed, word], np.uint64), np.array([0, 0, block, step], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


class Rng:
    """Numbers for some rows of the global batch; each call is the next draw."""

    def __init__(
        self, seed: int, step: int, rows: range, device: torch.device | str = "cpu"
    ) -> None:
        self.seed, self.step, self.rows, self.device = seed, step, rows, device
        self.draws = 0

    def normal(self, shape: Sequence[int]) -> Tensor:
        """Unit noise, float32; shape[0] is the number of rows."""
        return self._draw(shape, lambda g, out: g.standard_normal(out=out, dtype=np.float32))

    def uniform(self, shape: int | Sequence[int]) -> Tensor:
        """Uniform on [0, 1), float32; shape is the number of rows, or begins with it."""
        shape = (shape,) if isinstance(shape, int) else shape
        return self._draw(shape, lambda g, out: g.random(out=out, dtype=np.float32))

    def torch_seed(self) -> int:
        """A seed for torch's own generator (dropout): differs with step and first row."""
        return int(generator(self.seed, TORCH, self.rows.start, self.step).integers(2**63))

    def _draw(
        self, shape: Sequence[int], fill: Callable[[np.random.Generator, np.ndarray], object]
    ) -> Tensor:
        if not shape or shape[0] != len(self.rows):
            raise ValueError(
                f"random numbers of shape {tuple(shape)} for {len(self.rows)} rows: rows are first"
            )
        size = max(1, BLOCK // max(1, math.prod(shape[1:])))  # rows of one block
        first, last = self.rows.start // size, max(self.rows.stop - 1, 0) // size
        out = np.empty((last - first + 1, size, *shape[1:]), np.float32)
        for i, block in enumerate(range(first, last + 1)):
            fill(generator(self.seed, self.draws, block, self.step), out[i])
        self.draws += 1
        skip = self.rows.start - first * size
        rows = out.reshape(-1, *shape[1:])[skip : skip + len(self.rows)]
        return torch.from_numpy(rows).to(self.device)
