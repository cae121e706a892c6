"""Numbers as a condition: what a molecule's properties shall be, some of them or none.

    numbers = Numbers(["gap", "dipole"], means=[6.8, 2.7], stds=[1.3, 1.5])
    numbers.encode([{"gap": 5.0}, {}]).mask      # [[1, 0], [0, 0]]
    numbers.read("gap=5,dipole=2")               # {"gap": 5.0, "dipole": 2.0}

Each number is one token: which it is (one-hot), and where it lies among those of the training set,
as bumps on a grid of six standard deviations; a number of the data beyond counts as the grid's
end, and a wish beyond is refused. A token of a number that nobody asked for is masked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core.find import named

BUMPS, REACH = 16, 3.0
"""Bumps of a number, and standard deviations to either side that they cover."""


class Numbers:
    """Some numbers with names; `length` is how many, `width` that of a token."""

    def __init__(
        self, names: Sequence[str], means: Sequence[float], stds: Sequence[float]
    ) -> None:
        self.names, self.length = tuple(names), len(names)
        self.means, self.stds = (np.asarray(part, np.float64) for part in (means, stds))
        self.width = self.length + BUMPS
        sizes = {self.means.shape, self.stds.shape}
        if not names or len(set(names)) != self.length or sizes != {(self.length,)}:
            raise ValueError(f"each of {list(names)} needs a name of its own, a mean and a std")
        if not (np.isfinite(self.means).all() and (self.stds > 0).all()):
            raise ValueError(f"means {list(means)} or stds {list(stds)} are no scale")

    def to_json(self) -> dict[str, Any]:
        """The "condition" of a model.json."""
        return {
            "name": "numbers", "names": list(self.names), "length": self.length,
            "width": self.width, "means": self.means.tolist(), "stds": self.stds.tolist(),
        }  # fmt: skip

    def encode(self, wishes: Sequence[Mapping[str, float]]) -> Tokens:
        """A row for each mapping from some names to numbers; an empty one is the null condition.

        Raises NotFound for a name that is not there, ValueError for a number that is none.
        """
        values, known = (np.zeros((len(wishes), self.length)) for _ in range(2))
        for row, there, wish in zip(values, known, wishes, strict=True):
            for name, value in wish.items():
                at = named({n: i for i, n in enumerate(self.names)}, name, "properties")
                row[at], there[at] = self._checked(name, value), 1
        return self.rows(values, known)

    def rows(self, values: np.ndarray, known: np.ndarray) -> Tokens:
        """The same of arrays (B, K), where `known` is 1."""
        z = ((values - self.means) / self.stds).clip(-REACH, REACH)[..., None]
        grid = np.linspace(-REACH, REACH, BUMPS)
        bumps = np.exp(-0.5 * np.square((z - grid) / (grid[1] - grid[0])))
        which = np.broadcast_to(np.eye(self.length), (*values.shape, self.length))
        states = np.concatenate([which, bumps], -1) * known[..., None]
        mask = known.astype(np.float32)
        return Tokens(states.astype(np.float32), mask, (False,) * len(values))

    def null(self, batch: int) -> Tokens:
        """No wish."""
        return self.encode([{}] * batch)

    def read(self, text: str) -> dict[str, float]:
        """The wish that "gap=5,dipole=2" says; ValueError or NotFound where it says none."""
        wish: dict[str, float] = {}
        for word in filter(str.strip, text.split(",")):
            name, tie, value = (part.strip() for part in word.partition("="))
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if not tie or not math.isfinite(number):
                known = ", ".join(f"{n}=NUMBER" for n in self.names)
                raise ValueError(f"{word.strip()!r} wishes for nothing; there are: {known}")
            if name in wish:
                raise ValueError(f"{name} is wished for twice")
            wish[name] = number
        self.encode([wish])
        return wish

    def _checked(self, name: str, value: float) -> float:
        at = self.names.index(name)
        mean, std = self.means[at], self.stds[at]
        if not math.isfinite(value) or abs(value - mean) > REACH * std:
            raise ValueError(
                f"{name} is {value:g}; most that the model has learned from have "
                f"{mean - 2 * std:.3g} to {mean + 2 * std:.3g}"
            )
        return float(value)
