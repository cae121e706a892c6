"""Which emoji are drawn at all, and what the less common ones are called.

The common nouns come from `nouns`; everything else takes its Unicode name, shortened where the name is clumsy.
"""

from __future__ import annotations

import json
import re
from typing import Any

from unstir.datasets.emoji import split
from unstir.datasets.emoji.nouns import SECTIONS

LEFT_OUT = frozenset(
    "keycap alphanum transport-sign av-symbol zodiac arrow gender math punctuation currency other-symbol warning "
    "religion country-flag subdivision-flag flag family person-symbol skin-tone hair-style time geometric emotion "
    "sound".split()
)
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
BAD = re.compile(
    r"^(woman|man|women|men|Mrs\.|Mx|person: |couple|kiss|people holding)\b|: |suit$|button|symbol|o’clock|thirty"
)


def plain(hexcode: str) -> str:
    """The id of a glyph: code points in lower case, without variation selectors."""
    return hexcode.lower().replace("-fe0f", "").replace("_", "-")


def common() -> list[dict[str, Any]]:
    """The glyphs of `nouns`, in order."""
    rows = []
    for group, text in SECTIONS.items():
        for line in text.strip().splitlines():
            mark, line = ("!", line[1:]) if line[0] == "!" else ("", line)
            id, _, names = line.partition(" ")
            rows.append({"id": id, "names": tuple(n.strip() for n in names.split(",")), "group": group,
                         "weight": WEIGHTS[mark], "tags": (), "split": "train"})  # fmt: skip
    return rows


def usable(listed: dict[str, bytes]) -> list[dict[str, Any]]:
    """Common nouns first, then every other drawable emoji of emojibase-data."""
    entries = json.loads(listed["en/data.json"])
    subgroups = json.loads(listed["meta/groups.json"])["subgroups"]
    tags = {plain(entry["hexcode"]): tuple(entry.get("tags", ())) for entry in entries}
    rows = [row | {"tags": tags.get(row["id"], ())} for row in common()]
    known = {row["id"] for row in rows}
    return rows + [
        row for entry in entries if (row := _rest(entry, subgroups)) and row["id"] not in known
    ]


def _rest(entry: dict[str, Any], subgroups: dict[str, str]) -> dict[str, Any] | None:
    label = entry["label"]
    if (
        "group" not in entry
        or subgroups[str(entry.get("subgroup"))] in LEFT_OUT
        or BAD.search(label)
    ):
        return None
    id = plain(entry["hexcode"])
    return {"id": id, "names": (label,), "group": GROUPS[entry["group"]], "weight": WEIGHTS["rest"],
            "tags": tuple(entry.get("tags", ())), "split": "glyphs" if split.held_glyph(id) else "train"}  # fmt: skip
