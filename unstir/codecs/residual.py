"""What an enlarged picture lacks, in blocks: the space in which an upscaler works.

    high = enlarge(low) + std * shuffle(z)          z (B, 3 f^2, h, w) for low (B, 3, h, w)

z is on unit deviation and has a channel for each pixel of an f x f block, so a network sees the
large picture at the resolution of the small one (pixel shuffle, Shi et al. 2016; residual target,
Li et al. 2022, SRDiff). The mean over each block is known: it is what `low` says there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Residual:
    """The factor f and the deviation of what is missing, of pictures in [-1, 1]."""

    factor: int
    std: float

    def normalize(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Pictures (B, 3, f h, f w) beside small ones (B, 3, h, w) -> z."""
        return unshuffle(high - enlarge(low, self.factor), self.factor) / self.std

    def restore(self, z: np.ndarray, low: np.ndarray) -> np.ndarray:
        """z -> pictures (B, 3, f h, f w), not clipped."""
        return enlarge(low, self.factor) + self.std * shuffle(z, self.factor)

    def means(self, low: np.ndarray) -> np.ndarray:
        """The block means of z (B, 3, h, w) with which the picture shrinks to `low` exactly."""
        return (low - shrink(enlarge(low, self.factor), self.factor)) / self.std


def enlarge(x: np.ndarray, factor: int) -> np.ndarray:
    """Bicubic resampling of (B, C, h, w) float32 to `factor` times the size."""
    b, c, h, w = x.shape
    planes = np.ascontiguousarray(x, np.float32).reshape(-1, h, w)
    size = (factor * w, factor * h)
    large = [Image.fromarray(p).resize(size, Image.Resampling.BICUBIC) for p in planes]
    return np.stack([np.asarray(p) for p in large]).reshape(b, c, factor * h, factor * w)


def shrink(x: np.ndarray, factor: int) -> np.ndarray:
    """The mean of each block: (B, C, f h, f w) -> (B, C, h, w)."""
    return _blocks(x, factor).mean((3, 5))


def unshuffle(x: np.ndarray, factor: int) -> np.ndarray:
    """Blocks to channels: (B, C, f h, f w) -> (B, C f^2, h, w), as torch's pixel_unshuffle."""
    b, c, h, w = x.shape
    blocks = _blocks(x, factor).transpose(0, 1, 3, 5, 2, 4)
    return blocks.reshape(b, c * factor * factor, h // factor, w // factor)


def shuffle(z: np.ndarray, factor: int) -> np.ndarray:
    """Channels to blocks: (B, C f^2, h, w) -> (B, C, f h, f w), as torch's pixel_shuffle."""
    b, c, h, w = z.shape
    blocks = z.reshape(b, c // factor**2, factor, factor, h, w).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(b, c // factor**2, h * factor, w * factor)


def block_means(z: np.ndarray, factor: int) -> np.ndarray:
    """The mean of z over each block and color: (B, C f^2, h, w) -> (B, C, h, w)."""
    b, c, h, w = z.shape
    return z.reshape(b, c // factor**2, factor**2, h, w).mean(2)


def repeated(y: np.ndarray, factor: int) -> np.ndarray:
    """The z with these block means and nothing else: (B, C, h, w) -> (B, C f^2, h, w)."""
    return np.repeat(y, factor**2, axis=1)


def _blocks(x: np.ndarray, factor: int) -> np.ndarray:
    """(B, C, h, f, w, f)."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // factor, factor, w // factor, factor)
