"""Features of many pictures, those seen before from a cache.

    for part in extracted(space, pictures, cache): print(len(part.values), part.cached)

The features of a picture are a file, named by the BLAKE2b hash of the space's SHA-256 and of every
pixel, so that it cannot be stale: another network, another preprocessing or another picture is
another name. A file holds its own hash too; one that is damaged or cut short is computed again and
replaced, so that no writing waits for the disk. Where nothing can be written nothing is kept.

Pictures are taken in chunks of `CHUNK`, of which no more is held than the space sees.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby, islice
from pathlib import Path
from typing import Protocol

import numpy as np

from unstir.modalities.files import replacing

CHUNK = 64
FORMAT = b"unstir features 1\n"
_SIZES = struct.Struct("<II")


class Features(Protocol):
    """A named feature space; see `unstir.runtimes.features`."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    def small(self, picture: np.ndarray, /) -> np.ndarray:
        """All that it sees of a picture (H, W, 3) uint8."""
        ...

    def of_small(self, pictures: Sequence[np.ndarray], /) -> np.ndarray:
        """What `small` gave -> features (N, D) float32."""
        ...


@dataclass(frozen=True)
class Part:
    """The features of the next pictures, and the seconds they took; 0 from the cache."""

    values: np.ndarray
    cached: bool
    seconds: float


@dataclass
class _One:
    """A picture: its features, or what they are computed from; where they are kept."""

    file: Path | None
    row: np.ndarray | None
    small: np.ndarray | None = None
    seconds: float = 0.0


def extracted(
    features: Features, pictures: Iterable[np.ndarray], cache: Path | None
) -> Iterator[Part]:
    """Features of `pictures` in order, at most a chunk at a time, those that were known and those
    that were not apart; without a cache folder none is kept."""
    rest = iter(pictures)
    while chunk := [_looked_up(features, picture, cache) for picture in islice(rest, CHUNK)]:
        _compute(features, [one for one in chunk if one.small is not None])
        for cached, run in groupby(chunk, lambda one: one.small is None):
            ones = list(run)
            rows = [one.row for one in ones if one.row is not None]
            yield Part(np.stack(rows), cached, sum(one.seconds for one in ones))


def _looked_up(features: Features, picture: np.ndarray, cache: Path | None) -> _One:
    file = cache / _name(features.sha256, picture) if cache else None
    known = _read(file) if file else None
    if known is not None:
        return _One(file, known)
    begin = time.perf_counter()
    small = features.small(picture)
    return _One(file, None, small, time.perf_counter() - begin)


def _compute(features: Features, new: Sequence[_One]) -> None:
    """The features of pictures that are not known, at once."""
    if not new:
        return
    begin = time.perf_counter()
    small = [one.small for one in new if one.small is not None]
    values = np.asarray(features.of_small(small), np.float32)
    seconds = (time.perf_counter() - begin) / len(new)
    for one, row in zip(new, values, strict=True):
        one.row, one.seconds = row, one.seconds + seconds
        if one.file:
            _write(one.file, row)


def _name(sha256: str, picture: np.ndarray) -> str:
    key = blake2b(sha256.encode(), digest_size=20)
    key.update(repr((picture.shape, picture.dtype.str)).encode())
    key.update(picture.ravel().data)
    name = key.hexdigest()
    return f"{name[:2]}/{name[2:]}.features"


def _read(file: Path) -> np.ndarray | None:
    """What a file of the cache holds; None where it is not there, damaged or of another form."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    head = len(FORMAT) + 32
    digest, body = data[len(FORMAT) : head], data[head:]
    if not data.startswith(FORMAT) or blake2b(body, digest_size=32).digest() != digest:
        return None
    rows, width = _SIZES.unpack_from(body)
    values = np.frombuffer(body, "<f4", offset=_SIZES.size)
    return values if (rows, len(values)) == (1, width) else None


def _write(file: Path, row: np.ndarray) -> None:
    body = _SIZES.pack(1, len(row)) + row.astype("<f4").tobytes()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, flushed=False) as temporary:
            temporary.write_bytes(FORMAT + blake2b(body, digest_size=32).digest() + body)
    except OSError:
        return  # a full disk or a read-only home: the features are there all the same
