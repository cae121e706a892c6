"""Chains as pictures: a ribbon from blue, where it begins, to red; Pillow alone.

    pixels = grid([ca, ...])           # traces (N, 3) in angstrom -> (H, W, 3) uint8

Helices are thick, strands middling, the rest thin; what is nearer covers what is farther.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from unstir.modalities.ball_and_stick import FINE, GROUND, turned
from unstir.modalities.folds import secondary

MOST = 64
"""Chains of one picture."""
SIDE = 256
SMOOTH = 16
"""Points of the curve from residue to residue."""
THICK = {"H": 1.5, "E": 1.0, "C": 0.45}
"""Half of the width in angstrom."""


def grid(traces: Sequence[np.ndarray]) -> np.ndarray:
    """All in rows, a square of `SIDE` pixels each."""
    wide = min(4, max(1, len(traces)))
    high = -(-len(traces) // wide)
    out = Image.new("RGB", (wide * SIDE, high * SIDE), GROUND)
    for i, trace in enumerate(traces):
        out.paste(_square(trace), (i % wide * SIDE, i // wide * SIDE))
    return np.asarray(out)


def _square(trace: np.ndarray) -> Image.Image:
    x = turned(np.asarray(trace, float))
    curve = _curve(x)
    scale = FINE * SIDE / (2 * float(np.abs(curve[:, :2]).max()) + 4)
    thick = np.repeat([THICK[letter] for letter in secondary(x)], SMOOTH)[: len(curve)]
    place = FINE * SIDE / 2 + scale * curve[:, :2]
    depth = (curve[:, 2] - curve[:, 2].min()) / max(float(np.ptp(curve[:, 2])), 1e-6)
    image = Image.new("RGB", (FINE * SIDE, FINE * SIDE), GROUND)
    draw = ImageDraw.Draw(image)
    for i in np.argsort(depth):
        hue = 0.66 * (1 - i / len(curve))
        light = 0.55 + 0.45 * depth[i]
        color = tuple(int(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.75, light))
        edge = tuple(part // 2 for part in color)
        for radius, fill in ((scale * thick[i] + FINE, edge), (scale * thick[i], color)):
            draw.ellipse((*(place[i] - radius), *(place[i] + radius)), fill=fill)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def _curve(x: np.ndarray) -> np.ndarray:
    """Points on the curve of Catmull & Rom (1974) through x (N, 3)."""
    around = np.concatenate([2 * x[:1] - x[1:2], x, 2 * x[-1:] - x[-2:-1]])
    a, b, c, d = (around[k : len(around) - 3 + k, None] for k in range(4))
    u = (np.arange(SMOOTH) / SMOOTH)[:, None]
    points = (
        2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3
    )
    return points.reshape(-1, 3) / 2
