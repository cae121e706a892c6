"""Encode many captions once, and read their token states back while training.

    for done, total in encode_all(text, captions, folder):     # a generator: progress, cancel
        ...
    cache = Cache(folder)
    tokens = cache.tokens(["a red apple", ""])     # as text.encode, rounded to float16

Each distinct caption is stored once, without padding, as float16: some 8 kB for ten words. The
states are a memory map, so a cache may be larger than memory. A finished cache of the same
captions and encoder is left as it is; one cut short leaves nothing that could be mistaken for it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from unstir.conditions.text import Text
from unstir.conditions.tokens import Tokens

TOGETHER = 16
"""Captions of one length that the encoder takes at a time: twice as fast as one by one."""


def encode_all(text: Text, captions: Iterable[str], folder: Path) -> Iterator[tuple[int, int]]:
    """Write the cache of the distinct captions to `folder`; yields (done, total) as it goes."""
    distinct = list(dict.fromkeys(captions))
    if _is_current(folder, text, distinct):
        yield len(distinct), len(distinct)
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield from _write(text, distinct, part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _is_current(folder: Path, text: Text, captions: list[str]) -> bool:
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return index["captions"] == captions and index["encoder"] == text.fingerprint


def _write(text: Text, captions: list[str], part: Path) -> Iterator[tuple[int, int]]:
    rows = [text.ids(caption) for caption in captions]
    ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    shape = (max(int(ends[-1]), 1), text.width)  # an empty file cannot be mapped
    states = np.lib.format.open_memmap(part / "states.npy", "w+", "float16", shape)
    done = 0
    for group in _of_one_length([len(ids) for ids, _ in rows]):
        for i, found in zip(group, text.states([rows[i][0] for i in group]), strict=True):
            states[ends[i] : ends[i + 1]] = found
        done += len(group)
        yield done, len(rows)
    states.flush()
    np.save(part / "ends.npy", ends)
    index = {
        "encoder": text.fingerprint,
        "length": text.length,
        "truncated": [i for i, (_, cut) in enumerate(rows) if cut],
        "captions": captions,
    }
    (part / "index.json").write_text(json.dumps(index), encoding="utf-8")
    yield len(rows), len(rows)


def _of_one_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of these lengths, up to `TOGETHER` equal ones at a time."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    for _, same in groupby(order, key=lambda i: lengths[i]):
        places = list(same)
        for first in range(0, len(places), TOGETHER):
            yield places[first : first + TOGETHER]


class Cache:
    """The token states of a set of captions, read from a folder `encode_all` wrote."""

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.folder, self.length = folder, int(index["length"])
        self.captions: tuple[str, ...] = tuple(index["captions"])
        self._cut = frozenset(index["truncated"])
        self._row = {caption: i for i, caption in enumerate(self.captions)}
        self._ends = np.load(folder / "ends.npy")
        self._states = np.load(folder / "states.npy", mmap_mode="r")
        self.width = int(self._states.shape[1])

    def rows(self, captions: Iterable[str]) -> np.ndarray:
        """The row of each caption: look them up once, then call `at` in the training loop."""
        try:
            return np.array([self._row[caption] for caption in captions], "int64")
        except KeyError as error:
            missing = str(error.args[0])[:60]
            raise KeyError(f"no caption {missing!r} in {self.folder}: encode it first") from None

    def at(self, rows: Sequence[int] | np.ndarray) -> Tokens:
        """Token states (B, L, D) and mask (B, L) of these rows, float32, padded with zeros."""
        states = np.zeros((len(rows), self.length, self.width), "float32")
        mask = np.zeros((len(rows), self.length), "float32")
        for i, row in enumerate(rows):
            start, end = self._ends[row], self._ends[row + 1]
            states[i, : end - start] = self._states[start:end]
            mask[i, : end - start] = 1
        return Tokens(states, mask, tuple(int(row) in self._cut for row in rows))

    def tokens(self, captions: Iterable[str]) -> Tokens:
        """Token states of these captions."""
        return self.at(self.rows(captions))

    def null(self, batch: int) -> Tokens:
        """The absence of a caption: zeros, with a mask of zeros."""
        states = np.zeros((batch, self.length, self.width), "float32")
        return Tokens(states, np.zeros((batch, self.length), "float32"), (False,) * batch)
