"""Things to wear that are cut out of other glyphs: the snowman's scarf, the cowboy's hat ...

Each is found by color in the 256 px source, so that it sits like a worn thing: front view, no head inside.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

DERIVED = {"worn scarf": "26c4"}
"""Name -> id of the glyph it is cut from."""


def derive(name: str, source: Image.Image) -> Image.Image:
    """The cut-out, RGBA, scaled to fill its square."""
    rgba = np.asarray(source).astype(np.float32)
    r, g, b, a = np.moveaxis(rgba, -1, 0)
    y = np.linspace(0, 1, len(rgba))[:, None]
    keep = {"worn scarf": (b > r + 40) & (y > 0.42)}[name]
    out = np.dstack([rgba[..., :3], np.where(keep, a, 0)]).round().astype(np.uint8)
    image = Image.fromarray(out, "RGBA")
    box = image.getchannel("A").getbbox()
    if box is None:
        raise ValueError(f"nothing of {name!r} found in its source glyph")
    return _square(image.crop(box))


def _square(image: Image.Image) -> Image.Image:
    side = max(image.size)
    out = Image.new("RGBA", (side, side))
    out.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return out.resize((256, 256), Image.Resampling.BICUBIC)
