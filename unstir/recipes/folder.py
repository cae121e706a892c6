"""A person's own folder of pictures: the recipe follows from what is in it.

    unstir train pictures/ --out runs/mine
    unstir generate "a red mushroom" --model runs/mine -o mushroom.png

Captions (metadata.jsonl, or a .txt beside each picture) make a text-to-image model, class folders
one by label, neither one without condition. Small pictures (32 px and less) are learned as
pixels; larger ones at 64 px through the shipped autoencoder, tuned to them. A text-to-image model
at 64 px begins from the shipped emoji model, so that a few hundred pictures are enough to start
with.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unstir.modalities import image_folder
from unstir.modalities.images import size_of
from unstir.recipes import emoji
from unstir.recipes.recipe import Recipe
from unstir.runtimes.shelf import SHIPPED
from unstir.training.settings import Settings

EMOJI = SHIPPED / "emoji"
TUNE = Settings(steps=500, batch=32, lr=5e-4, muon_lr=5e-3, warmup=50, cooldown=0.5, ema=(0.1,))
"""How the shipped autoencoder is tuned to a person's pictures."""
SMALL = 32
"""Pictures up to this side are learned as pixels."""


class Pictures:
    """The pictures of a folder, decoded and cropped to squares, with their captions or labels."""

    def __init__(self, folder: image_folder.Folder, size: int) -> None:
        self.pixels, self.folder = image_folder.load(folder, size)
        self.labels = {label: i for i, label in enumerate(self.folder.labels)}

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def fingerprint(self) -> str:
        said = [(i.path.relative_to(self.folder.root).as_posix(), i.caption, i.label)
                for i in self.folder.items]  # fmt: skip
        return hashlib.sha256(repr(said).encode() + self.pixels.tobytes()).hexdigest()

    def sample(self, index: int, /) -> tuple[np.ndarray, str | int]:
        item = self.folder.items[index]
        return self.pixels[index], self.labels[item.label] if self.labels else item.caption


def open_folder(root: Path) -> tuple[Recipe, Pictures, dict[str, Path]]:
    """(recipe, source, models to begin from) for a folder; BadFolder if there is no picture in
    it."""
    folder = image_folder.scan(root)
    size = _size(folder)
    pictures = Pictures(folder, size)
    recipe = _recipe(_name(root), pictures, size)
    same = ["autoencoder"] if recipe.codec else []
    if same and recipe.condition == emoji.recipe.condition:
        same.append("denoiser")
    return recipe, pictures, dict.fromkeys(same, EMOJI)


def _name(root: Path) -> str:
    """What the model is called: the folder's name, as far as a model may have it."""
    plain = "".join(c if c.isprintable() and c not in "/\\:" else " " for c in root.resolve().name)
    return " ".join(plain.split())[:100] or "mine"


def _size(folder: image_folder.Folder) -> int:
    """64, or the largest of 8, 16, 32 that most pictures fill."""
    sides = [min(size_of(item.path)) for item in folder.items[:500]]
    middle = float(np.median(sides))
    return next(size for size in (64, 32, 16, 8) if middle > size / 2 or size == 8)


def _recipe(name: str, pictures: Pictures, size: int) -> Recipe:
    base = replace(
        emoji.recipe,
        name=name,
        title=f"Trained on the pictures of {name}",
        size=size,
        condition=_condition(pictures),
        licences={**emoji.recipe.licences, f"pictures of {name}": "as the pictures are"},
        trainer=_trainer(len(pictures)),
    )
    if size > SMALL:
        return replace(base, coder=TUNE)
    widths = {8: [32, 64], 16: [48, 96], 32: [48, 96, 128]}[size]
    sizes = dict(widths=widths, blocks=1, attention=[len(widths) - 1], embedding=128)
    return replace(base, codec=None, coder=None, sizes=sizes)


def _condition(pictures: Pictures) -> dict[str, Any] | None:
    if pictures.labels:
        return {"name": "labels", "classes": list(pictures.labels)}
    if any(item.caption for item in pictures.folder.items):
        return dict(emoji.recipe.condition or {})
    return None


def _trainer(count: int) -> Settings:
    """About 60 passes over the pictures, between 1,500 and 10,000 steps; an hour or less on two
    cores."""
    batch = 32
    steps = min(10_000, max(1_500, 60 * count // batch))
    return Settings(steps=steps, batch=batch, lr=5e-4, muon_lr=0.01, warmup=100, preview_every=500)
