"""Numbers of the data as a condition to train with (conditions/numbers.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstir.conditions.numbers import Numbers


def of_values(names: Sequence[str], values: np.ndarray) -> Numbers:
    """The condition for these values (N, K) of the training set; NaN is not known."""
    return Numbers(names, np.nanmean(values, 0).tolist(), np.nanstd(values, 0).tolist())


def told(
    numbers: Numbers, values: np.ndarray, indices: np.ndarray, share: float
) -> dict[str, np.ndarray]:
    """A batch's "tokens" and "token_mask": each number that is known is told to a share of the
    samples, drawn by the batch's indices."""
    rng = np.random.default_rng([int(i) for i in indices])
    there = np.isfinite(values) & (rng.random(values.shape) < share)
    tokens = numbers.rows(np.where(there, values, numbers.means), there.astype(float))
    return {"tokens": tokens.states, "token_mask": tokens.mask}
