"""Which glyph next: weighted pools of rows, built once per set of glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from unstir.datasets.emoji.glyphs import Glyphs
from unstir.datasets.emoji.wearing import HEADS

COMMON = 1.0
"""Weight from which a glyph counts as a common noun."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows and the running sum of their weights; calling it draws a row."""

    rows: NDArray[np.int64]
    sums: NDArray[np.float64]

    def __call__(self, rng: Generator) -> int:
        return int(
            self.rows[np.searchsorted(self.sums, rng.random() * self.sums[-1], side="right")]
        )


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools scenes draw from."""

    any: Pool
    common: Pool
    countable: Pool
    head: Pool
    holder: Pool
    handy: Pool
    held: Pool


HANDY = frozenset({"food", "plant", "object"})
UNHANDY = frozenset(
    {
        "bed",
        "couch",
        "bathtub",
        "toilet",
        "door",
        "ladder",
        "chair",
        "desktop computer",
        "tree",
        "palm tree",
        "pine tree",
        "stop sign",
        "traffic light",
        "shopping cart",
    }
)
"""Things too big to be held, by name."""
SELDOM, OFTEN = 0.3, 2.0
"""Food may wear a hat, but seldom, and holds nothing; a cat does, often."""


def pools(glyphs: Glyphs) -> Pools:
    """The pools of these glyphs."""
    if "pools" not in glyphs.memo:
        glyphs.memo["pools"] = _build(glyphs)
    return glyphs.memo["pools"]


def _build(glyphs: Glyphs) -> Pools:
    info = glyphs.info
    train = [i for i, glyph in enumerate(info) if glyph.split == "train" and glyph.weight > 0]
    common = [i for i in train if info[i].weight >= COMMON]
    heads = [i for i in train if info[i].id in HEADS]
    return Pools(
        any=_pool(glyphs, train),
        common=_pool(glyphs, common),
        countable=_pool(glyphs, [i for i in common if info[i].names[0][0] not in "~+"]),
        head=_pool(glyphs, heads, {"apple": SELDOM, "egg": SELDOM, "cat": OFTEN}),
        holder=_pool(glyphs, [i for i in heads if info[i].group != "food"]),
        handy=_pool(
            glyphs, [i for i in common if info[i].group in HANDY and info[i].name not in UNHANDY]
        ),
        held=_pool(glyphs, [i for i, glyph in enumerate(info) if glyph.split == "glyphs"]),
    )


def _pool(glyphs: Glyphs, rows: list[int], factors: Mapping[str, float] | None = None) -> Pool:
    factors = factors or {}
    weights = [glyphs.info[i].weight * factors.get(glyphs.info[i].name, 1.0) for i in rows]
    return Pool(np.array(rows), np.cumsum(weights))
