"""The figures of docs/data.md, counted afresh.

python -m unstir.datasets.emoji.report CACHE        # a cache folder, filled by npm when empty
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from unstir.datasets.emoji import arrange, compose, split
from unstir.datasets.emoji.glyphs import Glyphs, load
from unstir.datasets.emoji.wearing import ACCESSORIES, HEADS

SCENES = 20_000


def figures(glyphs: Glyphs) -> Iterator[tuple[str, object]]:
    """(what, how many), in the order of the page."""
    drawn = [glyph for glyph in glyphs.info if glyph.weight > 0]
    common = [glyph for glyph in drawn if glyph.weight >= 1 and "#" not in glyph.id]
    yield "glyphs that are drawn alone", len(drawn)
    yield "common nouns among them", len(common)
    yield "colored twins and cut-outs among them", sum("#" in glyph.id for glyph in drawn)
    yield "held-out glyphs", sum(glyph.split == "glyphs" for glyph in drawn)
    yield "by group", dict(Counter(glyph.group for glyph in drawn))
    worn = {accessory.fit.name: accessory for accessory in ACCESSORIES}
    pairs = {
        (glyphs.info[glyphs.index[id]].name, name): split.held(
            glyphs.info[glyphs.index[id]].name, "wearing", name
        )
        for id in HEADS
        for name, accessory in worn.items()
        if arrange.wearable(id, accessory)
    }
    yield "subjects that wear", len(HEADS)
    yield "things to wear, and their colored forms", (len(worn), len(ACCESSORIES))
    yield "wearing pairs, and held out of them", (len(pairs), sum(pairs.values()))
    yield from _drafted(glyphs)


def _drafted(glyphs: Glyphs) -> Iterator[tuple[str, object]]:
    drafts = [compose.draft(glyphs, i) for i in range(SCENES)]
    kinds = Counter(made.parts["kind"] for made in drafts)
    yield f"kinds among {SCENES} training scenes", dict(kinds)
    yield "different captions among them, backgrounds unsaid", len({d.caption for d in drafts})
    hats = sum(
        d.parts["subject"] == "cat" and "hat" in str(d.parts.get("accessory")) for d in drafts
    )
    yield "cats in a hat among them", hats
    start = time.process_time()
    for i in range(500):
        compose.scene(glyphs, i)
    yield "milliseconds for a 64 px scene", round((time.process_time() - start) * 2, 2)


if __name__ == "__main__":
    for what, value in figures(load(Path(sys.argv[1]))):
        print(f"{what}: {value}")
