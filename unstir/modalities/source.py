"""Pictures that are edited, and masks that say where: read without losing anything.

    source = read_source("cat.png")            # upright, with its alpha and its color profile
    change = read_mask("mask.png", source)     # (H, W) float32: 1 = repaint, 0 = known

What an edit keeps it keeps to the last bit, so a picture that does not fit 8 bits a channel is
refused and not rounded.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from unstir.modalities.images import BadPicture, on_white, opened, upright

SNAP = 8 / 255
"""Nearer than this to black or white a mask is that: JPEG leaves no clean black."""
_PROFILED = ("RGB", "RGBA", "P", "PA")
"""Modes whose color profile is still right for the RGB that is written."""
_MOVING = ("PNG", "WEBP")
"""Formats that animate; the JPEGs of phones hold other pictures, of which none is a next frame."""


@dataclass(frozen=True)
class Source:
    """A picture as it is: `pixels` (H, W, 3) uint8, `alpha` (H, W) uint8 or None where it has
    none."""

    path: str
    pixels: np.ndarray
    alpha: np.ndarray | None
    profile: bytes | None
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def shown(self) -> np.ndarray:
        """What an eye or a model sees: on white, (H, W, 3) uint8."""
        return self.pixels if self.alpha is None else on_white(self.with_alpha(self.pixels))

    def on_paper(self) -> Source:
        """Without its alpha, on white."""
        return replace(self, pixels=self.shown, alpha=None)

    def opaque_in(self, mask: np.ndarray) -> Source:
        """Opaque in a mask (H, W), where it is to be painted; elsewhere as it is."""
        if self.alpha is None:
            return self
        alpha = np.where(mask > 0, np.uint8(255), self.alpha)
        return replace(self, alpha=None if (alpha == 255).all() else alpha)

    def with_alpha(self, pixels: np.ndarray) -> np.ndarray:
        """Other pixels with this picture's alpha, where it has one, brought to their size."""
        if self.alpha is None:
            return pixels
        alpha, (height, width) = self.alpha, pixels.shape[:2]
        if alpha.shape != (height, width):
            resized = Image.fromarray(alpha).resize((width, height), Image.Resampling.BICUBIC)
            alpha = np.asarray(resized)
        return np.dstack([pixels, alpha])


def read_source(path: str | os.PathLike[str]) -> Source:
    """The picture to edit; BadPicture for 16 bits a channel."""
    path = Path(os.path.expanduser(path))

    def use(image: Image.Image) -> Source:
        _fits(path, image)
        frames = getattr(image, "n_frames", 1)
        moves = frames > 1 and image.format in _MOVING
        notes = (f"{path} is an animation; its first frame is taken",) if moves else ()
        profile = image.info.get("icc_profile") if image.mode in _PROFILED else None
        image = upright(image)
        clear = image.has_transparency_data
        pixels = np.array(image.convert("RGBA" if clear else "RGB"))
        alpha = pixels[..., 3] if clear else None
        return Source(os.fspath(path), pixels[..., :3], alpha, profile, sha256(path), notes)

    return opened(path, use)


def read_mask(
    path: str | os.PathLike[str], size: tuple[int, int], by_alpha: bool = False
) -> np.ndarray:
    """(H, W) float32: what is white, or with `by_alpha` transparent, is 1; BadPicture where
    `size`, (width, height), is another, where it cannot be told what is meant, and where nothing
    is to be repainted."""
    path = Path(os.path.expanduser(path))
    rgba = opened(path, lambda image: np.array(upright(image, scaled=True).convert("RGBA")))
    height, width = rgba.shape[:2]
    if (width, height) != tuple(size):
        raise BadPicture(
            f"the mask {path} is {width} x {height} pixels and the picture {size[0]} x {size[1]}; "
            "give one of the same size"
        )
    clear = _snapped(1 - rgba[..., 3] / 255)
    white = _snapped(np.array(Image.fromarray(rgba[..., :3]).convert("L")) / 255)
    if by_alpha and not clear.any():
        raise BadPicture(
            f"the mask {path} has no transparent part; without --mask-alpha its white is repainted"
        )
    if not by_alpha and clear.any():
        raise BadPicture(
            f"the mask {path} has transparent parts; give --mask-alpha to repaint those, or a "
            "mask in black and white"
        )
    if not by_alpha and not white.any():
        raise BadPicture(
            f"the mask {path} is all black: there is nothing to repaint; white is repainted"
        )
    return clear if by_alpha else white


def clear_parts(source: Source) -> np.ndarray:
    """The mask of what is transparent in a picture; BadPicture where nothing is."""
    alpha = np.full(source.size[::-1], 255) if source.alpha is None else source.alpha
    mask = _snapped(1 - alpha / 255)
    if not mask.any():
        raise BadPicture(f"{source.path} has no transparent part to repaint; give a mask or a box")
    return mask


def sha256(path: str | os.PathLike[str]) -> str:
    """Of a file, as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _snapped(mask: np.ndarray) -> np.ndarray:
    mask = np.where(mask <= SNAP, 0, np.where(mask >= 1 - SNAP, 1, mask))
    return mask.astype(np.float32)


def _fits(path: Path, image: Image.Image) -> None:
    with path.open("rb") as file:
        head = file.read(25)
    deep = head.startswith(b"\x89PNG") and head[24] == 16
    if deep or image.mode.startswith(("I", "F")):
        raise BadPicture(
            f"{path} has 16 bits a channel, and pictures are written with 8: its known pixels "
            "would change; convert it to 8 bits first"
        )
