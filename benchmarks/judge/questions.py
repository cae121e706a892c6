"""What the judge is asked about a picture, and what a scene or a prompt answers.

    subject      which glyph; the upper one of two above each other, the left one of two beside
    kind         alone, wearing, holding, beside, over, on top, several
    worn         which thing is worn, in which color
    other        which glyph is held, beside, below
    number       two to five
    background   which color

"a star above a house" and "a house under a star" are one picture, so `under` is asked as `over`
with the two things exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unstir.datasets.emoji import Glyphs
from unstir.datasets.emoji.colors import COLORS
from unstir.datasets.emoji.wearing import ACCESSORIES

KINDS = ("alone", "wearing", "holding", "beside", "over", "on top", "several")
RELATIONS = {"next to": "beside", "above": "over", "under": "over", "on top of": "on top"}
NUMBERS = (2, 3, 4, 5)
WORN = tuple(worn.id for worn in ACCESSORIES)
BACKGROUNDS = tuple(COLORS)
ASKED = ("subject", "kind", "worn", "other", "number", "background")
UNASKED = -1


def sizes(glyphs: Glyphs) -> dict[str, int]:
    """Question -> number of answers."""
    things = len(glyphs.info)
    counts = (things, len(KINDS), len(WORN), things, len(NUMBERS), len(BACKGROUNDS))
    return dict(zip(ASKED, counts, strict=True))


def answers(glyphs: Glyphs, parts: Mapping[str, Any]) -> dict[str, int]:
    """The right answer to each question for a scene's parts; UNASKED where there is none."""
    right = dict.fromkeys(ASKED, UNASKED)
    first, second = parts["subject_id"], parts.get("other_id")
    if parts.get("relation") == "under":
        first, second = second, first
    right["subject"] = glyphs.index[first]
    right["kind"] = KINDS.index(kind(parts))
    if parts["kind"] == "wearing":
        right["worn"] = WORN.index(second)
    elif second is not None:
        right["other"] = glyphs.index[second]
    if parts["kind"] == "count":
        right["number"] = NUMBERS.index(parts["count"])
    if "background" in parts:
        right["background"] = BACKGROUNDS.index(parts["background"])
    return right


def kind(parts: Mapping[str, Any]) -> str:
    """How the things of a scene stand to each other, as the judge calls it."""
    if parts["kind"] == "relation":
        return RELATIONS[parts["relation"]]
    return {"single": "alone", "count": "several"}.get(parts["kind"], parts["kind"])


def verdict(
    glyphs: Glyphs, parts: Mapping[str, Any], caption: str, logits: Mapping[str, np.ndarray]
) -> dict[str, bool]:
    """Question -> whether the picture shows what was asked for; only what was asked for.

    A glyph is right when it shares a name with the one meant; a worn thing when the caption's
    word for it is one of its names ("a hat" is any hat, "a red hat" is not).
    """
    right = answers(glyphs, parts)
    said = {question: int(np.argmax(logits[question])) for question in ASKED}
    out = {
        "subject": _same_name(glyphs, said["subject"], right["subject"]),
        "kind": said["kind"] == right["kind"],
    }
    if right["kind"] == KINDS.index("beside") and not out["subject"]:
        said["subject"], said["other"] = said["other"], said["subject"]  # either may be left
        out["subject"] = _same_name(glyphs, said["subject"], right["subject"])
    if right["worn"] != UNASKED:
        out["worn"] = WORN[said["worn"]] in accepted(caption)
    if right["other"] != UNASKED:
        out["other"] = _same_name(glyphs, said["other"], right["other"])
    if right["number"] != UNASKED:
        out["number"] = said["number"] == right["number"]
    if parts.get("background_named"):
        out["background"] = said["background"] == right["background"]
    return out


def accepted(caption: str) -> set[str]:
    """The things to wear that the caption's longest name for one fits."""
    found: dict[str, set[str]] = {}
    for worn in ACCESSORIES:
        for name in worn.names:
            words = name.lstrip("~+")
            if re.search(rf"\b{re.escape(words)}\b", caption):
                found.setdefault(words, set()).add(worn.id)
    return found[max(found, key=len)] if found else set()


def _same_name(glyphs: Glyphs, one: int, two: int) -> bool:
    names = [{name.lstrip("~+") for name in glyphs.info[row].names} for row in (one, two)]
    return bool(names[0] & names[1])


def split_logits(flat: np.ndarray, counts: Mapping[str, int]) -> list[dict[str, np.ndarray]]:
    """(N, all answers) -> for each picture, question -> its part."""
    ends: Sequence[int] = np.cumsum([0, *counts.values()]).tolist()
    return [{name: row[ends[i] : ends[i + 1]] for i, name in enumerate(counts)} for row in flat]
