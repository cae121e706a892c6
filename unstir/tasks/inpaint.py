"""Repaint a part of a picture and keep the rest to the last bit.

inpaint("cat.png", "a cat wearing a hat", box=(60, 0, 120, 80))[0].save("hat.png")
"""

from __future__ import annotations

import os
from typing import Annotated

import numpy as np

from unstir.modalities.images import BadPicture
from unstir.modalities.source import Source, clear_parts, read_mask, read_source, sha256
from unstir.tasks.prepared import prepare
from unstir.tasks.repaint import repaint
from unstir.tasks.request import BadRequest
from unstir.tasks.run import Run


def inpaint(
    image: str,
    prompt: str | None = None,
    *,
    mask: str | None = None,
    box: Annotated[tuple[int, int, int, int] | None, "X,Y,WIDTH,HEIGHT"] = None,
    mask_alpha: bool = False,
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
    """Repaint a part of a picture; all else stays as it is.

    Args:
        image: The picture: PNG, JPEG or WebP, of any size.
        mask: A picture of the same size: white is repainted, black kept, gray changed a little.
        box: Repaint a rectangle instead: X,Y,WIDTH,HEIGHT in pixels from the top left corner.
        mask_alpha: Repaint what is transparent in the mask or, without one, in the picture,
            which is opaque there then.
        context: How far around the hole the model looks, in sizes of the hole.
        feather: Pixels inside the hole over which new colors adapt to the known ones.
        method: seen, for models that were trained to repaint (their default), or held, for all.
        rounds: Go up and down the walk so often (RePaint): better joins for more time.
    """
    source = read_source(image)
    hole, read = _hole(source, mask, box, mask_alpha)
    options = {"mask": mask, "box": _words(box), "mask_alpha": mask_alpha or None}
    if mask_alpha and mask is None:
        source = source.opaque_in(hole)
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads, steps=steps,
        sampler=sampler, scale=scale, spacing=spacing,
    )  # fmt: skip
    return repaint(
        ready, n, source, hole, context=context, rounds=rounds, feather=feather,
        method=method, verb="inpaint",
        given={"image": os.fspath(image)}, files={os.fspath(image): source.sha256, **read},
        options={name: value for name, value in options.items() if value is not None},
    )  # fmt: skip


def _hole(
    source: Source, mask: str | None, box: tuple[int, int, int, int] | None, mask_alpha: bool
) -> tuple[np.ndarray, dict[str, str]]:
    """The mask, and the SHA-256 of its file."""
    if (mask is None) + (box is None) != 1 and not (mask_alpha and mask is None and box is None):
        raise BadRequest("say what to repaint: a mask, or a box of X,Y,WIDTH,HEIGHT; one of them")
    if mask is not None:
        return read_mask(mask, source.size, mask_alpha), {mask: sha256(os.path.expanduser(mask))}
    if box is None:
        return clear_parts(source), {}
    if mask_alpha:
        raise BadRequest("mask_alpha speaks of a mask or of the picture; leave the box out")
    return _boxed(source, box), {}


def _boxed(source: Source, box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, width, height = box
    wide, high = source.size
    if min(left, top) < 0 or min(width, height) < 1:
        raise BadRequest(
            f"box is {_words(box)}; give X,Y,WIDTH,HEIGHT, from 0,0 at the top left corner on"
        )
    if left + width > wide or top + height > high:
        raise BadPicture(
            f"the box {_words(box)} reaches beyond {source.path}, which is {wide} x {high} pixels"
        )
    mask = np.zeros((high, wide), np.float32)
    mask[top : top + height, left : left + width] = 1
    return mask


def _words(box: tuple[int, int, int, int] | None) -> str | None:
    return None if box is None else ",".join(map(str, box))
