"""The forward process on a picture of one's own: a strip from data to noise.

    strip = noise("photo.jpg", steps=8)          # (H, 8 W, 3) uint8

Each tile is x_t = alpha_t x_0 + sigma_t eps at equal steps of t, with one and the same eps, shown
at unit contrast (divided by sqrt(alpha^2 + sigma^2)). Nothing is learned and no model is needed.
"""

from __future__ import annotations

import numpy as np

from unstir.core.find import find
from unstir.core.noise import gaussian
from unstir.core.schedules import level
from unstir.modalities.images import from_model, read, square, to_model
from unstir.tasks.request import seed_or_drawn, whole


def noise(
    image: str, *, steps: int = 8, schedule: str = "cosine", size: int = 128, seed: int = 0
) -> np.ndarray:
    """Draw how a picture is stirred into noise, as a strip.

    Args:
        image: The picture: PNG, JPEG or WebP.
        steps: Tiles of the strip; the first is the picture, the last is noise.
        schedule: How fast: cosine, flow, scaled_linear, linear_beta, sigmoid, edm, ve.
        size: Pixels of a tile.
        seed: The number the noise is drawn from.
    """
    whole("steps", steps, 2, 64)
    whole("size", size, 8, 1024)
    process = find("schedules", schedule)()
    x0 = to_model(square(read(image), size))
    eps = gaussian([seed_or_drawn(seed)], x0.shape)(-1)[0]
    tiles = []
    for i in range(steps):
        t = level(process, i / (steps - 1))
        unit = (t.alpha**2 + t.sigma**2) ** -0.5
        tiles.append(from_model(unit * (t.alpha * x0 + t.sigma * eps)))
    return np.concatenate(tiles, axis=1)
