"""Molecules as pictures: balls and sticks, seen from where they are widest; Pillow alone.

pixels = grid(structures)           # (H, W, 3) uint8, a square for each
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from unstir.modalities.sdf import Structure

MOST = 64
"""Molecules of one picture."""
SIDE, FINE, SPAN = 192, 3, 8.5
"""Pixels of a square, how much finer it is drawn, and angstrom across it where more would fit."""
BALLS = {"H": ("#e8e8e8", 0.22), "C": ("#505050", 0.36), "N": ("#3858d8", 0.35),
         "O": ("#d83030", 0.34), "F": ("#50b050", 0.33)}  # fmt: skip
"""Color and radius in angstrom; Corey, Pauling & Koltun's colors."""
OTHER = ("#c050c0", 0.4)
STICK = 0.13
GROUND = (255, 255, 255)


def grid(structures: Sequence[Structure]) -> np.ndarray:
    """All in rows, a square of `SIDE` pixels each."""
    wide = min(8, max(1, len(structures)))
    high = -(-len(structures) // wide)
    out = Image.new("RGB", (wide * SIDE, high * SIDE), GROUND)
    for i, structure in enumerate(structures):
        out.paste(_square(structure), (i % wide * SIDE, i // wide * SIDE))
    return np.asarray(out)


def _square(structure: Structure) -> Image.Image:
    x = turned(np.asarray(structure.positions, float))
    span = max(SPAN, 2 * float(np.abs(x[:, :2]).max(initial=0)) + 1.2)
    scale = FINE * SIDE / span
    place = FINE * SIDE / 2 + scale * x[:, :2]
    image = Image.new("RGB", (FINE * SIDE, FINE * SIDE), GROUND)
    draw = ImageDraw.Draw(image)
    first, second = np.nonzero(np.triu(structure.bonds, 1))
    parts = [(x[i, 2], None, int(i)) for i in range(len(structure))]
    sticks = [
        (min(x[i, 2], x[j, 2]) - 0.01, (int(i), int(j)), 0)
        for i, j in zip(first, second, strict=True)
    ]
    for depth, pair, atom in sorted([*parts, *sticks], key=lambda part: part[0]):
        far = float(np.clip((depth + 3) / 8, 0, 1))
        if pair is None:
            color, radius = BALLS.get(structure.symbols[atom], OTHER)
            _ball(draw, place[atom], scale * radius, color, far)
        else:
            _stick(draw, place[list(pair)], int(structure.bonds[pair]), scale, far)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def turned(x: np.ndarray) -> np.ndarray:
    """Widest along x, then y; a turn, not a reflection."""
    x = x - x.mean(0)
    axes = np.linalg.svd(x, full_matrices=True)[2]
    axes[2] *= np.sign(np.linalg.det(axes))
    return x @ axes.T


def _ball(
    draw: ImageDraw.ImageDraw, at: np.ndarray, radius: float, color: str, far: float
) -> None:
    rgb = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)])
    for share in np.linspace(1, 0.15, 12):
        light = 1 - share**2
        shade = rgb * (0.55 + 0.45 * far) * (0.75 + 0.25 * light) + 90 * light**2 * (1 - share)
        middle = at - 0.3 * radius * (1 - share)
        box = (*(middle - share * radius), *(middle + share * radius))
        draw.ellipse(box, fill=tuple(np.clip(shade, 0, 255).astype(int)))


def _stick(
    draw: ImageDraw.ImageDraw, ends: np.ndarray, order: int, scale: float, far: float
) -> None:
    along = ends[1] - ends[0]
    aside = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    gray = int(150 - 60 * far)
    for k in range(order):
        offset = aside * scale * STICK * 1.7 * (k - (order - 1) / 2)
        line = [tuple(end + offset) for end in ends]
        draw.line(line, fill=(gray,) * 3, width=max(1, round(scale * STICK)))
