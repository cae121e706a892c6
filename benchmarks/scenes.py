"""Levers of the data: the cache of a run whose scenes or captions are others.

    python -m benchmarks.scenes RUN base|plain|own-shares|few     # renders and encodes 24,000
    python benchmarks/levers.py RUN base SEED                     # trains on them, and measures

Held-out scenes, their captions included, are the same for all. "plain" says each thing by its
first name and in one way; "own-shares" has as many scenes of each kind as the set itself, instead
of the recipe's, which has more of two things; "few" are 3,000 scenes, each seen eight times as
often. Results: docs/log.md.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unstir.datasets import emoji as data
from unstir.datasets.emoji import captions
from unstir.datasets.emoji.compose import KINDS
from unstir.datasets.emoji.grammar import NUMBERS, Noun, article, indefinite, plural
from unstir.datasets.emoji.wearing import ACCESSORIES
from unstir.folders import cache_dir
from unstir.recipes import emoji
from unstir.recipes.pipeline import stages
from unstir.runtimes.shelf import SHIPPED

COUNT, FEW = 24_000, 3_000


class Plain(emoji.Scenes):
    """Scenes with one caption each that they could have."""

    @property
    def fingerprint(self) -> str:
        """That of the scenes, and that they are plainly told."""
        return f"{super().fingerprint}, plain"

    def sample(self, index: int, /) -> tuple[np.ndarray, str]:
        """A picture, and its caption."""
        scene = data.scene(self.glyphs, self.first + index, size=self.size, shares=self.shares)
        return scene.image, plain(scene.parts, self.names)

    @property
    def names(self) -> dict[str, str]:
        """The first name of each glyph and of what is worn, as grammar writes it."""
        worn = {accessory.id: accessory.names[0] for accessory in ACCESSORIES}
        return worn | {glyph.id: glyph.names[0] for glyph in self.glyphs.info}


def plain(parts: dict[str, Any], names: dict[str, str]) -> str:
    """A caption of a scene by its first names: "a cat next to a dog on a blue background"."""
    subject = Noun.parse(names[parts["subject_id"]])
    if parts["kind"] == "count":
        text = f"{NUMBERS[parts['count']]} {plural(subject.words)}"
    elif parts["kind"] == "single":
        text = indefinite(subject)
    else:
        other = Noun.parse(names[parts["other_id"]])
        text = f"{indefinite(subject)} {parts['relation']} {indefinite(other)}"
    if not parts["background_named"]:
        return text
    color = parts["background"]
    return captions.BACKGROUNDS[0].format(text, a=article(color), c=color)


def source(name: str) -> emoji.Scenes:
    """The scenes of a lever."""
    root = cache_dir() / "emoji"
    if name == "plain":
        return Plain(root, COUNT)
    if name == "own-shares":
        own = {make.__name__.strip("_"): share for make, share in KINDS.items()}
        return emoji.Scenes(root, COUNT, shares=own)
    return emoji.Scenes(root, FEW if name == "few" else COUNT)


def main(run: Path, name: str) -> None:
    """Fill the run's cache, by the shipped autoencoder."""
    torch.set_num_threads(1)
    recipe = replace(emoji.recipe, coder=None, repaints=False)
    for event in stages(recipe, source(name), run, {"autoencoder": SHIPPED / "emoji"}):
        print(f"{event.stage}: {event.done} of {event.total}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [run, ("base" | "plain" | "own-shares" | "few") as name]:
            main(Path(run), name)
        case _:
            sys.exit("usage: python -m benchmarks.scenes RUN base|plain|own-shares|few")
