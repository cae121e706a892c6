"""What a metric takes and what it gives: `Sets` of features in, `Score`s with intervals out."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

LARGEST = 1e100
"""Features beyond it would overflow when they are multiplied."""


class BadFeatures(ValueError):
    """Features that cannot be compared; the message names the side and the row."""


class TooFew(BadFeatures):
    """Fewer samples than the metric needs."""


@dataclass(frozen=True)
class Score:
    """One figure: its 95 % interval, how many samples stand behind it, and which way is better."""

    name: str
    value: float
    low: float
    high: float
    n: int  # generated
    m: int  # reference
    better: Literal["lower", "higher", "as real"] = "lower"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sets:
    """Features of what is compared, one sample a row, as float64.

    Args:
        generated: (N, D).
        reference: (M, D), real samples; not those of the training, if it can be had.
        training: (K, D), the samples a model was trained on; only `copies` looks at them.
    """

    generated: np.ndarray
    reference: np.ndarray
    training: np.ndarray | None = None

    def __post_init__(self) -> None:
        for side in ("generated", "reference", "training"):
            given = getattr(self, side)
            if given is not None:
                object.__setattr__(self, side, checked(given, side))
        widths = {"generated": self.generated.shape[1], "reference": self.reference.shape[1]}
        if self.training is not None:
            widths["training"] = self.training.shape[1]
        if len(set(widths.values())) > 1:
            said = ", ".join(f"{side} {width}" for side, width in widths.items())
            raise BadFeatures(f"the sides have features of different widths: {said}")

    def at_least(self, count: int, metric: str) -> Sets:
        """These sets, or TooFew."""
        for side in ("generated", "reference"):
            if len(getattr(self, side)) < count:
                raise TooFew(
                    f"{metric} needs {count} {side} samples or more; "
                    f"there are {len(getattr(self, side))}"
                )
        return self

    def ordered(self) -> Sets:
        """The same samples in an order that depends on nothing but their values.

        So neither a value nor an interval depends on the order in which samples came.
        """
        return Sets(_ordered(self.generated), _ordered(self.reference), self.training)


def checked(features: Any, side: str) -> np.ndarray:
    """Features as float64 (N, D); BadFeatures names the first row that is not all numbers."""
    x = np.asarray(features, np.float64)
    if x.ndim != 2 or not x.shape[1]:
        raise BadFeatures(f"{side} features have the shape {x.shape}; give (samples, width)")
    bad = ~(np.abs(x) < LARGEST).all(1)
    if bad.any():
        row = int(np.argmax(bad))
        column = int(np.argmax(~(np.abs(x[row]) < LARGEST)))
        more = f"; {int(bad.sum())} rows are bad" if bad.sum() > 1 else ""
        raise BadFeatures(f"{side} row {row} is {x[row, column]} in column {column}{more}")
    return x


def _ordered(x: np.ndarray) -> np.ndarray:
    keys = [blake2b(row.tobytes(), digest_size=16).digest() for row in np.ascontiguousarray(x)]
    return x[sorted(range(len(x)), key=keys.__getitem__)]
