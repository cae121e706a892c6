"""Plans of chains: written short, learned by counting, drawn as long as asked and as often as
counted."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest

from unstir.modalities.plans import LEAST, Plans, channels, from_json, learn, needed, parse

BUNDLE = "CC" + "H" * 12 + "CCCC" + "H" * 12 + "CC"
SHEET = "C" + "E" * 6 + "CCC" + "E" * 6 + "CCC" + "E" * 6 + "C"


def drawn(plans: Plans, length: int, count: int = 400) -> list[str]:
    rng = np.random.default_rng(0)
    return [plans.draw(rng.random(needed(length)), length) for _ in range(count)]


def test_short_and_long_words_say_the_same() -> None:
    assert parse("H3C2E") == "HHHCCE" == parse("HHHCCE")
    assert parse("?4") == "????"


@pytest.mark.parametrize("text", ["", "H3X", "3H", "h4", "H-3", "H 3", "H99999"])
def test_what_is_no_structure(text: str) -> None:
    with pytest.raises(ValueError, match="is no structure"):
        parse(text)


def test_plans_are_like_what_was_counted() -> None:
    """One kind of chain in four is a sheet, three are bundles; no chain mixes them."""
    found = drawn(learn([BUNDLE] * 3 + [SHEET]), len(BUNDLE))
    assert {len(text) for text in found} == {len(BUNDLE)}
    assert all(("H" in text) != ("E" in text) for text in found)
    sheets = sum("E" in text for text in found) / len(found)
    assert sheets == pytest.approx(0.25, abs=0.07)
    assert BUNDLE in found


def test_the_two_before_decide() -> None:
    """The first helix has a helix after it, later ones need not: one before
    alone could not tell."""
    text = "CC".join(["H" * 6] * 3 + ["E" * 6] + ["H" * 6] * 3)
    for plan in drawn(learn([text]), 60, 50):
        kinds = [letter for letter, _ in groupby(plan) if letter != "C"]
        assert "".join(kinds[:2]) == "HH"


def test_what_the_end_cuts_too_short_is_a_loop() -> None:
    for length in range(10, 50):
        for plan in drawn(learn([BUNDLE, SHEET]), length, 20):
            assert len(plan) == length
            runs = [(letter, len(list(run))) for letter, run in groupby(plan)]
            assert all(long >= LEAST for letter, long in runs if letter in "HE")


def test_pieces_that_are_too_short_are_loops() -> None:
    plans = learn(["C" + "E" * (LEAST - 1) + "CC" + "H" * 9])
    assert sum(plans.lengths["E"]) == sum(plans.lengths["H"]) == 1  # as usual, none was seen
    assert plans.loops["^H"][LEAST + 2] == 1
    assert plans.lengths["H"][9] == 1


def test_what_was_never_seen_is_as_usual() -> None:
    plans = learn([BUNDLE])
    assert plans.following["EE"] == plans.following["HE"] == [2, 0]
    assert drawn(learn([]), 30, 1)
    assert from_json(plans.to_json()) == plans


@pytest.mark.parametrize(
    "change",
    [
        {"lengths": {}},
        {"following": None},
        {"loops": {"HH": [-1] * 41}},
        {"lengths": {"H": [1] * 41, "E": [1] * 41}},
        {"more": {}},
    ],
)
def test_tables_that_are_none(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, AttributeError, TypeError)):
        from_json(learn([BUNDLE]).to_json() | change)


def test_channels_say_letters_and_nothing_beyond() -> None:
    out = channels(["HE?C", "C"], 5)
    assert out.shape == (2, 3, 5)
    assert out[0].argmax(0)[[0, 1, 3]].tolist() == [0, 1, 2]
    assert out.sum(1).tolist() == [[1, 1, 0, 1, 0], [1, 0, 0, 0, 0]]


def test_one_seed_is_one_plan() -> None:
    """Whatever is drawn beside it, and however long that is."""
    plans = learn([BUNDLE, SHEET])
    together = plans.seeded([3, 4, 5], [40, 128, 61])
    assert [len(text) for text in together] == [40, 128, 61]
    assert [plans.seeded([3 + k], [n])[0] for k, n in enumerate((40, 128, 61))] == together
    assert plans.seeded([3], [30])[0][:20] == together[0][:20]
    assert len(set(plans.seeded(range(20), [60] * 20))) > 3
