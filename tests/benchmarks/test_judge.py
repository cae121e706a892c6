"""The judge's questions: what a scene answers, and when an answer counts as right."""

import numpy as np
import pytest
import torch

from benchmarks.judge.questions import (
    ASKED,
    KINDS,
    UNASKED,
    WORN,
    accepted,
    answers,
    sizes,
    verdict,
)
from benchmarks.judge.score import interval, likelihood, retrieval
from benchmarks.judge.train import moved
from unstir.datasets.emoji import Glyph, Glyphs


@pytest.fixture
def glyphs():
    info = (
        Glyph("1f431", ("cat", "kitty"), "animal", 1.0),
        Glyph("1f436", ("dog",), "animal", 1.0),
        Glyph("1f42f", ("tiger", "cat"), "animal", 1.0),
    )
    return Glyphs(info, np.zeros((3, 4, 4, 4), np.uint8))


def told(glyphs, **best):
    """Logits that favor these answers, by number."""
    out = {name: np.zeros(count) for name, count in sizes(glyphs).items()}
    for name, answer in best.items():
        out[name][answer] = 5.0
    return out


BESIDE = {"kind": "relation", "subject_id": "1f431", "relation": "next to", "other_id": "1f436"}
HAT = {"kind": "wearing", "subject_id": "1f431", "other_id": "1f452"}


def test_under_is_over_with_the_things_exchanged(glyphs):
    under = answers(glyphs, BESIDE | {"relation": "under"})
    above = answers(
        glyphs, BESIDE | {"relation": "above", "subject_id": "1f436", "other_id": "1f431"}
    )
    assert under == above
    assert under["subject"] == 1
    assert KINDS[under["kind"]] == "over"


def test_a_single_thing_is_asked_for_nothing_more(glyphs):
    right = answers(glyphs, {"kind": "single", "subject_id": "1f431", "background": "red"})
    asked = [q for q in ASKED if right[q] != UNASKED]
    assert asked == ["subject", "kind", "background"]


@pytest.mark.parametrize(
    ("caption", "worn", "right"),
    [
        ("a cat wearing a hat", "1f3a9", True),
        ("a cat wearing a hat", "1f452", True),
        ("a cat wearing a red hat", "1f3a9", False),
        ("a cat wearing a red hat", "1f3a9#red", True),
        ("cat with sunglasses", "1f453", False),
        ("cat with glasses", "1f453", True),
    ],
)
def test_the_words_of_the_caption_decide_what_may_be_worn(caption, worn, right):
    assert (worn in accepted(caption)) == right


def test_verdict_names_only_what_was_asked_for(glyphs):
    logits = told(glyphs, subject=2, kind=KINDS.index("wearing"), worn=WORN.index("1f3a9"))
    found = verdict(glyphs, HAT, "a cat wearing a hat", logits)
    assert found == {"subject": True, "kind": True, "worn": True}  # a tiger is called a cat here
    logits = told(glyphs, subject=1, kind=0, worn=WORN.index("1f453"))
    assert not any(verdict(glyphs, HAT, "a cat wearing a hat", logits).values())


def test_of_two_beside_each_other_either_may_stand_left(glyphs):
    kind = KINDS.index("beside")
    for one, two, right in ((0, 1, True), (1, 0, True), (0, 0, False)):
        found = verdict(
            glyphs, BESIDE, "a cat next to a dog", told(glyphs, subject=one, other=two, kind=kind)
        )
        assert all(found.values()) == right


def test_above_and_below_are_not_exchanged(glyphs):
    parts = BESIDE | {"relation": "above"}
    logits = told(glyphs, subject=1, other=0, kind=KINDS.index("over"))
    assert not verdict(glyphs, parts, "a cat above a dog", logits)["subject"]


def test_retrieval_finds_the_own_prompt(glyphs):
    cases = [({"kind": "single", "subject_id": id}, "") for id in ("1f431", "1f436", "1f42f")]
    logits = [told(glyphs, subject=i) for i in (0, 1, 0)]
    assert retrieval(glyphs, cases, logits, among=3) == [True, True, False]


def test_a_background_nobody_named_does_not_count(glyphs):
    parts = {"kind": "single", "subject_id": "1f431", "background": "red"}
    logits = told(glyphs, subject=0)
    named = likelihood(glyphs, parts | {"background_named": True}, logits)
    assert named < likelihood(glyphs, parts | {"background_named": False}, logits)


def test_the_interval_is_that_of_the_book():
    """Wilson's interval of 8 of 10 is 49.0 to 94.3 % (Brown, Cai & DasGupta 2001)."""
    assert interval([True] * 8 + [False] * 2).split("(")[1].startswith("49.0 to 94.3")


def test_pictures_are_moved_by_their_own_shift() -> None:
    class Numbers:
        def uniform(self, shape: tuple[int, int]) -> torch.Tensor:
            assert shape == (2, 2)
            return torch.tensor([[0.0, 0.99], [0.5, 0.5]])

    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    out = moved(x, Numbers())
    assert out.shape == x.shape
    assert (out[1] == x[1]).all()
    assert (out[0, :, 3:, :5] == x[0, :, :5, 3:]).all()
    assert (out[0, :, :3, 0] == x[0, :, :1, 3]).all()
