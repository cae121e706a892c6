"""Which emoji are drawn at all, and what the less common ones are called.

The common nouns come from `nouns`; everything else takes its Unicode name, shortened where the
name is clumsy.
"""

from __future__ import annotations

import json
import re
from typing import Any

from unstir.datasets.emoji import split
from unstir.datasets.emoji.nouns import SECTIONS
from unstir.datasets.emoji.others import LEFT_OUT_NAMES, NAMES

SUBGROUPS = """
keycap alphanum transport-sign av-symbol zodiac arrow gender math punctuation currency
other-symbol warning religion country-flag subdivision-flag flag family person-symbol skin-tone
hair-style time geometric emotion sound
"""
LEFT_OUT = frozenset(SUBGROUPS.split())
"""Unicode subgroups that are letters, signs, squares or twins of each other."""
WEIGHTS = {"!": 3.0, "": 1.5, "rest": 0.35}
GROUPS = (
    "face",
    "person",
    "component",
    "animal",
    "food",
    "place",
    "object",
    "object",
    "symbol",
    "flag",
)
TWINS = re.compile(
    r"^(woman|man|women|men|Mx|person: |couple|kiss|people holding)\b|: |suit$|symbol"
)
"""Names of man/woman twins, hair variants, pairs and card suits."""


def plain(hexcode: str) -> str:
    """The id of a glyph: code points in lower case, without variation selectors."""
    return hexcode.lower().replace("-fe0f", "").replace("_", "-")


def row(id: str, names: tuple[str, ...], group: str, weight: float) -> dict[str, Any]:
    """The fields of a `Glyph` without tags, for training."""
    return {
        "id": id,
        "names": names,
        "group": group,
        "weight": weight,
        "tags": (),
        "split": "train",
    }


def common() -> list[dict[str, Any]]:
    """The glyphs of `nouns`, in order."""
    rows = []
    for group, text in SECTIONS.items():
        for line in text.strip().splitlines():
            mark, line = ("!", line[1:]) if line[0] == "!" else ("", line)
            id, _, names = line.partition(" ")
            rows.append(row(id, tuple(n.strip() for n in names.split(",")), group, WEIGHTS[mark]))
    return rows


def usable(listed: dict[str, bytes]) -> list[dict[str, Any]]:
    """Common nouns first, then every other drawable emoji of emojibase-data."""
    entries = json.loads(listed["en/data.json"])
    subgroups = json.loads(listed["meta/groups.json"])["subgroups"]
    tags = {plain(entry["hexcode"]): tuple(entry.get("tags", ())) for entry in entries}
    rows = [found | {"tags": tags.get(found["id"], ())} for found in common()]
    known = {found["id"] for found in rows}
    rest = (_rest(entry, subgroups) for entry in entries)
    return rows + [found for found in rest if found and found["id"] not in known]


def _rest(entry: dict[str, Any], subgroups: dict[str, str]) -> dict[str, Any] | None:
    label = entry["label"]
    if (
        "group" not in entry
        or subgroups[str(entry.get("subgroup"))] in LEFT_OUT
        or TWINS.search(label)
    ):
        return None
    if label in LEFT_OUT_NAMES:
        return None
    id, group = plain(entry["hexcode"]), GROUPS[entry["group"]]
    chosen = row(id, NAMES.get(label, (label,)), group, WEIGHTS["rest"])
    tags = tuple(entry.get("tags", ()))
    return chosen | {"tags": tags, "split": "glyphs" if split.held_glyph(id) else "train"}
