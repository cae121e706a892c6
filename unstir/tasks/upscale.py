"""Enlarge a picture: what resampling cannot know is drawn.

    upscale("photo.jpg")[0].save("large.png")

A model of kind "upscaler" (recipes/upscaler.py) draws the pixels within each pixel, told the
picture; it has a factor of its own, from which others are resampled. How: tasks/enlarge.py.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from unstir.codecs.residual import Residual
from unstir.core.find import NotFound
from unstir.modalities.images import MOST_PIXELS
from unstir.modalities.source import read_source
from unstir.runtimes.manifest import BadModel, Manifest
from unstir.tasks.enlarge import Enlargement
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.run import Run

SHIPPED = "upscaler"
LARGEST = 8


def upscale(
    image: str,
    *,
    factor: int = 4,
    exact: bool = True,
    noise: float = 0.0,
    model: str = SHIPPED,
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Run:
    """Enlarge a picture.

    Args:
        image: The picture: PNG, JPEG or WebP.
        factor: How many times larger, from 2 to 8; 4 is what the model learned, others are
            resampled from that.
        exact: Shrunk again by means over blocks, the result is the picture; --no-exact leaves the
            model free to clean it up.
        noise: How noisy the picture is, 0 to 1, for --no-exact.
        steps: Budget of calls of the denoiser for each tile.
    """
    whole("factor", factor, 2, LARGEST)
    noise = number("noise", noise, 0, 1)
    if noise and exact:
        raise BadRequest(f"noise {noise:g} would be kept with the rest; add --no-exact")
    source = read_source(image)
    ready = _prepared(
        model, n=n, seed=seed, threads=threads, steps=steps, sampler=sampler, spacing=spacing
    )
    residual = _residual(ready.model.manifest)
    width, height = source.size
    most = max(factor, residual.factor)
    if width * height * most**2 > MOST_PIXELS:
        raise BadRequest(
            f"{image} has {width} x {height} pixels; made {most} times larger it would have more "
            f"than {MOST_PIXELS:,}: give a part of it, or a smaller one"
        )
    tile = ready.model.manifest.shape[1], ready.model.manifest.shape[2]
    job = Enlargement(ready.way, ready.seed, source, factor, residual, tile, exact, noise)
    options = {"factor": factor, "no-exact": None if exact else True, "noise": noise or None}
    recipe = ready.recipe(
        times=job.steps, pixels=(factor * width, factor * height), verb="upscale",
        given={"image": os.fspath(image)}, files={os.fspath(image): source.sha256},
        options={name: value for name, value in options.items() if value is not None},
    )  # fmt: skip
    return Run(ready.model, job, replace(recipe, scale=None), n, source.notes, source, group=1)


def _prepared(model: str, **asked: Any) -> Prepared:
    try:
        return prepare(None, "", model=model, kind="upscaler", **asked)
    except NotFound as error:
        if model != SHIPPED or SHIPPED not in str(error):
            raise
        raise BadModel(
            "there is no upscaler here yet: `unstir train upscaler --out runs/upscaler` makes "
            "one; then give --model runs/upscaler"
        ) from None


def _residual(manifest: Manifest) -> Residual:
    said = manifest.upscale or {}
    return Residual(said["factor"], said["std"])
