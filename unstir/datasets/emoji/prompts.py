"""Prompts to try a model with: single things, held-out combinations, the 64 of the contact sheet.

The contact sheet is judged by a reader who sees pictures only, so its prompts are fixed, fair (40
single common things, 24 compositions) and said plainly. `held_out` of a prompt's parts says
whether training ever showed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unstir.datasets.emoji import captions, compose, split
from unstir.datasets.emoji.glyphs import Glyphs
from unstir.datasets.emoji.grammar import Noun, indefinite
from unstir.datasets.emoji.pick import pools

COMPOSITIONS = """
a cat wearing a hat | cat wearing top hat
a dog wearing sunglasses | dog wearing sunglasses
a panda wearing a crown | panda wearing crown
a penguin wearing a scarf | penguin wearing scarf
a robot wearing a top hat | robot wearing top hat
a fox wearing glasses | fox wearing glasses
a frog wearing a crown | frog wearing crown
a bear wearing a baseball cap | bear wearing cap
a ghost wearing a top hat | ghost wearing top hat
an owl wearing a graduation cap | owl wearing graduation cap
a lion wearing sunglasses | lion wearing sunglasses
a rabbit wearing a scarf | rabbit wearing scarf
a bear holding a balloon | bear holding balloon
a monkey holding a banana | monkey holding banana
a dog next to a cat | dog next to cat
an apple next to a banana | apple next to banana
a tree next to a house | tree next to house
a star above a house | star above house
a bird on top of a car | bird on top of car
a mushroom under an umbrella | mushroom under umbrella
three stars | star count 3
two cats | cat count 2
a red apple on a blue background | apple
a rocket on a black background | rocket
"""
SINGLES = """
cat, dog, lion, panda, pig, frog, monkey, elephant, penguin, owl, turtle, fish, octopus,
butterfly, snail, apple, banana, strawberry, pineapple, carrot, pizza, hamburger, donut,
birthday cake, cup of coffee, rose, cactus, tree, car, bicycle, airplane, rocket, house,
rainbow, star, balloon, guitar, key, light bulb, heart
"""
WAYS = (" wearing ", " holding ", " next to ", " above ", " under ", " on top of ", " count ")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask for, and what a reader should find in the picture."""

    text: str
    parts: dict[str, Any]


def contact_sheet() -> list[Prompt]:
    """The 64 fixed prompts, "a cat wearing a hat" first, single things and compositions mixed."""
    pairs = [_composition(*line.split(" | ")) for line in COMPOSITIONS.strip().splitlines()]
    singles = [_single(name.strip()) for name in SINGLES.split(",")]
    return [pairs[0], *singles[:20], *pairs[1:12], *singles[20:], *pairs[12:]]


def _single(name: str) -> Prompt:
    parts = {"kind": "single", "subject": name, "held_out": False}
    return Prompt(indefinite(Noun(name)), parts)


def _composition(text: str, key: str) -> Prompt:
    for way in WAYS:
        subject, found, other = key.partition(way)
        if found:
            relation = way.strip()
            parts = {
                "kind": _kind(relation),
                "subject": subject,
                "relation": relation,
                "other": other,
            }
            return Prompt(text, parts | {"held_out": split.held(subject, relation, other)})
    color = text.split(" on a ")[1].removesuffix(" background")
    return Prompt(text, {"kind": "single", "subject": key, "background": color, "held_out": False})


def _kind(relation: str) -> str:
    return relation if relation in ("wearing", "holding", "count") else "relation"


def single_prompts(glyphs: Glyphs, n: int, seed: int = 0) -> list[Prompt]:
    """`n` single things as training captions name them, no background named."""
    pool, prompts = pools(glyphs).common, []
    for i in range(n):
        rng = np.random.default_rng((seed, i, 101))
        glyph = glyphs.info[pool(rng)]
        parts = {"kind": "single", "subject": glyph.name, "subject_id": glyph.id}
        prompts.append(Prompt(captions.single(rng, glyph.names), parts))
    return prompts


def heldout_prompts(glyphs: Glyphs, n: int, seed: int = 0) -> list[Prompt]:
    """`n` captions of combinations that never enter training (those of ``split="heldout"``)."""
    drafts = (compose.draft(glyphs, i, seed=seed, split="heldout") for i in range(n))
    return [Prompt(draft.caption, draft.parts | {"held_out": True}) for draft in drafts]
