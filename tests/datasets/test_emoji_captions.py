"""Captions and prompts: grammar, variety, and what they promise."""

from __future__ import annotations

import re

import pytest

from unstir.datasets import emoji
from unstir.datasets.emoji import compose, split
from unstir.datasets.emoji.grammar import Noun, article, indefinite, plural
from unstir.datasets.emoji.nouns import SECTIONS
from unstir.datasets.emoji.select import common
from unstir.datasets.emoji.wearing import ACCESSORIES

PLURALS = {
    "cat": "cats", "mouse": "mice", "computer mouse": "computer mice", "puppy": "puppies",
    "fox": "foxes", "slice of pizza": "slices of pizza", "bunch of grapes": "bunches of grapes",
    "sheep": "sheep", "loaf of bread": "loaves of bread", "snowman": "snowmen",
    "old woman": "old women", "boy": "boys", "bow and arrow": "bows and arrows",
    "sun behind a cloud": "suns behind a cloud", "cactus": "cacti",
    "face with its tongue out": "faces with their tongue out", "bus": "buses",
    "tomato": "tomatoes", "bowling ball and pins": "bowling balls and pins",
    "diamond ring": "diamond rings", "hand pointing up": "hands pointing up",
    "running shoe": "running shoes", "tooth": "teeth",
}  # fmt: skip


@pytest.mark.parametrize(("one", "many"), PLURALS.items())
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    "words", ["owl", "hourglass", "orange", "SUV", "X-ray", "umbrella", "8 ball"]
)
def test_an(words: str) -> None:
    assert article(words) == "an"


@pytest.mark.parametrize(
    "words", ["cat", "unicorn", "UFO", "euro bill", "hat", "yo-yo", "T-shirt"]
)
def test_a(words: str) -> None:
    assert article(words) == "a"


def test_mass_and_plural_nouns_take_no_article() -> None:
    assert indefinite(Noun.parse("~bread")) == "bread"
    assert indefinite(Noun.parse("+glasses")) == "glasses"
    assert indefinite(Noun.parse("apple")) == "an apple"


@pytest.fixture(scope="module")
def said(glyphs: emoji.Glyphs) -> list[str]:
    """Four thousand training captions, with their backgrounds."""
    return [emoji.scene(glyphs, i, size=16).caption for i in range(1500)] + [
        compose.draft(glyphs, i, seed=9).caption for i in range(4000)
    ]


WRONG = re.compile(
    r"[~+{}#]|  |\ban? an?\b|\ba [aeio]|\ba u[mn][bd]|\ban [bcdfgjklmnpqrtvwxyz]|\b1 |^\s|\s$"
    r"|\ban? (glasses|scissors|grapes|jeans|gloves|cherries|popcorn|bread|broccoli|fries)\b"
)


def test_captions_are_proper_english(said: list[str]) -> None:
    fine = {"an X-ray", "an SUV"}
    wrong = [c for c in said if WRONG.search(c) and not any(f in c for f in fine)]
    assert not wrong


def test_captions_are_paraphrased(said: list[str]) -> None:
    forms = (
        "wearing",
        " in ",
        " with ",
        "-wearing ",
        "that wears",
        "holding",
        "carrying",
        "next to",
    )
    forms += ("beside", " and ", "above", "over", "under", "below", "on top of", "two ", "3 ")
    forms += ("on a ", "on an orange background", "in front of a ", ", blue background")
    assert not [form for form in forms if not any(form in caption for caption in said)]
    assert 0.04 < sum(" of a" in c[:24] for c in said) / len(said) < 0.15


def test_a_caption_names_what_is_there(glyphs: emoji.Glyphs) -> None:
    worn = {}
    for accessory in ACCESSORIES:
        names = {name.lstrip("~+") for name in accessory.names}
        worn.setdefault(accessory.fit.name, set()).update(names)
    for i in range(2000):
        made = compose.draft(glyphs, i, split="heldout")
        subject = glyphs.info[glyphs.index[made.parts["subject_id"]]]
        names = [name.lstrip("~+") for name in subject.names]
        many = [plural(name) for name in names]
        assert any(name in made.caption for name in names + many)
        if made.parts["kind"] == "wearing":
            assert any(name in made.caption for name in worn[made.parts["accessory"]])


def test_the_first_picture_is_in_training(glyphs: emoji.Glyphs) -> None:
    """Captions of a cat that wears something speak of a hat, any of three, once in ten times."""
    drafts = [compose.draft(glyphs, i) for i in range(8000)]
    cats = [d for d in drafts if d.parts["subject"] == "cat" and d.parts["kind"] == "wearing"]
    hats = [d for d in cats if re.search(r"\bhat\b", d.caption)]
    assert len(hats) / len(cats) > 0.1
    assert {"top hat", "cowboy hat"} <= {d.parts["accessory"] for d in hats}
    plain = r"\b(cat|kitty|kitten)( face)? (wearing|in|with|that wears) a hat\b"
    assert any(re.search(plain, d.caption) for d in hats)


def test_common_nouns_are_unique_and_many() -> None:
    ids = [row["id"] for row in common()]
    assert len(ids) == len(set(ids))
    assert 250 <= len(ids) <= 500
    assert set(SECTIONS) >= {"animal", "food", "vehicle", "object", "face"}


def test_the_contact_sheet_is_64_fair_prompts() -> None:
    prompts = emoji.contact_sheet()
    assert len(prompts) == len({prompt.text for prompt in prompts}) == 64
    assert prompts[0].text == "a cat wearing a hat"
    assert not prompts[0].parts["held_out"]
    assert sum(p.parts["kind"] == "single" and "background" not in p.parts for p in prompts) == 40
    held = [p for p in prompts if p.parts["held_out"]]
    assert held
    for prompt in held:
        parts = prompt.parts
        assert split.held(parts["subject"], parts["relation"], parts["other"])


def test_the_contact_sheet_speaks_of_known_things() -> None:
    names = {name.strip().lstrip("~+") for row in common() for name in row["names"]}
    worn = {accessory.fit.name for accessory in ACCESSORIES}
    for prompt in emoji.contact_sheet():
        assert prompt.parts["subject"] in names
        assert prompt.parts.get("other", "cat") in names | worn | {"2", "3"}
        assert (
            prompt.parts["subject"] in prompt.text
            or plural(prompt.parts["subject"]) in prompt.text
        )


def test_prompt_lists_are_repeatable_and_on_their_side(glyphs: emoji.Glyphs) -> None:
    held = emoji.heldout_prompts(glyphs, 50, seed=3)
    assert held == emoji.heldout_prompts(glyphs, 50, seed=3)
    assert held != emoji.heldout_prompts(glyphs, 50, seed=4)
    assert all(prompt.parts["held_out"] for prompt in held)
    assert emoji.single_prompts(glyphs, 20, seed=1) == emoji.single_prompts(glyphs, 20, seed=1)
    assert all(prompt.parts["kind"] == "single" for prompt in emoji.single_prompts(glyphs, 20))
