"""Backgrounds: flat or softly graded; mostly white where the caption names no color."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from unstir.datasets.emoji.colors import COLORS
from unstir.datasets.emoji.glyphs import Glyphs, mean_color
from unstir.datasets.emoji.layers import Layer

NAMED = 0.42
PLAIN_WHITE = 0.8
GRADED = 0.2
NEAR = 75.0
"""RGB distance under which a thing would drown in its background."""


@dataclass(frozen=True, slots=True)
class Background:
    """Its pixels (S, S, 3) 0..255, its color's name, and whether the caption is to name it."""

    pixels: NDArray[np.float32]
    name: str
    named: bool


def background(glyphs: Glyphs, rng: Generator, layers: list[Layer], side: int) -> Background:
    """A background for these layers; colors near the main thing's own are usually passed over."""
    named = bool(rng.random() < NAMED)
    white = not named and rng.random() < PLAIN_WHITE
    name = "white" if white else _name(rng, mean_color(glyphs, layers[0].row))
    jitter = rng.normal(0, 2.0 if name == "white" else 7.0, 3)
    color = np.clip(np.array(COLORS[name]) + jitter, 0, 255).astype(np.float32)
    return Background(_fill(rng, color, side, 4.0 if name == "white" else 22.0), name, named)


def _name(rng: Generator, own: NDArray[np.float64]) -> str:
    names = tuple(COLORS)
    for _ in range(4):
        name = names[int(rng.integers(len(names)))]
        if np.linalg.norm(own - COLORS[name]) > NEAR:
            break
    return name


def _fill(
    rng: Generator, color: NDArray[np.float32], side: int, depth: float
) -> NDArray[np.float32]:
    pixels = np.empty((side, side, 3), np.float32)
    pixels[:] = color
    if rng.random() < GRADED:
        angle = rng.uniform(0, 2 * np.pi)
        ramp = np.linspace(-1, 1, side, dtype=np.float32)
        slope = ramp[:, None] * np.float32(np.sin(angle)) + ramp[None, :] * np.float32(
            np.cos(angle)
        )
        pixels += np.float32(depth * rng.uniform(0.4, 1.0)) * slope[..., None]
        np.clip(pixels, 0, 255, out=pixels)
    return pixels
