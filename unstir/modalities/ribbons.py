"""Chains as pictures: ribbons from blue, where a chain begins, to red; Pillow alone.

    pixels = grid([ca, ...])           # traces (N, 3) in angstrom -> (H, W, 3) uint8

Helices are bands that wind, strands are arrows, the rest is thin; what is nearer covers what is
farther. The band lies across the plane of a residue and its two neighbors, which is along the
axis of a helix and in the plane of a sheet (compare Carson & Bugg 1986, who know where the oxygens
are).
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw

from unstir.modalities.ball_and_stick import FINE, GROUND, turned
from unstir.modalities.folds import secondary

MOST = 64
"""Chains of one picture."""
SIDE = 256
SMOOTH = 12
"""Points of the curve from residue to residue."""
WIDE = {"H": 1.6, "E": 1.3, "C": 0.25}
"""Half of the width in angstrom."""
HEAD, BROAD = 1.5, 2.2
"""Residues of an arrow's head, and half of its width."""
LIGHT = np.array([-0.4, -0.5, 0.77])


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
    curve, across = _curve(x), _curve(_across(x))
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9
    half = across * _widths(secondary(x))[: len(curve), None]
    scale = FINE * SIDE / (2 * float(np.abs(curve[:, :2]).max()) + 6)
    left, right = (FINE * SIDE / 2 + scale * (curve + side * half)[:, :2] for side in (-1, 1))
    image = Image.new("RGB", (FINE * SIDE, FINE * SIDE), GROUND)
    draw = ImageDraw.Draw(image)
    deep = (curve[:-1, 2] + curve[1:, 2]) / 2
    far = (deep - deep.min()) / max(float(np.ptp(deep)), 1e-6)
    thin = max(1, round(scale * WIDE["C"]))
    for i in np.argsort(deep):
        color = _color(i / len(deep), far[i], curve[i + 1] - curve[i], across[i])
        edge = tuple(part // 2 for part in color)
        corners = [tuple(p) for p in (left[i], left[i + 1], right[i + 1], right[i])]
        draw.polygon(corners, fill=color)
        middle = [tuple(FINE * SIDE / 2 + scale * curve[k, :2]) for k in (i, i + 1)]
        draw.line(middle, fill=color, width=2 * thin)
        for a, b in ((0, 1), (2, 3)):
            draw.line([corners[a], corners[b]], fill=edge, width=FINE)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def _color(along: float, near: float, way: np.ndarray, across: np.ndarray) -> tuple[int, int, int]:
    """By the place along the chain, paler far away, lit where the band faces the light."""
    normal = np.cross(way, across)
    lit = abs(float(normal @ LIGHT)) / (float(np.linalg.norm(normal)) + 1e-9)
    rgb = colorsys.hsv_to_rgb(0.66 * (1 - along), 0.75 * (0.5 + 0.5 * near), 0.55 + 0.45 * lit)
    red, green, blue = (int(255 * part) for part in rgb)
    return red, green, blue


def _across(x: np.ndarray) -> np.ndarray:
    """(N, 3) across the plane of each residue and its neighbors, none turned over to the next."""
    step = np.diff(x, axis=0)
    out = np.cross(step[:-1], step[1:])
    out /= np.linalg.norm(out, axis=-1, keepdims=True) + 1e-9
    out = np.concatenate([out[:1], out, out[-1:]])
    for i in range(1, len(out)):
        if out[i] @ out[i - 1] < 0:
            out[i] = -out[i]
    out[1:-1] = (out[:-2] + 2 * out[1:-1] + out[2:]) / 4
    return out


def _widths(letters: str) -> np.ndarray:
    """Half the width of the band at each point of the curve; a strand ends as an arrow."""
    parts = []
    for letter, run in groupby(letters):
        count = SMOOTH * len(list(run))
        part = np.full(count, WIDE[letter])
        if letter == "E":
            head = min(count, int(HEAD * SMOOTH))
            part[count - head :] = np.linspace(BROAD, WIDE["C"], head)
        parts.append(part)
    return np.concatenate(parts)


def _curve(x: np.ndarray) -> np.ndarray:
    """Points on the curve of Catmull & Rom (1974) through x (N, 3)."""
    around = np.concatenate([2 * x[:1] - x[1:2], x, 2 * x[-1:] - x[-2:-1]])
    a, b, c, d = (around[k : len(around) - 3 + k, None] for k in range(4))
    u = (np.arange(SMOOTH) / SMOOTH)[:, None]
    points = (
        2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3
    )
    return points.reshape(-1, 3) / 2
