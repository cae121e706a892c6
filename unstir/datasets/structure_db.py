"""The structure database of ProMod3 (Studer et al. 2021): a single file of protein chains.

    for chain in chains(data): ...      # data: the file's bytes

Layout, little-endian: a header that ends in four bytes FF, the number of chains (u64), and of each
chain its PDB id and its own name (each u32 length + text), place of its first residue (u32),
residues (u16), number of the first (u16), and what was added to its coordinates (three f32). Then
arrays over all residues, each u64 count + items: amino acids (one letter), coordinates of N, CA, C
and O (twelve u16, 0.01 angstrom), backbone dihedrals (two i16), accessibility (u16), depth (u16),
states of DSSP (one letter); what follows is not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MARK = b"\xff\xff\xff\xff"
HEADER = 128
"""Bytes within which the header ends."""
ENTRY = struct.Struct("<IHHfff")
LETTERS = np.dtype("S1")
WORDS = np.dtype("<u2")


@dataclass(frozen=True)
class Chain:
    """One chain: `name` as 1abc_A, coordinates (N, 4, 3) of N, CA, C, O in 0.01 angstrom, its
    sequence in one-letter codes, and DSSP's state of each residue, C where it gives none."""

    name: str
    xyz: np.ndarray
    sequence: str
    dssp: str


class Reader:
    """Numbers and texts of a buffer, one after another; ValueError where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = memoryview(data), 0

    def numbers(self, form: struct.Struct) -> tuple[float, ...]:
        """As `form` has them."""
        return form.unpack(self.take(form.size))

    def count(self, form: str) -> int:
        """One whole number."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> str:
        """A length and so many letters."""
        return bytes(self.take(self.count("<I"))).decode("ascii")

    def array(self, dtype: np.dtype, width: int) -> np.ndarray:
        """A count and so many rows of `width` items."""
        rows = self.count("<Q")
        return np.frombuffer(self.take(rows * width * dtype.itemsize), dtype).reshape(rows, width)

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        part = self.data[self.at : self.at + size]
        if len(part) < size:
            raise ValueError(f"it ends within {size} bytes at {self.at}")
        self.at += size
        return part


def chains(data: bytes) -> Iterator[Chain]:
    """All chains of the file, in its order.

    Raises:
        ValueError: it is no such file, or ends too early.
    """
    reader = Reader(data)
    reader.at = data[:HEADER].find(MARK) + len(MARK)
    if reader.at < len(MARK):
        raise ValueError("it has no header of a structure database")
    entries = [_entry(reader) for _ in range(reader.count("<Q"))]
    letters, xyz = reader.array(LETTERS, 1), reader.array(WORDS, 12)
    for dtype, width in ((np.dtype("<i2"), 2), (WORDS, 1), (WORDS, 1)):
        reader.array(dtype, width)
    states = reader.array(LETTERS, 1)
    if not len(letters) == len(xyz) == len(states):
        raise ValueError(f"it has {len(letters)} letters for {len(xyz)} residues")
    for name, first, length in entries:
        rows = slice(first, first + length)
        if first + length > len(xyz):
            raise ValueError(f"chain {name} goes beyond its {len(xyz)} residues")
        said = states[rows].tobytes().decode("ascii").replace("-", "C").replace(" ", "C")
        sequence = letters[rows].tobytes().decode("ascii")
        yield Chain(name, xyz[rows].reshape(-1, 4, 3), sequence, said)


def _entry(reader: Reader) -> tuple[str, int, int]:
    """(name, first residue, residues) of a chain."""
    name = f"{reader.text().lower()}_{reader.text()}"
    first, length, *_ = reader.numbers(ENTRY)
    return name, int(first), int(length)
