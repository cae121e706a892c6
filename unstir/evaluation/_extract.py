"""Features of many pictures, those seen before from a cache.

    for part in extracted(space, pictures, cache): print(len(part.values), part.cached)

Pictures are taken in chunks of `CHUNK`. A chunk's file is named by the BLAKE2b hash of the space's
SHA-256 and of every pixel in it, so that it cannot be stale: another network, another
preprocessing or another picture is another name. A file holds its own hash too; one that is
damaged or cut short is computed again and replaced. Where nothing can be written nothing is kept.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
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

    def __call__(self, pictures: Sequence[np.ndarray], /) -> np.ndarray:
        """Pictures (H, W, 3) uint8 -> features (N, D) float32."""
        ...


@dataclass(frozen=True)
class Part:
    """The features of the next pictures, and the seconds they took; 0 from the cache."""

    values: np.ndarray
    cached: bool
    seconds: float


def extracted(
    features: Features, pictures: Iterable[np.ndarray], cache: Path | None
) -> Iterator[Part]:
    """Features of `pictures` in order, a chunk at a time; without a cache folder none is kept."""
    for chunk in _chunks(pictures):
        file = cache / _name(features.sha256, chunk) if cache else None
        known = _read(file, len(chunk)) if file else None
        if known is not None:
            yield Part(known, True, 0.0)
            continue
        begin = time.perf_counter()
        values = np.asarray(features(chunk), np.float32)
        seconds = time.perf_counter() - begin
        if file:
            _write(file, values)
        yield Part(values, False, seconds)


def _chunks(pictures: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    rest = iter(pictures)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _name(sha256: str, pictures: Sequence[np.ndarray]) -> str:
    key = blake2b(sha256.encode(), digest_size=20)
    for picture in pictures:
        key.update(repr((picture.shape, picture.dtype.str)).encode())
        key.update(np.ascontiguousarray(picture).tobytes())
    name = key.hexdigest()
    return f"{name[:2]}/{name[2:]}.features"


def _read(file: Path, count: int) -> np.ndarray | None:
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
    return values.reshape(rows, width) if rows == count else None


def _write(file: Path, values: np.ndarray) -> None:
    body = _SIZES.pack(*values.shape) + values.astype("<f4").tobytes()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_bytes(FORMAT + blake2b(body, digest_size=32).digest() + body)
    except OSError:
        return  # a full disk or a read-only home: the features are there all the same
