"""Pictures: read safely, fitted to a size, taken to and from model space, written whole.

    pixels = read("cat.webp")          # (H, W, 3) uint8, upright, on white
    x = to_model(square(pixels, 64))   # (3, 64, 64) float32 in [-1, 1]
    write("cat.png", from_model(x))

Only PNG, JPEG and WebP are opened, whatever a file is called, and a picture's size is read from
its header before a pixel is decoded: a 17 KB PNG can hold 400 MB. Of an animation the first frame
is read.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from unstir.modalities.files import replacing

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
MOST_PIXELS = 4096 * 4096
SMALLEST = 8
"""Pixels on a picture's shorter side below which there is nothing to learn from."""
_HOW: Mapping[str, Mapping[str, Any]] = {
    "PNG": {}, "JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 92},
}  # fmt: skip
_WHITE = (255, 255, 255)


class BadPicture(ValueError):
    """A picture that cannot be used; the message names the file and says why."""


class BadEnding(ValueError):
    """A file name whose ending names no format that is written; the message lists those that
    are."""


def read(path: str | os.PathLike[str], *, alpha: bool = False) -> np.ndarray:
    """The picture as (H, W, 3) uint8 on white, or (H, W, 4) with its alpha; turned upright by its
    EXIF."""
    return opened(Path(path), lambda image: _pixels(image, alpha))


def size_of(path: str | os.PathLike[str]) -> tuple[int, int]:
    """(width, height) from the header alone; BadPicture for what is no picture or too large."""
    return _headed(Path(path), lambda image: image.size)


def opened(path: Path, use: Callable[[Image.Image], Any]) -> Any:
    """`use` of the open picture, whose size is checked, and of a PNG the checksums, which Pillow
    leaves alone when it decodes; BadPicture for whatever goes wrong."""

    def verified(image: Image.Image) -> Any:
        if image.format == "PNG":
            with Image.open(path, formats=["PNG"]) as whole:
                whole.verify()
        return use(image)

    return _headed(path, verified)


def _headed(path: Path, use: Callable[[Image.Image], Any]) -> Any:
    """`use` of a picture of which no more than the head is checked."""
    try:
        kind = path.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise BadPicture(f"{path} is a pipe or device; save the picture in a file first")
        with quiet(), Image.open(path, formats=sorted(set(FORMATS.values()))) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise BadPicture(
                    f"{path} has {width} x {height} pixels; the limit is {MOST_PIXELS:,} in all"
                )
            return use(image)
    except (BadPicture, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # decoders meet hostile bytes here and fail in any way they like
        raise BadPicture(f"{path} {_reason(path, error)}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Pillow warns of large sizes, which are checked here, and of broken EXIF, which is no
    loss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _reason(path: Path, error: Exception) -> str:
    if not path.stat().st_size:
        return "is empty"
    if isinstance(error, Image.DecompressionBombError):
        return f"has far more pixels than the limit of {MOST_PIXELS:,}"
    if "cannot identify" in str(error):
        return "is not a PNG, JPEG or WebP picture"
    if "truncated" in str(error) or "Truncated" in str(error):
        return "is cut off: the picture ends too early"
    return f"is a damaged picture ({error})"


def upright(image: Image.Image, scaled: bool = False) -> Image.Image:
    """Turned by its EXIF; `scaled` from 16 bits of gray, which Pillow would clip, to 8."""
    image = ImageOps.exif_transpose(image)
    if scaled and image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image


def _pixels(image: Image.Image, alpha: bool) -> np.ndarray:
    image = upright(image, scaled=True)
    clear = image.has_transparency_data
    if alpha:
        return np.array(image.convert("RGBA"))
    return on_white(np.array(image.convert("RGBA"))) if clear else np.array(image.convert("RGB"))


def on_white(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 on white paper, (H, W, 3); what has no alpha is itself."""
    if pixels.shape[-1] == 3:
        return pixels
    paper = Image.new("RGBA", pixels.shape[1::-1], (*_WHITE, 255))
    return np.array(Image.alpha_composite(paper, Image.fromarray(pixels)))[..., :3]


def square(pixels: np.ndarray, size: int) -> np.ndarray:
    """The middle square of a picture, at `size` pixels."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(pixels[top : top + side, left : left + side], size, size)


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Lanczos resampling; the same array where the size is right already."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def to_model(pixels: np.ndarray) -> np.ndarray:
    """(..., H, W, C) uint8 -> (..., C, H, W) float32 in [-1, 1]."""
    return np.moveaxis(np.asarray(pixels, np.float32) / 127.5 - 1, -1, -3)


def from_model(x: np.ndarray) -> np.ndarray:
    """(..., C, H, W) in [-1, 1], clipped -> (..., H, W, C) uint8."""
    return np.moveaxis(np.clip(np.rint((x + 1) * 127.5), 0, 255).astype(np.uint8), -3, -1)


def format_of(path: str | os.PathLike[str]) -> str:
    """PNG, JPEG or WEBP by the ending of a name; BadEnding lists the endings."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise BadEnding(
            f"{path} ends in {suffix or 'nothing'}; pictures end in {', '.join(FORMATS)}"
        )
    return FORMATS[suffix]


def write(
    path: str | os.PathLike[str], pixels: np.ndarray, options: Mapping[str, Any] | None = None
) -> None:
    """Write (H, W, 3 or 4) uint8, whole or not at all, and read it back; `options` as of
    `image_text.embed`."""
    path, format = Path(path), format_of(path)
    check_alpha(path, pixels.shape[-1] == 4)
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, format, **_HOW[format], **(options or {}))
        again = read(temporary, alpha=pixels.shape[-1] == 4)
        if again.shape != pixels.shape or (format == "PNG" and not np.array_equal(again, pixels)):
            raise OSError(f"{path} did not read back as it was written; check the disk")


def check_alpha(path: str | os.PathLike[str], alpha: bool) -> None:
    """BadPicture where one with alpha is to be written as JPEG."""
    if alpha and format_of(path) == "JPEG":
        raise BadPicture(
            f"the picture has an alpha channel, which {path} cannot hold; write .png or .webp"
        )


def write_gif(
    path: str | os.PathLike[str],
    frames: Sequence[np.ndarray],
    *,
    milliseconds: int = 80,
    comment: str = "",
) -> None:
    """An animation of (H, W, 3 or 4) uint8 frames that rests on the last, whole or not at all."""
    if Path(path).suffix.lower() != ".gif":
        raise BadEnding(f"{path} does not end in .gif; an animation does")
    opaque = map(on_white, frames)
    images = [_indexed(Image.fromarray(f)) for f in opaque]
    times = [milliseconds] * (len(images) - 1) + [1500]
    with replacing(Path(path)) as temporary:
        images[0].save(
            temporary, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0,
            comment=comment.encode()[:60_000],
        )  # fmt: skip


def _indexed(image: Image.Image) -> Image.Image:
    """256 colors of its own, what they miss spread over the neighbors."""
    colors = image.quantize(256, Image.Quantize.FASTOCTREE)
    return image.quantize(palette=colors, dither=Image.Dither.FLOYDSTEINBERG)
