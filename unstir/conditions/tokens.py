"""What a condition hands to a network: token states with a mask, and their joint dropping.

    tokens = text.encode(["a red apple", ""])      # states (2, 32, 384), mask (2, 32)
    net(x, t, tokens.states, tokens.mask)

The absence of a condition is a mask of zeros (and states of zeros). Classifier-free guidance (Ho &
Salimans 2022, algorithm 1) trains on it by dropping the condition of some samples:

    keep = rng.random(batch) >= 0.1 text, label = drop(text, keep), drop(label, keep)   # jointly:
    the same `keep` for every condition
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Tokens:
    """A batch of conditions.

    `states` (B, L, D) float32 and `mask` (B, L) float32, 1 where a token is real; numpy arrays
    from `encode`, torch tensors in training. `truncated[i]` tells that prompt i was longer than L
    and lost its end.
    """

    states: Any
    mask: Any
    truncated: tuple[bool, ...] = ()


class Condition(Protocol):
    """What every condition offers; `width` is D and `length` is L of its tokens."""

    @property
    def width(self) -> int: ...

    @property
    def length(self) -> int: ...

    def encode(self, raw: Sequence[Any], /) -> Tokens:
        """One row of tokens per entry; the empty string is the null condition."""
        ...

    def null(self, batch: int, /) -> Tokens:
        """The absence of a condition, `batch` times."""
        ...


def drop(tokens: Tokens, keep: Any) -> Tokens:
    """The samples where the boolean array `keep` (B,) is false become the null condition.

    Only indexing and `*`, so numpy arrays and torch tensors are served alike.
    """
    return replace(
        tokens, states=tokens.states * keep[:, None, None], mask=tokens.mask * keep[:, None]
    )
