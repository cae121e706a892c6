"""Build a data set in a folder that `train` takes.

    for written in data("emoji", out=Path("emoji-set")): print(written.done, written.total)

The glyphs come by the ordinary npm client, once; see docs/data.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unstir.core.find import named
from unstir.datasets.emoji.build import Written, building
from unstir.folders import cache_dir
from unstir.tasks.request import whole


def data(
    name: str,
    *,
    out: Path,
    count: int = 30_000,
    heldout: int = 1_000,
    size: int = 64,
    seed: int = 0,
    replace: bool = False,
    cache: Path | None = None,
) -> Iterator[Written]:
    """Build a data set of captioned pictures.

    Args:
        name: Which: emoji.
        out: Folder to build; it appears whole or not at all.
        count: Pictures to learn from.
        heldout: Pictures of combinations that are never among those.
        size: Pixels of a side.
        seed: Another seed composes other pictures.
        replace: Replace a set that was built here before.
        cache: Folder with the npm packages, or where they are fetched to.
    """
    named({"emoji": None}, name, "data sets")
    whole("count", count, 1, 10_000_000)
    whole("heldout", heldout, 0, 10_000_000)
    whole("size", size, 16, 256)
    return building(
        out, count, cache=cache or cache_dir() / "emoji", size=size, seed=seed, heldout=heldout,
        replace=replace,
    )  # fmt: skip
