"""Holes in pictures: what part a model looks at, what stands in a hole before, and how new pixels
are set in without a seam and without touching a known one.

    box = around(mask, least=(64, 64))        # the part of the picture, with context
    smooth = filled(values, known)            # known values continued into the hole
    pixels = set_in(old, new, mask, feather)  # where mask is 0, `old` bit for bit

Masks are (H, W) float32, 1 = repaint. New pixels seldom meet the known ones exactly. The
difference along the border is continued smoothly into the hole (the membrane of Perez et al.
2003, by the pyramid of Gortler et al. 1996) and fades within the feather, all of it inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """This part of an array (H, W, ...)."""
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


def around(mask: np.ndarray, least: tuple[int, int], context: float) -> Box:
    """The part of a picture with the hole in it, `context` times the hole's longer side to each
    side, no smaller than `least` (width, height) and of its proportions, as far as the picture
    goes."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    spans = [(int(a[0]), int(a[-1]) + 1) for a in (columns, rows)]
    margin = context * max(high - low for low, high in spans)
    whole = mask.shape[::-1]
    factor = max(1.0, *((high - low + 2 * margin) / n
                        for (low, high), n in zip(spans, least, strict=True)))  # fmt: skip
    sides = [min(round(n * factor), most) for n, most in zip(least, whole, strict=True)]
    corner = [
        min(max(0, (low + high - side) // 2), most - side)
        for (low, high), side, most in zip(spans, sides, whole, strict=True)
    ]
    return Box(*corner, *sides)


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
    offset = filled(old.astype(np.float32) - new, ~hole)
    inside = Image.fromarray(np.uint8(255 * hole)).filter(ImageFilter.GaussianBlur(feather / 2))
    fade = np.clip(2 - np.asarray(inside, np.float32) / 127.5, 0, 1)[..., None]
    painted = new + fade * offset
    blend = mask[..., None] * painted + (1 - mask[..., None]) * old
    pixels = np.clip(np.rint(blend), 0, 255).astype(np.uint8)
    return np.where(hole[..., None], pixels, old)


def _halved(a: np.ndarray) -> np.ndarray:
    """Means of blocks of 2 x 2; an odd last row or column counts as half of one."""
    height, width = a.shape[:2]
    a = np.pad(a, ((0, height % 2), (0, width % 2), (0, 0)))
    return (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4


def _resized(a: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = [Image.fromarray(np.ascontiguousarray(a[..., c])) for c in range(a.shape[-1])]
    return np.dstack([np.asarray(p.resize((width, height), Image.Resampling.BILINEAR))
                      for p in planes])  # fmt: skip
