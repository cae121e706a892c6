"""How things stand to each other: layers for wearing, holding, next to, above, under, on top of, and counts."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from unstir.datasets.emoji.glyphs import Glyphs
from unstir.datasets.emoji.layers import Layer
from unstir.datasets.emoji.wearing import HEADS, Accessory

MIRRORED = frozenset({"animal", "vehicle", "food", "plant"})
"""Groups that look as right in a mirror."""


def wearable(subject: str, worn: Accessory) -> bool:
    """Whether this subject has a place for it."""
    return HEADS[subject].spot(worn.slot) is not None


def worn(glyphs: Glyphs, row: int, accessory: Accessory, rng: Generator) -> list[Layer]:
    """The subject in the unit square with the accessory on its spot."""
    spot = HEADS[glyphs.info[row].id].spot(accessory.slot)
    assert spot is not None
    x, y, wide = spot
    side = wide * accessory.width * rng.uniform(0.94, 1.06)
    x, y = x + rng.normal(0, 0.01), y + rng.normal(0, 0.01)
    left, top = x - accessory.seat[0] * side, y - accessory.seat[1] * side
    thing = Layer(glyphs.index[accessory.id], left, top, side, side, angle=float(rng.normal(0, 3)))
    return [Layer(row, 0, 0, 1, 1), thing]


def _tight(glyphs: Glyphs, row: int, wide: float, high: float) -> Layer:
    """A layer whose visible box fits wide x high and starts at the origin."""
    l, t, r, b = glyphs.boxes[row]
    side = min(wide / (r - l), high / (b - t))
    return Layer(row, -l * side, -t * side, side, side)


def _size(glyphs: Glyphs, layer: Layer) -> tuple[float, float]:
    l, t, r, b = layer.tight(glyphs)
    return r - l, b - t


def next_to(glyphs: Glyphs, one: int, two: int, rng: Generator) -> list[Layer]:
    """Side by side, `one` at the left, standing on one line."""
    a = _tight(glyphs, one, 1, 1)
    b = _tight(glyphs, two, *(2 * [rng.uniform(0.8, 1.1)]))
    (aw, ah), (_, bh) = _size(glyphs, a), _size(glyphs, b)
    gap = rng.uniform(0.04, 0.14)
    return [a.moved(1, 0, -ah), b.moved(1, aw + gap, -bh)]


def above(glyphs: Glyphs, one: int, two: int, rng: Generator) -> list[Layer]:
    """`one` over `two`, with air between."""
    return _stack(
        glyphs, one, two, rng.uniform(0.7, 0.95), rng.uniform(0.05, 0.14), rng.normal(0, 0.06)
    )


def under(glyphs: Glyphs, one: int, two: int, rng: Generator) -> list[Layer]:
    """`one` below `two`: the same as `above` the other way round, `one` still first."""
    return above(glyphs, two, one, rng)[::-1]


def on_top_of(glyphs: Glyphs, one: int, two: int, rng: Generator) -> list[Layer]:
    """`one` standing on `two`, touching."""
    return _stack(glyphs, one, two, rng.uniform(0.6, 0.8), -0.07, rng.normal(0, 0.04))[::1]


def _stack(
    glyphs: Glyphs, top: int, low: int, ratio: float, gap: float, shift: float
) -> list[Layer]:
    a, b = _tight(glyphs, top, ratio, ratio), _tight(glyphs, low, 1, 1)
    (aw, ah), (bw, _) = _size(glyphs, a), _size(glyphs, b)
    return [a.moved(1, (bw - aw) / 2 + shift, -ah), b.moved(1, 0, gap)]


RELATIONS = {"next to": next_to, "above": above, "under": under, "on top of": on_top_of}
"""Relation -> (glyphs, one, two, rng) -> layers, the first thing first."""


def holding(glyphs: Glyphs, one: int, two: int, rng: Generator) -> list[Layer]:
    """The thing held before the subject, low at one side."""
    right = rng.random() < 0.5
    size = rng.uniform(0.42, 0.52)
    thing = _tight(glyphs, two, size, size)
    w, h = _size(glyphs, thing)
    x = 0.86 - w / 2 if right else 0.14 - w / 2
    return [Layer(one, 0, 0, 1, 1), thing.moved(1, x, 0.95 - h)]


PATTERNS = {
    2: (((0, 0), (1, 0)), ((0, 0), (1, 0)), ((0, 0), (0.8, 0.8))),
    3: (((0, 0), (1, 0), (2, 0)), ((0.5, 0), (0, 0.95), (1, 0.95)), ((0, 0), (1, 0), (0.5, 0.95))),
    4: (((0, 0), (1, 0), (0, 1), (1, 1)),),
    5: (
        ((0, 0), (1, 0), (2, 0), (0.5, 1), (1.5, 1)),
        ((0, 0), (2, 0), (1, 0.8), (0, 1.6), (2, 1.6)),
    ),
}
"""Number -> places on a grid whose cells are 1.06 glyphs wide."""


def several(row: int, number: int, rng: Generator) -> list[Layer]:
    """The same thing `number` times, not overlapping."""
    options = PATTERNS[number]
    places = np.array(options[int(rng.integers(len(options)))]) * 1.04 + rng.normal(
        0, 0.02, (number, 2)
    )
    return [Layer(row, float(x), float(y), 1, 1) for x, y in places]
