"""Things to wear, cut out of other glyphs or drawn: the snowman's scarf, the cowboy's hat ...

Cut ones are found by place and color in the 256 px source, so that they sit like worn things: seen
from the front, with no head inside. Colored twins (see `recolor`) are made here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unstir.datasets.emoji import recolor

F32 = NDArray[np.float32]
Keep = Callable[[F32, F32, F32, F32, F32], Any]
"""(r, g, b, x, y) -> how far a pixel belongs to the thing, 0 to 1; colors 0..255, places 0..1."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a source glyph, made `tall` times as high as it was."""

    id: str
    source: str
    names: tuple[str, ...]
    keep: Keep
    weight: float = 0.0
    tall: float = 1.0


CUTS = (
    Cut(
        "26c4#scarf",
        "26c4",
        ("blue scarf",),
        lambda r, g, b, x, y: (
            np.clip((b - r - 25) / 50, 0, 1) * (abs(y - 0.61) < 0.19) * (abs(x - 0.51) < 0.21)
        ),
    ),
    Cut(
        "1f920#hat",
        "1f920",
        ("cowboy hat",),
        lambda r, g, b, x, y: (
            (abs(r - 127) < 68) & (b < 130) & (y < np.where(abs(x - 0.5) < 0.24, 0.315, 0.37))
        ),
        1.0,
    ),
    Cut(
        "1f575#hat",
        "1f575",
        ("fedora",),
        lambda r, g, b, x, y: (y < 0.30) | ((y < 0.365) & (b > r - 15) & (r > 50)),
        0.5,
    ),
    Cut(
        "1f9d1-200d-1f373#hat",
        "1f9d1-200d-1f373",
        ("chef hat",),
        lambda r, g, b, x, y: (y < 0.21) | ((y < 0.27) & (b > r - 40)),
        0.7,
        1.5,
    ),
    Cut(
        "1f46e#hat",
        "1f46e",
        ("police cap",),
        lambda r, g, b, x, y: (y < 0.25) | ((y < 0.36) & (b > r - 10)),
        0.5,
    ),
    Cut("1f477#hat", "1f477", ("hard hat",), lambda r, g, b, x, y: y < 0.395, 0.7),
    Cut(
        "26d1#hat",
        "26d1",
        ("red helmet",),
        lambda r, g, b, x, y: (y < 0.61) & ((y < 0.55) | (r > g + 60)),
    ),
    Cut(
        "1f385#hat",
        "1f385",
        ("Santa hat",),
        lambda r, g, b, x, y: (
            ((y < 0.285) & (b > 120))
            | ((y < 0.3) & (r > g + 105))
            | ((x > 0.73) & (r > g + 95))
            | ((x > 0.77) & (y > 0.62))
        ),
        1.0,
    ),
    Cut("1f380#tie", "1f380", ("bow tie",), lambda r, g, b, x, y: y < 0.60),
)
PARTY_HAT = "drawn#party-hat"
HEADPHONES = "drawn#headphones"
PAW = "drawn#paw"


def make(
    decode: Callable[[str], Image.Image],
) -> list[tuple[str, tuple[str, ...], float, Image.Image]]:
    """All derived glyphs: (id, names, weight, RGBA); `decode` gives a source picture by id."""
    made = [(cut.id, cut.names, cut.weight, cut_out(decode(cut.source), cut)) for cut in CUTS]
    made.append((PARTY_HAT, ("party hat",), 0.7, party_hat()))
    made.append((HEADPHONES, ("+headphones",), 0.0, headphones()))
    made.append((PAW, ("paw",), 0.0, paw()))
    pictures = {id: picture for id, _, _, picture in made}
    for source, hue, color, name in recolor.variants():
        picture = recolor.recolor(pictures.get(source) or decode(source), hue, color)
        made.append((f"{source}#{color}", (name,), 0.0 if "#" in source else 0.4, picture))
    return made


def cut_out(source: Image.Image, cut: Cut) -> Image.Image:
    """The part of a picture that belongs to the thing, centered and scaled to fill its square."""
    rgba = np.asarray(source).astype(np.float32)
    r, g, b, a = np.moveaxis(rgba, -1, 0)
    ramp = np.linspace(0, 1, len(rgba), dtype=np.float32)
    rgba[..., 3] = a * cut.keep(r, g, b, ramp[None, :], ramp[:, None])
    image = Image.fromarray(rgba.astype(np.uint8), "RGBA")
    box = Image.fromarray(rgba[..., 3] > 40).getbbox()
    if box is None:
        raise ValueError(f"nothing of {cut.id!r} found in its source glyph")
    part = image.crop(box)
    return _square(
        part.resize((part.width, round(part.height * cut.tall)), Image.Resampling.BICUBIC)
    )


def _square(image: Image.Image) -> Image.Image:
    side = max(image.size)
    out = Image.new("RGBA", (side, side))
    out.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return out.resize((256, 256), Image.Resampling.BICUBIC)


def party_hat(size: int = 256) -> Image.Image:
    """A striped cone with a pompon, lit from the left."""
    x, y = _places(size)
    half = np.maximum(0.36 * (y - 0.10) / 0.80, 1e-6)
    across = x / half
    cone = (
        (abs(across) <= 1) & (y > 0.10) & (y < 0.88 + 0.08 * np.sqrt(np.clip(1 - across**2, 0, 1)))
    )
    stripe = (np.floor((y * 5 + across * 0.5) % 3)).astype(int)
    colors = np.array([(236, 70, 150), (70, 150, 240), (250, 206, 70)], np.float32)
    rgb = colors[stripe] * (1.05 - 0.3 * np.clip(across, -1, 1) ** 2 - 0.12 * across)[..., None]
    ball = np.hypot(x, y - 0.11) < 0.10
    rgb = np.where(ball[..., None], np.array((255, 225, 90), np.float32), rgb)
    return _picture(rgb, cone | ball)


def headphones(size: int = 256) -> Image.Image:
    """A band over the head and a cup at either side, as wide as the square."""
    x, y = _places(size)
    band = (y < 0.66) & (abs(np.hypot(x / 0.42, (y - 0.60) / 0.53) - 1) < 0.085)
    out = np.maximum(abs(abs(x) - 0.415) / 0.085, abs(y - 0.70) / 0.20)
    cups = (abs(abs(x) - 0.415) / 0.085) ** 4 + (abs(y - 0.70) / 0.22) ** 4 < 1
    light = np.where(cups, 1.0 - 0.3 * out - 0.12 * x, 0.9 - 0.2 * x)
    rgb = np.array((206, 200, 214), np.float32) * np.clip(light, 0.5, 1.2)[..., None]
    return _picture(rgb, band | cups)


def paw(size: int = 256) -> Image.Image:
    """A white ball lit from above, to be tinted like the one whose paw it is."""
    x, y = _places(size)
    reach = np.hypot(x / 0.46, (y - 0.5) / 0.42)
    light = np.clip(1.08 - 0.25 * reach**3 - 0.25 * (y - 0.3), 0, 1)
    return _picture(light[..., None] * np.array((255, 255, 255), np.float32), reach < 1)


def _picture(rgb: NDArray[np.floating], inside: NDArray[np.bool_]) -> Image.Image:
    alpha = np.where(inside, 255, 0)
    return Image.fromarray(np.dstack([np.clip(rgb, 0, 255), alpha]).astype(np.uint8), "RGBA")


def _places(size: int) -> tuple[F32, F32]:
    """x from the middle and y from the top of every pixel, in shares of the square."""
    ramp = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return ramp[None, :] - np.float32(0.5), ramp[:, None]
