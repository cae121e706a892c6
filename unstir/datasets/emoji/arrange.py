"""How things stand to each other: wearing, holding, next to, above, under, on top of, counts."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from unstir.datasets.emoji.derived import PAW
from unstir.datasets.emoji.glyphs import Glyphs, mean_color
from unstir.datasets.emoji.layers import Layer
from unstir.datasets.emoji.wearing import HEADS, Accessory, Head

MIRRORED = frozenset({"animal", "vehicle", "food", "plant"})
"""Groups that look as right in a mirror."""


def wearable(subject: str, worn: Accessory) -> bool:
    """Whether this subject has a place for it."""
    return HEADS[subject].spot(worn.fit.slot) is not None


def worn(glyphs: Glyphs, row: int, accessory: Accessory, rng: Generator) -> list[Layer]:
    """The subject in the unit square with the accessory on its spot."""
    head, fit = HEADS[glyphs.info[row].id], accessory.fit
    thing = glyphs.index[accessory.id]
    if fit.slot == "ears":
        return [Layer(row, 0, 0, 1, 1), _over_ears(glyphs, row, thing, head)]
    spot = head.spot(fit.slot)
    assert spot is not None
    x, y = spot[0] + rng.normal(0, 0.01), spot[1] + rng.normal(0, 0.01)
    side = spot[2] * fit.width * rng.uniform(0.95, 1.05)
    left, top = x - fit.seat[0] * side, y - fit.seat[1] * side
    layer = Layer(thing, left, top, side, side, angle=float(rng.normal(0, 3)))
    return [Layer(row, 0, 0, 1, 1), layer]


def _over_ears(glyphs: Glyphs, row: int, thing: int, head: Head) -> Layer:
    """Headphones stretched over the head: cups at the eyes, band just above the hat's place."""
    assert head.hat is not None
    assert head.eyes is not None
    size = glyphs.size
    across = np.flatnonzero(glyphs.pixels[row, int(head.eyes[1] * size), :, 3] > 128) / size
    left, right = float(across[0]), float(across[-1])
    top, cups = head.hat[1] - 0.13, head.eyes[1] + 0.05
    margin = 0.07 * (right - left)
    return Layer(thing, left - margin, top, right - left + 2 * margin, (cups - top) / 0.68)


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
    """The thing held low at one side of the subject, and a paw of the subject's color on it."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    size = rng.uniform(0.44, 0.54)
    thing = _tight(glyphs, two, size, size)
    w, h = _size(glyphs, thing)
    l, _, r, b = glyphs.boxes[one]
    x, low = (r if side > 0 else l) - side * 0.04, b + 0.02
    red, green, blue = np.minimum(mean_color(glyphs, one, 0.55) / 245, 1).tolist()
    paw = rng.uniform(0.19, 0.22)
    hold_x, hold_y = x - side * 0.36 * w, low - 0.32 * h
    hand = Layer(
        glyphs.index[PAW], hold_x - paw / 2, hold_y - paw / 2, paw, paw, tint=(red, green, blue)
    )
    return [Layer(one, 0, 0, 1, 1), thing.moved(1, x - w / 2, low - h), hand]


PATTERNS = {
    2: (((0, 0), (1, 0)), ((0, 0), (1, 0)), ((0, 0), (0.95, 1))),
    3: (((0, 0), (1, 0), (2, 0)), ((0.5, 0), (0, 1), (1, 1)), ((0, 0), (1, 0), (0.5, 1))),
    4: (((0, 0), (1, 0), (0, 1), (1, 1)),),
    5: (
        ((0, 0), (1, 0), (2, 0), (0.5, 1), (1.5, 1)),
        ((0, 0), (2, 0), (1, 1), (0, 2), (2, 2)),
    ),
}
"""Number -> places on a grid whose cells are a little larger than the glyph."""


def several(glyphs: Glyphs, row: int, number: int, rng: Generator) -> list[Layer]:
    """The same thing `number` times, not overlapping."""
    left, top, right, bottom = glyphs.boxes[row]
    options = PATTERNS[number]
    cell = np.array((right - left + 0.07, bottom - top + 0.07))
    grid = np.array(options[int(rng.integers(len(options)))])
    places = grid * cell + rng.uniform(-0.03, 0.03, (number, 2))
    return [Layer(row, float(x), float(y), 1, 1) for x, y in places]
