"""Molecules as strings: SMILES, and the pieces that a model knows them by.

    pieces = learn(strings, size=256)            # byte-pair encoding over atoms and bonds
    rows = pieces.encode(["c1ccccc1O"])           # [[17, 3]]
    pieces.decode(rows[0])                        # "c1ccccc1O"

A SMILES string (Weininger 1988) is cut into symbols (an atom, a bond, a ring number, a bracket);
the pair of neighbors that is most frequent becomes a piece of its own, again and again (Gage 1994;
Sennrich et al. 2016). Pieces put together are the string itself, so nothing is lost; but a string
has several cuts, of which `encode` gives the one that the merges make in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

END = -1
"""Between the strings of an array."""
SYMBOL = re.compile(r"\[[^\[\]]+\]|Br|Cl|%\d\d|[A-Za-z0-9()=#+\-/\\.:@*$~]")
LONGEST = 1000
"""Characters of a string that are read at all."""


class BadSmiles(ValueError):
    """A string that cannot be cut into what a model knows; the message names the place."""


@dataclass(frozen=True)
class Pieces:
    """Symbols, and pairs of pieces that became one, in their order; piece i is symbol i, or the
    merge i - len(symbols)."""

    symbols: tuple[str, ...]
    merges: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.symbols) + len(self.merges)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of each piece."""
        found = list(self.symbols)
        for a, b in self.merges:
            found.append(found[a] + found[b])
        return tuple(found)

    def encode(self, strings: Sequence[str]) -> list[np.ndarray]:
        """The pieces of each string; BadSmiles where one has what no piece has."""
        x = flat([self._numbers(string) for string in strings])
        for number, (a, b) in enumerate(self.merges, len(self.symbols)):
            x = merged(x, a, b, number)
        ends = np.flatnonzero(x == END)
        return [part[:-1] for part in np.split(x, ends + 1)[: len(strings)]]

    def decode(self, pieces: Iterable[int]) -> str:
        """The string."""
        return "".join(self.texts[piece] for piece in pieces)

    def _numbers(self, string: str) -> list[int]:
        try:
            return [self._places[symbol] for symbol in symbols(string)]
        except KeyError as error:
            known = " ".join(self.symbols)
            raise BadSmiles(
                f"{string[:80]!r} holds {error.args[0]!r}, which the model never saw; it knows "
                f"{known}"
            ) from None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}


def symbols(string: str) -> list[str]:
    """Atoms, bonds, ring numbers and brackets of a SMILES string."""
    if not string or len(string) > LONGEST:
        raise BadSmiles(f"a SMILES string has 1 to {LONGEST:,} characters, not {len(string):,}")
    found, at = [], 0
    while at < len(string):
        match = SYMBOL.match(string, at)
        if match is None:
            raise BadSmiles(f"{string[:80]!r} is no SMILES string from character {at + 1} on")
        found.append(match[0])
        at = match.end()
    return found


def learn(strings: Sequence[str], size: int) -> Pieces:
    """`size` pieces of these strings: all their symbols, then the most frequent pairs."""
    cut = [symbols(string) for string in strings]
    alphabet = tuple(sorted({symbol for row in cut for symbol in row}))
    if size < len(alphabet):
        raise ValueError(f"{len(alphabet)} symbols do not fit into {size} pieces")
    places = {symbol: i for i, symbol in enumerate(alphabet)}
    x, merges = flat([[places[symbol] for symbol in row] for row in cut]), []
    for number in range(len(alphabet), size):
        pair = _frequent(x, size)
        if pair is None:
            break
        merges.append(pair)
        x = merged(x, *pair, number)
    return Pieces(alphabet, tuple(merges))


def flat(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """All rows in one array, an END after each."""
    return np.array([value for row in rows for value in (*row, END)], np.int32)


def merged(x: np.ndarray, a: int, b: int, number: int) -> np.ndarray:
    """`x` with every pair a, b replaced, from the left."""
    found = np.flatnonzero((x[:-1] == a) & (x[1:] == b))
    if a == b and len(found):  # of a run a a a the first two are a pair, and so on
        first = np.diff(found, prepend=found[0] - 2) != 1
        start = np.flatnonzero(first)[np.cumsum(first) - 1]
        found = found[(np.arange(len(found)) - start) % 2 == 0]
    x = x.copy()
    x[found] = number
    return np.delete(x, found + 1)


def _frequent(x: np.ndarray, size: int) -> tuple[int, int] | None:
    """The most frequent pair of neighbors within strings; of equals the first."""
    inside = (x[:-1] != END) & (x[1:] != END)
    pairs, counts = np.unique(x[:-1][inside] * size + x[1:][inside], return_counts=True)
    if not len(pairs) or counts.max() < 2:
        return None
    best = int(pairs[counts.argmax()])
    return best // size, best % size
