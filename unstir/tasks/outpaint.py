"""Paint beyond the border of a picture; the picture itself stays as it is.

outpaint("photo.jpg", "a red car on a road", left=90)[0].save("wide.png")
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from unstir.modalities.images import MOST_PIXELS, BadPicture
from unstir.modalities.source import Source, read_source
from unstir.tasks.prepared import prepare
from unstir.tasks.repaint import repaint
from unstir.tasks.request import BadRequest, whole
from unstir.tasks.run import Run

WIDEST = 4096
"""Pixels that may be added to a side."""


def outpaint(
    image: str,
    prompt: str | None = None,
    *,
    left: int = 0,
    right: int = 0,
    top: int = 0,
    bottom: int = 0,
    context: float = 1.0,
    feather: int | None = None,
    rounds: int = 1,
    method: str | None = None,
    model: str = "emoji",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    spacing: str | None = None,
    threads: int | None = None,
) -> Run:
    """Paint beyond the border of a picture, which itself stays as it is.

    Args:
        image: The picture: PNG, JPEG or WebP, of any size.
        left: Pixels to add on the left.
        right: Pixels to add on the right.
        top: Pixels to add above.
        bottom: Pixels to add below.
    """
    sides = {"left": left, "right": right, "top": top, "bottom": bottom}
    for side, pixels in sides.items():
        whole(side, pixels, 0, WIDEST)
    if not any(sides.values()):
        raise BadRequest("say where to paint: left, right, top or bottom, in pixels")
    source = read_source(image)
    wide, mask = widened(source, sides)
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads, steps=steps,
        sampler=sampler, scale=scale, spacing=spacing,
    )  # fmt: skip
    return repaint(
        ready, n, wide, mask, context=context, rounds=rounds, feather=feather,
        method=method, verb="outpaint",
        given={"image": os.fspath(image)}, files={os.fspath(image): source.sha256},
        options={side: pixels for side, pixels in sides.items() if pixels},
    )  # fmt: skip


def widened(source: Source, sides: dict[str, int]) -> tuple[Source, np.ndarray]:
    """The picture with an opaque border to be painted, and the mask of that."""
    across, down = (sides["left"], sides["right"]), (sides["top"], sides["bottom"])
    width, height = (n + sum(more) for n, more in zip(source.size, (across, down), strict=True))
    if width * height > MOST_PIXELS:
        raise BadPicture(f"that makes {width} x {height} pixels; the limit is {MOST_PIXELS:,}")
    pixels = np.pad(source.pixels, (down, across, (0, 0)))
    alpha = source.alpha
    if alpha is not None:
        alpha = np.pad(alpha, (down, across), constant_values=255)
    mask = np.pad(np.zeros(source.pixels.shape[:2], np.float32), (down, across), constant_values=1)
    return replace(source, pixels=pixels, alpha=alpha), mask
