"""Scenes: one thing, or several in a relation, on a background, with a caption.

`scene` is a pure function of (seed, index, split). ``train`` never shows a held-out glyph or
combination (see `split`), ``heldout`` shows only held-out combinations, ``glyphs`` only held-out
glyphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from unstir.datasets.emoji import arrange, captions, split
from unstir.datasets.emoji.backgrounds import Background, background
from unstir.datasets.emoji.glyphs import Glyphs
from unstir.datasets.emoji.layers import Layer, fit, paint
from unstir.datasets.emoji.pick import Pools, pools
from unstir.datasets.emoji.wearing import ACCESSORIES, Accessory

SPLITS = ("train", "heldout", "glyphs")
KINDS = {"single": 0.50, "wearing": 0.22, "relation": 0.14, "count": 0.08, "holding": 0.06}
"""Share of each kind of scene; "heldout" has the combinations only."""
TRIES = 200


@dataclass(frozen=True)
class Scene:
    """A picture and its caption; `mask` is the alpha of the things, `parts` says what they are."""

    image: NDArray[np.uint8]
    caption: str
    mask: NDArray[np.float32]
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is shown and said, before a background is chosen."""

    layers: list[Layer]
    caption: str
    parts: dict[str, Any]


def scene(
    glyphs: Glyphs, index: int, *, seed: int = 0, size: int = 64, split: str = "train"
) -> Scene:
    """Scene number `index` of a split: the same arguments always give the same scene."""
    rng = _generator(index, seed, split)
    draft = _draft(glyphs, rng, split)
    ground: Background = background(glyphs, rng, draft.layers, 2 * size)
    image, mask = paint(glyphs, draft.layers, ground.pixels)
    caption = captions.with_background(rng, draft.caption, ground.name if ground.named else None)
    parts = draft.parts | {"background": ground.name, "background_named": ground.named}
    return Scene(image, caption, mask, parts)


def draft(glyphs: Glyphs, index: int, *, seed: int = 0, split: str = "train") -> Draft:
    """What scene number `index` shows and says, not painted and without a background."""
    return _draft(glyphs, _generator(index, seed, split), split)


def _generator(index: int, seed: int, split: str) -> Generator:
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    return np.random.default_rng((seed, index, SPLITS.index(split)))


def _draft(glyphs: Glyphs, rng: Generator, split: str) -> Draft:
    pool = pools(glyphs)
    if split == "glyphs":
        return _single(glyphs, rng, pool, pool.held)
    kinds = {kind: share for kind, share in KINDS.items() if split == "train" or kind != "single"}
    kind = _choose(rng, tuple(kinds), np.array(list(kinds.values())))
    want = split == "heldout"
    make = {
        "single": _single,
        "wearing": _wearing,
        "relation": _relation,
        "count": _count,
        "holding": _holding,
    }[kind]
    return make(glyphs, rng, pool, want)


def _choose(rng: Generator, options: Any, weights: NDArray[np.float64]) -> Any:
    return options[
        int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum(), side="right"))
    ]


def _place(
    glyphs: Glyphs, rng: Generator, layers: list[Layer], low: float, high: float
) -> list[Layer]:
    """Some size between low and high, usually near the middle."""
    at = 0.5 + rng.normal(0, 0.16, 2).clip(-0.5, 0.5)
    return fit(glyphs, layers, rng.uniform(low, high), (float(at[0]), float(at[1])))


def _single(glyphs: Glyphs, rng: Generator, pool: Pools, held: Any = None) -> Draft:
    row = pool.any(rng) if held is None or held is False else int(rng.choice(held))
    glyph = glyphs.info[row]
    flip = bool(glyph.group in arrange.MIRRORED and rng.random() < 0.2)
    low = 0.55 if rng.random() < 0.25 else 0.78
    layers = _place(glyphs, rng, [Layer(row, 0, 0, 1, 1, flip)], low, 0.94)
    return Draft(layers, captions.single(rng, glyph.names), _parts("single", glyph))


def _parts(kind: str, subject: Any, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "subject": subject.name, "subject_id": subject.id} | more


def _wearing(glyphs: Glyphs, rng: Generator, pool: Pools, want: bool) -> Draft:
    weights = np.array([accessory.weight for accessory in ACCESSORIES])
    for _ in range(TRIES):
        row = pool.head(rng)
        worn: Accessory = _choose(rng, ACCESSORIES, weights)
        subject = glyphs.info[row]
        if (
            arrange.wearable(subject.id, worn)
            and split.held(subject.name, "wearing", worn.fit.name) == want
        ):
            break
    layers = _place(glyphs, rng, arrange.worn(glyphs, row, worn, rng), 0.80, 0.96)
    caption = captions.wearing(rng, subject.names, worn.names)
    return Draft(
        layers,
        caption,
        _parts("wearing", subject, relation="wearing", accessory=worn.fit.name, other_id=worn.id),
    )


def _relation(glyphs: Glyphs, rng: Generator, pool: Pools, want: bool) -> Draft:
    how = _choose(rng, tuple(arrange.RELATIONS), np.array([0.45, 0.2, 0.2, 0.15]))
    one, two = _two(glyphs, rng, pool.common, pool.common, how, want)
    layers = _place(glyphs, rng, arrange.RELATIONS[how](glyphs, one, two, rng), 0.86, 0.97)
    subject, other = glyphs.info[one], glyphs.info[two]
    caption = captions.relation(rng, subject.names, how, other.names)
    return Draft(
        layers,
        caption,
        _parts("relation", subject, relation=how, other=other.name, other_id=other.id),
    )


def _holding(glyphs: Glyphs, rng: Generator, pool: Pools, want: bool) -> Draft:
    one, two = _two(glyphs, rng, pool.holder, pool.handy, "holding", want)
    layers = _place(glyphs, rng, arrange.holding(glyphs, one, two, rng), 0.84, 0.96)
    subject, other = glyphs.info[one], glyphs.info[two]
    caption = captions.holding(rng, subject.names, other.names)
    return Draft(
        layers,
        caption,
        _parts("holding", subject, relation="holding", other=other.name, other_id=other.id),
    )


def _two(
    glyphs: Glyphs, rng: Generator, first: Any, second: Any, how: str, want: bool
) -> tuple[int, int]:
    one = two = 0
    for _ in range(TRIES):
        one, two = first(rng), second(rng)
        names = glyphs.info[one].name, glyphs.info[two].name
        if names[0] != names[1] and split.held(names[0], how, names[1]) == want:
            break
    return one, two


def _count(glyphs: Glyphs, rng: Generator, pool: Pools, want: bool) -> Draft:
    for _ in range(TRIES):
        row, number = (
            pool.countable(rng),
            int(_choose(rng, (2, 3, 4, 5), np.array([0.4, 0.35, 0.15, 0.1]))),
        )
        glyph = glyphs.info[row]
        if split.held(glyph.name, "count", str(number)) == want:
            break
    layers = _place(glyphs, rng, arrange.several(glyphs, row, number, rng), 0.86, 0.97)
    return Draft(
        layers, captions.count(rng, glyph.names, number), _parts("count", glyph, count=number)
    )
