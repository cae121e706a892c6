"""Glyphs in other colors: a red cap is the blue cap with its hue turned, shading and all.

Only parts near the glyph's own hue change (a hat keeps its ribbon); dark glyphs are tinted by
their lightness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HUES = {
    "red": 0.985,
    "orange": 0.075,
    "yellow": 0.135,
    "green": 0.36,
    "blue": 0.58,
    "purple": 0.76,
    "pink": 0.91,
}
"""Hue of a color name, in turns."""
TINTS = {
    "red": (212, 44, 52),
    "blue": (52, 112, 224),
    "green": (56, 160, 80),
    "purple": (140, 76, 200),
}
REACH = 0.12
"""How far from the glyph's own hue, in turns, a part may be to change with it."""

COLORED = """
1f9e2 | cap | .55 | red green yellow pink
26c4#scarf | scarf | .58 | red green yellow pink
1f3a9 | hat | dark | red blue green purple
1f380 | bow | .95 | blue yellow purple green
1f697 | car | .97 | blue green yellow purple
1f388 | balloon | .95 | blue green yellow purple
1f455 | T-shirt | .30 | red blue yellow pink
1f457 | dress | .57 | red green yellow purple
1f337 | tulip | .88 | red yellow purple
1f426 | bird | .94 | blue green yellow
1f41f | fish | .57 | red green purple orange
1f98b | butterfly | .01 | blue purple green pink
1f392 | backpack | .93 | blue green purple
1f9e4 | +gloves | .79 | red blue green
2602 | umbrella | .72 | red blue green yellow
"""
"""Glyph | what its variants are called after the color | its own hue | the further colors."""


def recolor(image: Image.Image, hue: str, color: str) -> Image.Image:
    """RGBA with its parts of hue `hue` (turns, or "dark") in another color."""
    return _tint(image, TINTS[color]) if hue == "dark" else _turn(image, float(hue), color)


def _turn(image: Image.Image, own: float, color: str) -> Image.Image:
    hsv = np.asarray(image.convert("RGB").convert("HSV")).astype(np.float32) / 255
    away = (hsv[..., 0] - own + 0.5) % 1 - 0.5
    near = (abs(away) < REACH) & (hsv[..., 1] > 0.2)
    turned = hsv.copy()
    turned[..., 0] = (HUES[color] + 0.35 * away) % 1
    if color == "yellow":
        turned[..., 2] = np.clip(0.45 + 0.6 * hsv[..., 2], 0, 1)
    if color == "green":
        turned[..., 1:] *= (0.85, 0.82)
    out = np.where(near[..., None], turned, hsv)
    rgb = Image.fromarray((out * 255).round().astype(np.uint8), "HSV").convert("RGB")
    rgb.putalpha(image.getchannel("A"))
    return rgb


def _tint(image: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    rgba = np.asarray(image).astype(np.float32)
    light, spread = rgba[..., :3].mean(-1), np.ptp(rgba[..., :3], axis=-1)
    shade = np.clip(0.62 + (light - 45) / 90, 0.35, 1.25)[..., None]
    tinted: NDArray[np.float32] = np.clip(shade * np.array(color, np.float32), 0, 255)
    rgba[..., :3] = np.where((spread < 60)[..., None], tinted, rgba[..., :3])
    return Image.fromarray(rgba.round().astype(np.uint8), "RGBA")


def variants() -> list[tuple[str, str, str, str]]:
    """(source id, own hue, color, name), one per colored twin."""
    rows = [[cell.strip() for cell in line.split("|")] for line in COLORED.strip().splitlines()]
    return [
        (id, hue, color, _name(color, noun))
        for id, noun, hue, colors in rows
        for color in colors.split()
    ]


def _name(color: str, noun: str) -> str:
    return f"+{color} {noun[1:]}" if noun[0] == "+" else f"{color} {noun}"
