"""What a run learns from: samples by index, in an order that is a function of (seed, epoch, step).

    data = Arrays(x=np.load("latents.npy", mmap_mode="r"), label=labels)
    data.batch(np.array([3, 1, 4]))             # {"x": (3, ...), "label": (3,)}

Step s takes places s * batch ... of an endless sequence; the sequence is one keyed shuffle after
another, so each sample comes exactly once in each epoch, whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from unstir.training.rng import ORDER, generator

Batch = dict[str, np.ndarray]


class Dataset(Protocol):
    """A map-style data set. `batch` is a pure function of the indices."""

    def __len__(self) -> int: ...

    def batch(self, indices: np.ndarray, /) -> Batch:
        """The samples of these indices, one array per field, rows in the order of `indices`."""
        ...


class Arrays:
    """Arrays or memory maps of equal length, one per field. float16 is read as float32."""

    def __init__(self, **fields: np.ndarray) -> None:
        lengths = {name: len(field) for name, field in fields.items()}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(
                f"fields of lengths {lengths}; give at least one, all equally long, none empty"
            )
        self.fields, self.length = fields, next(iter(lengths.values()))

    def __len__(self) -> int:
        return self.length

    def batch(self, indices: np.ndarray, /) -> Batch:
        taken = {name: field[indices] for name, field in self.fields.items()}
        return {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in taken.items()}


class Order:
    """Which samples a step takes."""

    def __init__(self, seed: int, length: int, batch: int) -> None:
        if length < 1:
            raise ValueError("the data set is empty; there is nothing to train on")
        self.seed, self.length, self.batch = seed, length, batch
        self._epochs: dict[int, np.ndarray] = {}

    def epoch(self, number: int) -> np.ndarray:
        """The shuffle of one epoch."""
        kept = self._epochs  # replaced, never changed: the loading thread asks too
        if number not in kept:
            shuffle = generator(self.seed, ORDER, 0, number).permutation(self.length)
            kept = {k: v for k, v in kept.items() if k == number - 1} | {number: shuffle}
            self._epochs = kept
        return kept[number]

    def __call__(self, step: int, rows: range) -> np.ndarray:
        """Indices of these rows of the step's global batch."""
        places = step * self.batch + np.arange(rows.start, rows.stop)
        epochs = places // self.length
        parts = [self.epoch(int(e))[places[epochs == e] % self.length] for e in np.unique(epochs)]
        return np.concatenate(parts)


def ahead(load: Callable[[int], Batch], steps: range) -> Iterator[Batch]:
    """load(step) for each step; a thread loads the next while the present one is worked on."""
    with ThreadPoolExecutor(1, "unstir-data") as pool:
        following = pool.submit(load, steps.start) if steps else None
        for step in steps:
            assert following is not None
            batch = following.result()
            following = pool.submit(load, step + 1) if step + 1 < steps.stop else None
            yield batch
