"""Lines of pictures: where the edges are, and drawings read as such.

    lines = edges(pixels)                    # (H, W, 3) uint8 -> (H, W) float32, 0 or 1
    lines = drawn(pixels)                    # the strokes of a drawing, dark or light

Edges are maxima of the gradient across themselves, one pixel thin: weak ones count where they hang
on strong ones (Canny 1986; gradients by Sobel, the largest of the colors').
"""

from __future__ import annotations

import numpy as np

STRONG, WEAK = 0.16, 0.06
"""Gradients that are an edge, and that go on with one, in full contrasts a pixel."""
FAINT = 0.25
"""Less contrast than this share of the strongest is no stroke of a drawing."""


def edges(pixels: np.ndarray, strong: float = STRONG) -> np.ndarray:
    """(H, W, 3) uint8 -> 1 on edges, float32; `strong` is the gradient from which on there is
    one."""
    gy, gx = gradients(pixels.astype(np.float32) / 255)
    size = np.hypot(gy, gx)
    thin = size * _maxima(size, gy, gx)
    on, may = thin >= strong, thin >= strong * WEAK / STRONG
    while True:
        more = may & _spread(on)
        if (more == on).all():
            return on.astype(np.float32)
        on = more


def drawn(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> how much of a stroke each pixel is, 0 to 1, float32; the ground is what
    most of the picture is."""
    gray = pixels.astype(np.float32).mean(-1)
    contrast = np.abs(gray - np.median(gray))
    most = contrast.max()
    if most < 1:
        return np.zeros_like(contrast)
    return np.where(contrast >= FAINT * most, contrast / most, 0).astype(np.float32)


def gradients(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, C) -> down and across, (H, W), of the color that changes most."""
    p = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="edge")
    smooth = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 8, (p[:-2] + 2 * p[1:-1] + p[2:]) / 8
    gy, gx = smooth[0][2:] - smooth[0][:-2], smooth[1][:, 2:] - smooth[1][:, :-2]
    most = np.hypot(gy, gx).argmax(-1)[..., None]
    return np.take_along_axis(gy, most, -1)[..., 0], np.take_along_axis(gx, most, -1)[..., 0]


def _maxima(size: np.ndarray, gy: np.ndarray, gx: np.ndarray) -> np.ndarray:
    """Where no neighbor across the edge, in the nearest of four directions, is larger."""
    p, (height, width) = np.pad(size, 1), size.shape
    octant = np.rint(np.arctan2(gy, gx) / (np.pi / 4)).astype(int) % 4
    out = np.zeros(size.shape, bool)
    for number, (dy, dx) in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        before = p[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        after = p[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        out |= (octant == number) & (size >= before) & (size > after)
    return out


def _spread(on: np.ndarray) -> np.ndarray:
    """Each pixel and its eight neighbors."""
    p = np.pad(on, 1)
    down = p[:-2] | p[1:-1] | p[2:]
    return down[:, :-2] | down[:, 1:-1] | down[:, 2:]
