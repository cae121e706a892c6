"""What generative models are compared on: data in model space, held-out data, and a space to
measure in.

    world = open_world("digits")         # or mixture, emoji, or a folder of pictures
    world.train, world.real              # (N, *shape) float32; learned from, and held out
    world.features(x)                    # (N, D): the space of distances, named world.space
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unstir.codecs.residual import shuffle, unshuffle
from unstir.datasets import digits, emoji, mixture
from unstir.folders import cache_dir
from unstir.modalities import image_folder
from unstir.modalities.images import from_model, to_model
from unstir.recipes.cache import new_array
from unstir.runtimes.features import features

NAMES = ("digits", "mixture", "emoji")
SIDE = 32
"""Pixels of a folder's pictures and of emoji scenes."""
PATCH = 2
HELD_OUT = 100
"""Pictures of a folder that are held out at least, if that is no more than a third; else a tenth
of them."""
COPIED = 5_000
"""Of the samples to learn from, those among which copies are looked for."""
LEAST = 200
"""Pictures that a folder must have."""


@dataclass(frozen=True)
class World:
    """Data to compare on; `labels` count from 0 to `classes`, 0 classes have none. `budget` is the
    training of each contestant in floating-point operations."""

    name: str
    train: np.ndarray
    real: np.ndarray
    labels: np.ndarray | None
    real_labels: np.ndarray | None
    classes: int
    space: str
    features: Callable[[np.ndarray], np.ndarray]
    budget: float
    widths: tuple[int, ...] = ()
    patch: int = 1
    """Pictures are learned as blocks of patch x patch pixels, a channel for each pixel."""

    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Samples as pictures (N, C, H, W)."""
        return shuffle(x, self.patch)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a sample."""
        return self.train.shape[1:]

    @cached_property
    def seen(self) -> dict[str, np.ndarray]:
        """The features of what is held out, and of the first of what is learned from."""
        return {"real": self.features(self.real), "train": self.features(self.train[:COPIED])}

    @property
    def fingerprint(self) -> str:
        """Of all that is learned from and measured against."""
        parts = (self.train, self.real, self.labels, self.real_labels)
        text = b"".join(part.tobytes() for part in parts if part is not None)
        return hashlib.sha256(text).hexdigest()


def open_world(what: str) -> World:
    """The data of a name or of a folder of pictures."""
    if what in NAMES:
        return {"digits": _digits, "mixture": _mixture, "emoji": _emoji}[what]()
    return _folder(Path(what))


def _digits() -> World:
    """8 x 8 drawn digits; distances between their 64 pixels."""
    (train, labels), (real, real_labels) = (
        digits.batch(range(5000)),
        digits.batch(range(2000), seed=1),
    )
    return World(
        "digits", _gray(train), _gray(real), labels, real_labels, 10, "64 pixels",
        lambda x: x.reshape(len(x), -1).astype(np.float64), budget=5e11, widths=(8, 16),
    )  # fmt: skip


def _gray(pixels: np.ndarray) -> np.ndarray:
    return (2 * pixels - 1)[:, None].astype(np.float32)


def _mixture() -> World:
    train, real = mixture.points(50_000), mixture.points(10_000, seed=1)
    return World(
        "mixture", train, real, None, None, 0, "2 coordinates",
        lambda x: x.astype(np.float64), budget=1e12,
    )  # fmt: skip


def _emoji(count: int = 20_000, held_out: int = 2_000) -> World:
    """Scenes at 32 px, composed once and kept in the cache folder."""
    glyphs = emoji.load(cache_dir() / "emoji")
    train, real = (to_model(_scenes(glyphs, n, seed)) for n, seed in ((count, 0), (held_out, 5)))
    return _pictures("emoji", train, real, None, None, 0)


def _scenes(glyphs: Any, count: int, seed: int) -> np.ndarray:
    """Taken from the cache if its first is still what would be composed today."""
    file = cache_dir() / "worlds" / f"emoji-{SIDE}-{seed}-{count}.npy"
    composed = (emoji.scene(glyphs, i, seed=seed, size=SIDE).image for i in range(count))
    first = next(composed)
    if not file.exists() or (np.load(file, mmap_mode="r")[0] != first).any():
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_array(file, (count, SIDE, SIDE, 3), np.uint8) as scenes:
            scenes[0] = first
            for i, image in enumerate(composed, 1):
                scenes[i] = image
    return np.load(file)


def _folder(root: Path) -> World:
    pixels, folder = image_folder.load(image_folder.scan(root), SIDE)
    if len(pixels) < LEAST:
        raise ValueError(
            f"{root} has {len(pixels)} pictures; a comparison needs {LEAST}, or it would measure "
            "chance"
        )
    names = {name: i for i, name in enumerate(folder.labels)}
    labels = np.array([names[item.label] for item in folder.items]) if names else None
    out = np.arange(len(pixels)) % min(10, max(3, len(pixels) // HELD_OUT)) == 0
    train, real = to_model(pixels[~out]), to_model(pixels[out])
    split = (None, None) if labels is None else (labels[~out], labels[out])
    return _pictures(root.resolve().name, train, real, *split, len(names))


def _pictures(
    name: str, train: np.ndarray, real: np.ndarray, labels: np.ndarray | None,
    real_labels: np.ndarray | None, classes: int,
) -> World:  # fmt: skip
    space = features("efficientnet-lite0")

    def seen(x: np.ndarray) -> np.ndarray:
        pixels = from_model(np.clip(shuffle(x, PATCH), -1, 1))
        parts = [space(list(pixels[i : i + 64])) for i in range(0, len(x), 64)]
        return np.concatenate(parts).astype(np.float64)

    train, real = (unshuffle(x, PATCH) for x in (train, real))
    return World(
        name, train, real, labels, real_labels, classes, space.name, seen, budget=3e13,
        widths=(24, 48, 96), patch=PATCH,
    )  # fmt: skip
