"""The header of a safetensors file, read and checked before anything is allocated or mapped.

A safetensors file is ``N (8 bytes, little endian) | N bytes of JSON | data``; the JSON gives each
tensor its dtype, shape and the bytes [start, stop) of the data that are its own (safetensors
format, README of the reference implementation). The data must be covered without holes or
overlaps, so that a file cannot be two things at once. The limits are our own and lower than the
format's: a header of 8 MB, 20,000 tensors.

    for name, tensor in read_header(path).items(): ...
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

LONGEST_HEADER = 8 * 2**20
MOST_TENSORS = 20_000
MOST_DIMENSIONS = 8
WIDTHS = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
    "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip
"""Bytes of one element of each dtype."""
_NAME = re.compile(r"[\w./:-]{1,256}", re.ASCII)
_FOREIGN = {
    b"PK": "a zip archive, as torch.save writes",
    b"\x80\x02": "a pickle, which can run code",
    b"\x80\x04": "a pickle, which can run code",
    b"GG": "a GGUF file",
    b"ve": "a Git LFS pointer, not the file itself",
    b"<!": "a web page",
}


class BadTensors(ValueError):
    """A file that is not a safetensors file we can trust; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies: bytes [start, stop) counted from the beginning of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_header(path: Path) -> Mapping[str, Tensor]:
    """Every tensor of the file by name, checked; raises `BadTensors`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        if len(first) < 8:
            raise BadTensors(f"has {size} bytes: too short for a safetensors file")
        (length,) = struct.unpack("<Q", first)
        if length > LONGEST_HEADER and first[:2] in _FOREIGN:
            raise BadTensors(f"is {_FOREIGN[first[:2]]}; only safetensors is read")
        if length > LONGEST_HEADER:
            raise BadTensors(f"claims a header of {length} bytes; the limit is {LONGEST_HEADER}")
        if 8 + length > size:
            raise BadTensors(f"is cut off: a header of {length} bytes in a file of {size}")
        tensors = _tensors(_parse(file.read(length)), 8 + length)
    _check_cover(tensors, 8 + length, size)
    return tensors


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise BadTensors(f"has a header that is not JSON ({error})") from None
    if not isinstance(header, dict):
        raise BadTensors("has a header that is not a table of tensors")
    header.pop("__metadata__", None)
    if len(header) > MOST_TENSORS:
        raise BadTensors(f"lists {len(header)} tensors; the limit is {MOST_TENSORS}")
    return header


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name stands twice")
    return table


def _tensors(header: Mapping[str, Any], data: int) -> dict[str, Tensor]:
    return {name: _tensor(name, entry, data) for name, entry in header.items()}


def _tensor(name: str, entry: Any, data: int) -> Tensor:
    if not _NAME.fullmatch(name) or "__" in name:
        raise BadTensors(f"names a tensor {name[:80]!r}; letters, digits and _ . / : - are read")
    said = entry if isinstance(entry, dict) else {}
    dtype, shape, span = said.get("dtype"), said.get("shape"), said.get("data_offsets")
    if dtype not in WIDTHS:
        raise BadTensors(
            f"gives tensor {name!r} the dtype {dtype!r}; there are {', '.join(WIDTHS)}"
        )
    if not _counts(shape) or len(shape) > MOST_DIMENSIONS:
        raise BadTensors(f"gives tensor {name!r} the shape {shape!r}")
    if not _counts(span) or len(span) != 2 or span[1] < span[0]:
        raise BadTensors(f"gives tensor {name!r} the bytes {span!r}")
    if math.prod(shape) * WIDTHS[dtype] != span[1] - span[0]:
        raise BadTensors(
            f"gives tensor {name!r} {span[1] - span[0]} bytes; "
            f"{dtype} of shape {shape} takes {math.prod(shape) * WIDTHS[dtype]}"
        )
    return Tensor(dtype, tuple(shape), data + span[0], data + span[1])


def _counts(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**48 for v in values)


def _check_cover(tensors: Mapping[str, Tensor], data: int, size: int) -> None:
    """The tensors fill the file from the end of the header to its last byte, each byte once."""
    at = data
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        if tensor.start != at:
            what = "overlaps the one before" if tensor.start < at else "leaves a hole before it"
            raise BadTensors(f"has a tensor {name!r} that {what}")
        at = tensor.stop
    if at != size:
        what = "is cut off" if at > size else "has bytes that belong to no tensor"
        raise BadTensors(f"{what}: {at} bytes are described, the file has {size}")
