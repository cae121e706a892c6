"""What the residues of a chain are to be before it is drawn: helix (H), strand (E), neither (C).

    plan = parse("H20C4H18")                   # "HHHH...CCCCHHHH..."; ? where nothing is said
    plans = learn(secondary(x) for x in traces)            # folds.secondary
    texts = plans.seeded([7, 8], [80, 60])     # one for each seed
    told = channels([plan, ...], most)         # (B, 3, most), for the network

Drawn are helices and strands, one after another: of which kind each is depends on the two before,
how long it is on its kind, and the loop before it on what lies at both of its ends. How often what
follows what is counted in the training set (a semi-Markov chain of second order), and little
enough that no chain of it can be read from the counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from unstir.core.noise import uniform
from unstir.modalities.folds import HELICAL, STRETCHED

LETTERS, UNSAID, LOOP, BEGIN = "HEC", "?", "C", "^"
KINDS = LETTERS[:2]
LONGEST = 40
"""Residues of a piece or a loop from which on lengths are counted as one."""
LEAST = min(HELICAL, STRETCHED)
"""Residues of the shortest helix or strand."""
Counts = dict[str, list[int]]


@dataclass(frozen=True)
class Plans:
    """Counts: of the kinds H and E after the two kinds before ("^" is the beginning), of lengths
    of either kind, and of loops between two kinds or before the first."""

    following: Counts
    lengths: Counts
    loops: Counts

    def draw(self, numbers: Sequence[float] | np.ndarray, length: int) -> str:
        """A plan of so many letters, by `needed` uniform numbers or more; a piece that the end
        cuts too short becomes a loop."""
        own, text, before = iter(numbers), "", BEGIN * 2
        while len(text) < length:
            kind = KINDS[_pick(self.following[before], next(own))]
            loop = _pick(self.loops[before[1] + kind], next(own))
            text += LOOP * loop + kind * _pick(self.lengths[kind], next(own))
            before = before[1] + kind
        text = text[:length]
        cut = len(text) - len(text.rstrip(text[-1]))
        return text[:-cut] + LOOP * cut if cut < LEAST else text

    def seeded(self, seeds: Sequence[int], lengths: Sequence[int]) -> list[str]:
        """The plans of these seeds, for chains of so many residues."""
        numbers = uniform(seeds, (needed(max(lengths)),), field="plan")(-1)
        return [self.draw(row, length) for row, length in zip(numbers, lengths, strict=True)]

    def to_json(self) -> dict[str, Counts]:
        """As model.json has it."""
        return {"following": self.following, "lengths": self.lengths, "loops": self.loops}


def from_json(said: Mapping[str, Any]) -> Plans:
    """What `to_json` wrote; ValueError if it is anything else."""
    names = _names()
    if set(said) != names.keys():
        raise ValueError(f"tables are {sorted(said)}, not {sorted(names)}")
    for table, (keys, size, _) in names.items():
        for key in keys:
            row = said[table].get(key)
            whole = isinstance(row, list) and all(type(n) is int and n >= 0 for n in row)
            if not whole or len(row) != size or not any(row):
                raise ValueError(f"{table} of {key} are not {size} counts")
    if any(said["lengths"][kind][n] for kind in KINDS for n in range(LEAST)):
        raise ValueError(f"a piece has fewer than {LEAST} residues")
    return Plans(**said)


def _names() -> dict[str, tuple[list[str], int, int]]:
    """Of each table its rows, how long they are, and the place to count where nothing was seen."""
    before = [BEGIN, *KINDS]
    pairs = [BEGIN * 2, *(a + b for a in before for b in KINDS)]
    return {
        "following": (pairs, len(KINDS), 0),
        "lengths": (list(KINDS), LONGEST + 1, LEAST),
        "loops": ([a + b for a in before for b in KINDS], LONGEST + 1, 3),
    }


def learn(texts: Iterable[str]) -> Plans:
    """Count pieces of chains whose letters these are. Where nothing was seen, what is usual
    elsewhere counts."""
    names = _names()
    tables = {
        name: {k: np.zeros(size, int) for k in keys} for name, (keys, size, _) in names.items()
    }
    for text in texts:
        before = BEGIN * 2
        for kind, long, loop in _pieces(text):
            tables["following"][before][KINDS.index(kind)] += 1
            tables["lengths"][kind][min(long, LONGEST)] += 1
            tables["loops"][before[1] + kind][min(loop, LONGEST)] += 1
            before = before[1] + kind
    for name, table in tables.items():
        usual = np.sum(list(table.values()), 0)
        if not usual.any():
            usual[names[name][2]] = 1
        for key, row in table.items():
            table[key] = row if row.any() else usual
    return Plans(**{
        name: {key: row.tolist() for key, row in table.items()} for name, table in tables.items()
    })  # fmt: skip


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind and length of each helix and strand, and the length of the loop before it, to which
    pieces that are too short count."""
    loop = 0
    for letter, run in groupby(text):
        long = len(list(run))
        if letter in KINDS and long >= LEAST:
            yield letter, long, loop
            loop = 0
        else:
            loop += long


def needed(length: int) -> int:
    """Uniform numbers that a plan of so many residues takes at most: three for each piece."""
    return 3 * -(-length // LEAST)


def _pick(counts: Sequence[int], number: float) -> int:
    """The place where so much of all that was counted lies below."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, number * total[-1], side="right"))


def parse(text: str) -> str:
    """A letter for each residue, of "H20C4H18" or of letters alone; ValueError of other text."""
    if not re.fullmatch(rf"(?:[{LETTERS}{UNSAID}]\d{{0,4}})+", text):
        raise ValueError(
            f"{text!r} is no structure; give H (helix), E (strand), C (neither) or ? (either), "
            "each with how many residues, as H20C4H18"
        )
    pieces = re.findall(rf"([{LETTERS}{UNSAID}])(\d*)", text)
    return "".join(letter * int(count or 1) for letter, count in pieces)


def channels(plans: Sequence[str], most: int) -> np.ndarray:
    """(B, 3, most) float32: of each residue which letter it has, 0 where nothing is said."""
    out = np.zeros((len(plans), len(LETTERS), most), np.float32)
    for row, plan in zip(out, plans, strict=True):
        for k, letter in enumerate(LETTERS):
            row[k, : len(plan)] = [here == letter for here in plan]
    return out
