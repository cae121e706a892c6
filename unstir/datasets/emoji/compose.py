"""Scenes: one thing, or several in a relation, on a background, with a caption.

`scene` is a pure function of (seed, index, split). ``train`` never shows a held-out glyph or
combination (see `split`), ``heldout`` shows only held-out combinations, ``glyphs`` only held-out
glyphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from unstir.datasets.emoji import arrange, captions
from unstir.datasets.emoji.backgrounds import background
from unstir.datasets.emoji.glyphs import Glyph, Glyphs
from unstir.datasets.emoji.layers import Layer, fit, paint
from unstir.datasets.emoji.pick import Pool, Pools, pools
from unstir.datasets.emoji.split import held
from unstir.datasets.emoji.wearing import ACCESSORIES, Accessory

SPLITS = ("train", "heldout", "glyphs")
RELATIONS = {"next to": 0.45, "above": 0.2, "under": 0.2, "on top of": 0.15}
NUMBERS = {2: 0.4, 3: 0.35, 4: 0.15, 5: 0.1}
WORN = {worn: worn.weight for worn in ACCESSORIES}
TRIES = 2000
T = TypeVar("T")


@dataclass(frozen=True)
class Scene:
    """A picture and its caption; `mask` is the alpha of the things, `parts` says what they are."""

    image: NDArray[np.uint8]  # (H, W, 3)
    caption: str
    mask: NDArray[np.float32]  # (H, W), 0..1
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is shown and said, before a background is chosen."""

    layers: list[Layer]
    caption: str
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draw:
    """All a kind of scene draws from; `held_out` asks for combinations training never sees."""

    glyphs: Glyphs
    pools: Pools
    rng: Generator
    held_out: bool

    def one(self, weights: dict[T, float]) -> T:
        """A key, by weight."""
        sums = np.cumsum(list(weights.values()))
        at = int(np.searchsorted(sums, self.rng.random() * sums[-1], side="right"))
        return tuple(weights)[at]

    def until(self, draw: Callable[[], T], good: Callable[[T], bool]) -> T:
        """Draw until one is good; `TRIES` is far beyond bad luck."""
        for _ in range(TRIES):
            drawn = draw()
            if good(drawn):
                return drawn
        raise LookupError(f"no fitting combination among these glyphs in {TRIES} draws")

    def pair(self, first: Pool, second: Pool, relation: str) -> tuple[int, int]:
        """Two different things, on the asked side of the split."""

        def good(rows: tuple[int, int]) -> bool:
            one, two = (self.glyphs.info[row].name for row in rows)
            return one != two and held(one, relation, two) == self.held_out

        return self.until(lambda: (first(self.rng), second(self.rng)), good)

    def place(self, layers: list[Layer], low: float, high: float) -> list[Layer]:
        """Some size between low and high, usually near the middle."""
        x, y = 0.5 + self.rng.normal(0, 0.16, 2).clip(-0.5, 0.5)
        return fit(self.glyphs, layers, self.rng.uniform(low, high), (float(x), float(y)))


def scene(
    glyphs: Glyphs,
    index: int,
    *,
    seed: int = 0,
    size: int = 64,
    split: str = "train",
    shares: Mapping[str, float] | None = None,
) -> Scene:
    """Scene number `index` of a split: the same arguments always give the same scene.

    `shares` of the kinds of scene, by name, in place of those of `KINDS`; only "train" has all.
    """
    rng = _generator(index, seed, split)
    drafted = _draft(glyphs, rng, split, shares)
    ground = background(glyphs, rng, drafted.layers, 2 * size)
    image, mask = paint(glyphs, drafted.layers, ground.pixels)
    said = ground.name if ground.named else None
    caption = captions.with_background(rng, drafted.caption, said)
    parts = drafted.parts | {"background": ground.name, "background_named": ground.named}
    return Scene(image, caption, mask, parts)


def draft(glyphs: Glyphs, index: int, *, seed: int = 0, split: str = "train") -> Draft:
    """What scene number `index` shows and says, not painted and without a background."""
    return _draft(glyphs, _generator(index, seed, split), split)


def _generator(index: int, seed: int, split: str) -> Generator:
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    return np.random.default_rng((seed, index, SPLITS.index(split)))


def _draft(
    glyphs: Glyphs, rng: Generator, split: str, shares: Mapping[str, float] | None = None
) -> Draft:
    draw = Draw(glyphs, pools(glyphs), rng, held_out=split == "heldout")
    if split == "glyphs":
        return _alone(draw, draw.pools.held(rng))
    kinds = {
        make: share if shares is None else shares[make.__name__.strip("_")]
        for make, share in KINDS.items()
        if split == "train" or make != _single
    }
    return draw.one(kinds)(draw)


def _single(draw: Draw) -> Draft:
    return _alone(draw, draw.pools.any(draw.rng))


def _alone(draw: Draw, row: int) -> Draft:
    glyph = draw.glyphs.info[row]
    flip = bool(glyph.group in arrange.MIRRORED and draw.rng.random() < 0.2)
    low = 0.55 if draw.rng.random() < 0.25 else 0.78
    layers = draw.place([Layer(row, 0, 0, 1, 1, flip)], low, 0.94)
    return Draft(layers, captions.single(draw.rng, glyph.names), _parts("single", glyph))


def _wearing(draw: Draw) -> Draft:
    def good(drawn: tuple[int, Accessory]) -> bool:
        subject, worn = draw.glyphs.info[drawn[0]], drawn[1]
        fits = arrange.wearable(subject.id, worn)
        return fits and held(subject.name, "wearing", worn.fit.name) == draw.held_out

    row, worn = draw.until(lambda: (draw.pools.head(draw.rng), draw.one(WORN)), good)
    subject = draw.glyphs.info[row]
    layers = draw.place(arrange.worn(draw.glyphs, row, worn, draw.rng), 0.80, 0.96)
    caption = captions.wearing(draw.rng, subject.names, worn.names)
    parts = _parts("wearing", subject, relation="wearing", accessory=worn.fit.name)
    return Draft(layers, caption, parts | {"other_id": worn.id})


def _relation(draw: Draw) -> Draft:
    how = draw.one(RELATIONS)
    one, two = draw.pair(draw.pools.common, draw.pools.common, how)
    subject, other = draw.glyphs.info[one], draw.glyphs.info[two]
    layers = draw.place(arrange.RELATIONS[how](draw.glyphs, one, two, draw.rng), 0.86, 0.97)
    caption = captions.relation(draw.rng, subject.names, how, other.names)
    return Draft(layers, caption, _parts("relation", subject, relation=how, **_other(other)))


def _holding(draw: Draw) -> Draft:
    one, two = draw.pair(draw.pools.holder, draw.pools.handy, "holding")
    subject, other = draw.glyphs.info[one], draw.glyphs.info[two]
    layers = draw.place(arrange.holding(draw.glyphs, one, two, draw.rng), 0.84, 0.96)
    caption = captions.holding(draw.rng, subject.names, other.names)
    return Draft(layers, caption, _parts("holding", subject, relation="holding", **_other(other)))


def _count(draw: Draw) -> Draft:
    def good(drawn: tuple[int, int]) -> bool:
        return held(draw.glyphs.info[drawn[0]].name, "count", str(drawn[1])) == draw.held_out

    row, number = draw.until(lambda: (draw.pools.countable(draw.rng), draw.one(NUMBERS)), good)
    glyph = draw.glyphs.info[row]
    layers = draw.place(arrange.several(draw.glyphs, row, number, draw.rng), 0.86, 0.97)
    caption = captions.count(draw.rng, glyph.names, number)
    return Draft(layers, caption, _parts("count", glyph, count=number))


def _parts(kind: str, subject: Glyph, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "subject": subject.name, "subject_id": subject.id} | more


def _other(glyph: Glyph) -> dict[str, str]:
    return {"other": glyph.name, "other_id": glyph.id}


KINDS: dict[Callable[[Draw], Draft], float] = {
    _single: 0.50,
    _wearing: 0.22,
    _relation: 0.14,
    _count: 0.08,
    _holding: 0.06,
}
"""Share of each kind of scene in the set; "heldout" has the combinations only."""
SHARES = {"single": 0.26, "wearing": 0.16, "relation": 0.36, "count": 0.07, "holding": 0.15}
"""Of scenes to train on: more of two things than the set itself has, for they are learned last."""
