"""Holes in pictures: what part a model looks at, what stands in a hole before, and how new pixels
are set in without a seam and without touching a known one.

    box = around(mask, least=(64, 64))        # the part of the picture, with context
    smooth = filled(values, known)            # known values continued into the hole
    pixels = set_in(old, new, mask, feather)  # where mask is 0, `old` bit for bit

Masks are (H, W) float32, 1 = repaint. `filled` is the pyramid of Gortler et al. 1996. New pixels
seldom meet the known ones exactly: the difference at the border is carried straight into the hole
and fades within the feather, all of it inside. So the step across the border is the new picture's
own; a membrane over the difference (Perez et al. 2003) is smoother inside, but steeper there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

MOST_BESIDE = 2
"""How much larger than the picture a box may be, on the side where the picture is shorter."""


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels; it may reach beyond the picture."""

    left: int
    top: int
    width: int
    height: int

    def of(self, array: np.ndarray, beside: float = 0) -> np.ndarray:
        """This part of an array (H, W, ...), `beside` where there is no picture."""
        height, width = array.shape[:2]
        rows = max(0, -self.top), max(0, self.top + self.height - height)
        columns = max(0, -self.left), max(0, self.left + self.width - width)
        inner = self.within(width, height)
        part = array[inner.top : inner.top + inner.height, inner.left : inner.left + inner.width]
        return np.pad(part, (rows, columns, *[(0, 0)] * (array.ndim - 2)), constant_values=beside)

    def within(self, width: int, height: int) -> Box:
        """What of it lies in a picture of that size."""
        left, top = max(0, self.left), max(0, self.top)
        right, bottom = min(width, self.left + self.width), min(height, self.top + self.height)
        return Box(left, top, right - left, bottom - top)


def around(mask: np.ndarray, least: tuple[int, int], context: float) -> Box:
    """The part of a picture with the hole in it, `context` times the hole's longer side to each
    side, no smaller than `least` (width, height) and of its proportions. Where the picture ends
    before, it reaches beyond; where it would do so by far, it is long and narrow instead."""
    columns, rows = (np.flatnonzero(mask.any(axis)) for axis in (0, 1))
    spans = [(int(a[0]), int(a[-1]) + 1) for a in (columns, rows)]
    margin = context * max(high - low for low, high in spans)
    whole = mask.shape[::-1]
    wanted = [(high - low + 2 * margin) / n for (low, high), n in zip(spans, least, strict=True)]
    most = max(size / n for size, n in zip(whole, least, strict=True))
    factor = min(max(1.0, *wanted), most)
    axes = [
        _along(span, round(n * factor), size)
        for span, n, size in zip(spans, least, whole, strict=True)
    ]
    return Box(axes[0][0], axes[1][0], axes[0][1], axes[1][1])


def _along(span: tuple[int, int], side: int, size: int) -> tuple[int, int]:
    """Where `side` begins on an axis of the picture, and how long it is."""
    if side > MOST_BESIDE * size:
        return 0, size
    if side >= size:
        return (size - side) // 2, side
    return min(max(0, (sum(span) - side) // 2), size - side), side


def filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, C) with what is not known, 0 in `known` (H, W), continued from what is; all 0 where
    nothing is known."""
    values = np.asarray(values, np.float32)
    weight = np.asarray(known, np.float32)[..., None]
    if weight.min() >= 1 or not weight.any() or weight.shape[0] * weight.shape[1] == 1:
        return values * (weight > 0)
    mass = _halved(weight)
    half = _halved(values * weight) / np.maximum(mass, 1e-6)
    far = filled(half, np.minimum(4 * mass[..., 0], 1))
    return weight * values + (1 - weight) * _resized(far, *values.shape[1::-1])


def set_in(old: np.ndarray, new: np.ndarray, mask: np.ndarray, feather: float) -> np.ndarray:
    """`new` in the hole of `old`, (H, W, 3) uint8 both; grays of the mask blend."""
    hole = mask > 0
    deep = round(feather)
    offset, ring = continued(old.astype(np.float32) - new, hole, deep)
    fade = np.where(ring > 0, 1 - (ring - 1) / max(1, deep), 0).astype(np.float32)
    painted = new + fade[..., None] * offset
    blend = mask[..., None] * painted + (1 - mask[..., None]) * old
    pixels = np.clip(np.rint(blend), 0, 255).astype(np.uint8)
    return np.where(hole[..., None], pixels, old)


def continued(values: np.ndarray, hole: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, C) carried straight into the hole, ring by ring: each pixel is the mean of those of
    its four neighbors that had a value before; and the ring, 1 at the border, 0 where the hole is
    not or is deeper."""
    height, width, channels = values.shape
    has, free = (np.pad(m, 1).reshape(-1) for m in (~hole, hole))  # outside of the picture neither
    carried = np.pad(np.where(hole[..., None], 0, values), ((1, 1), (1, 1), (0, 0)))
    carried, rings = carried.reshape(-1, channels), np.zeros(len(has), np.int32)
    beside = np.array([-width - 2, -1, 1, width + 2])
    front = np.flatnonzero(has)
    for ring in range(1, depth + 1):
        near = (front[:, None] + beside).ravel()
        front = np.unique(near[free[near]])
        if not len(front):
            break
        near = front[:, None] + beside
        carried[front] = carried[near].sum(1) / has[near].sum(1)[:, None]
        has[front], free[front], rings[front] = True, False, ring
    inner = slice(1, -1), slice(1, -1)
    return (
        carried.reshape(height + 2, width + 2, channels)[inner],
        rings.reshape(height + 2, width + 2)[inner],
    )


def _halved(a: np.ndarray) -> np.ndarray:
    """Means of blocks of 2 x 2; an odd last row or column counts as half of one."""
    height, width = a.shape[:2]
    a = np.pad(a, ((0, height % 2), (0, width % 2), (0, 0)))
    return (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4


def _resized(a: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = [Image.fromarray(np.ascontiguousarray(a[..., c])) for c in range(a.shape[-1])]
    return np.dstack([np.asarray(p.resize((width, height), Image.Resampling.BILINEAR))
                      for p in planes])  # fmt: skip
