"""Class labels as a condition: one token per sample, the one-hot vector of its class.

    labels = Labels(["cat", "dog"])
    labels.encode(["dog", 0]).states           # (2, 1, 2): [[[0, 1]], [[1, 0]]]

The network's learned projection of a one-hot vector is the usual table of class embeddings. The
empty string is the null condition, as for text.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core.find import NotFound

LISTED = 12  # how many class names an error spells out


class Labels:
    """A fixed list of class names; `width` is their number, `length` is 1."""

    length = 1

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.width = len(self.classes)
        self._index = {name: i for i, name in enumerate(self.classes)}
        if not self.classes or len(self._index) != self.width or "" in self._index:
            raise ValueError(f"class names must be distinct and not empty, got {classes!r}")

    def index(self, label: str | int) -> int:
        """The number of a class given by name or number.

        Raises NotFound (a ValueError) for an unknown one, with the nearest name, and TypeError for
        other types.
        """
        if isinstance(label, str):
            if label not in self._index:
                raise NotFound(self._unknown(label))
            return self._index[label]
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
            kind = type(label).__name__
            raise TypeError(f"a class is a name or a number, got {label!r} ({kind})")
        if not 0 <= label < self.width:
            raise NotFound(f"no class {label}: there are {self.width}, 0 to {self.width - 1}")
        return int(label)

    def encode(self, labels: Sequence[str | int]) -> Tokens:
        """One-hot states (B, 1, K) and a mask of ones; "" gives the null condition."""
        if isinstance(labels, str):
            raise TypeError(f"encode takes a list of classes, not one string: [{labels[:60]!r}]")
        out = self.null(len(labels))
        for i, label in enumerate(labels):
            if label != "":
                out.states[i, 0, self.index(label)] = 1
                out.mask[i] = 1
        return out

    def null(self, batch: int) -> Tokens:
        """The absence of a class: zeros, with a mask of zeros."""
        states = np.zeros((batch, 1, self.width), "float32")
        return Tokens(states, np.zeros((batch, 1), "float32"), (False,) * batch)

    def _unknown(self, label: str) -> str:
        near = get_close_matches(label, self.classes, 1, 0.5)
        names = ", ".join(self.classes[:LISTED]) + (", ..." if self.width > LISTED else "")
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"no class {label[:60]!r} among {self.width}: {names}{hint}"
