"""Background colors: names a person would say, each an RGB center, jittered a little per scene."""

from __future__ import annotations

COLORS: dict[str, tuple[int, int, int]] = {
    "white": (252, 252, 252),
    "gray": (150, 152, 156),
    "black": (24, 24, 26),
    "red": (218, 48, 48),
    "orange": (246, 146, 44),
    "yellow": (250, 218, 66),
    "green": (66, 172, 84),
    "teal": (36, 150, 150),
    "light blue": (156, 208, 246),
    "blue": (52, 104, 222),
    "purple": (136, 72, 196),
    "pink": (248, 158, 198),
    "brown": (132, 88, 58),
    "beige": (236, 218, 188),
}
