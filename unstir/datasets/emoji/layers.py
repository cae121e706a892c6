"""Pictures out of glyphs: layers in scene coordinates, painted double, averaged down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unstir.datasets.emoji.glyphs import Glyphs

Box = tuple[float, float, float, float]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One glyph, its whole square at (left, top) with a size; the canvas is 1 x 1."""

    row: int
    left: float
    top: float
    width: float
    height: float
    flip: bool = False
    angle: float = 0.0
    tint: tuple[float, float, float] | None = None  # factors of r, g, b

    def tight(self, glyphs: Glyphs) -> Box:
        """The box of what is visible."""
        l, t, r, b = glyphs.boxes[self.row]
        if self.flip:
            l, r = 1 - r, 1 - l
        return (self.left + l * self.width, self.top + t * self.height,
                self.left + r * self.width, self.top + b * self.height)  # fmt: skip

    def moved(self, scale: float, dx: float, dy: float) -> Layer:
        """Scaled about the origin, then shifted."""
        return replace(self, left=self.left * scale + dx, top=self.top * scale + dy,
                       width=self.width * scale, height=self.height * scale)  # fmt: skip


def union(glyphs: Glyphs, layers: list[Layer]) -> Box:
    """The box around all that is visible."""
    boxes = np.array([layer.tight(glyphs) for layer in layers])
    return (*boxes[:, :2].min(0), *boxes[:, 2:].max(0))


def fit(
    glyphs: Glyphs, layers: list[Layer], extent: float, at: tuple[float, float]
) -> list[Layer]:
    """Scale all layers so that the longer side is `extent`; put them at `at` in the free room."""
    left, top, right, bottom = union(glyphs, layers)
    scale = extent / max(right - left, bottom - top)
    dx = (1 - (right - left) * scale) * at[0] - left * scale
    dy = (1 - (bottom - top) * scale) * at[1] - top * scale
    return [layer.moved(scale, dx, dy) for layer in layers]


def paint(glyphs: Glyphs, layers: list[Layer], background: F32) -> tuple[NDArray[np.uint8], F32]:
    """The picture (H, W, 3) and the alpha of what stands before the background (H, W)."""
    canvas = background.copy()  # (2H, 2W, 3), 0..255
    mask = np.zeros(canvas.shape[:2], np.float32)
    for layer in layers:
        _over(glyphs, layer, canvas, mask)
    return (_halve(canvas) + 0.5).astype(np.uint8), _halve(mask)


def _over(glyphs: Glyphs, layer: Layer, canvas: F32, mask: F32) -> None:
    side = canvas.shape[0]
    x, y = round(layer.left * side), round(layer.top * side)
    patch = _patch(glyphs, layer, side)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + patch.shape[1], side), min(y + patch.shape[0], side)
    if x0 >= x1 or y0 >= y1:
        return
    patch = patch[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
    if layer.tint is not None:
        patch[..., :3] *= np.array(layer.tint, np.float32)
    through = 1 - patch[..., 3] / 255
    canvas[y0:y1, x0:x1] = patch[..., :3] + through[..., None] * canvas[y0:y1, x0:x1]
    mask[y0:y1, x0:x1] = 1 - through * (1 - mask[y0:y1, x0:x1])


def _patch(glyphs: Glyphs, layer: Layer, side: int) -> NDArray[np.uint8]:
    size = max(1, round(layer.width * side)), max(1, round(layer.height * side))
    image = glyphs.image(layer.row).resize(size, Image.Resampling.BILINEAR, reducing_gap=None)
    if layer.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if layer.angle:
        image = image.rotate(layer.angle, Image.Resampling.BILINEAR)
    return np.asarray(image)


def _halve(a: F32) -> F32:
    """Area average over 2 x 2."""
    return (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) * 0.25
