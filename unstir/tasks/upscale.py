"""Enlarge a picture: what resampling cannot know is drawn.

    upscale("photo.jpg")[0].save("large.png")

A model of kind "upscaler" (recipes/upscaler.py) draws the pixels within each pixel, told the
picture; it has a factor of its own, from which others are resampled. How: tasks/enlarge.py. A
model of pictures draws one that shrinks to the picture given: tasks/constrained.py.
"""

from __future__ import annotations

import os
from dataclasses import replace

from unstir.codecs.residual import Residual
from unstir.core.find import NotFound
from unstir.modalities.images import MOST_PIXELS, BadPicture
from unstir.modalities.source import Source, read_source
from unstir.runtimes.manifest import Manifest, read
from unstir.runtimes.shelf import folder
from unstir.tasks.constrained import Constrained, canvas_for
from unstir.tasks.enlarge import Enlargement
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.run import Run

LARGEST = 8


def upscale(
    image: str,
    prompt: str | None = None,
    *,
    factor: int = 4,
    exact: bool = True,
    noise: float = 0.0,
    model: str = "upscaler",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    spacing: str | None = None,
    threads: int | None = None,
) -> Run:
    """Enlarge a picture.

    Args:
        image: The picture: PNG, JPEG or WebP.
        prompt: What it shows, for a model that draws from prompts: --model emoji.
        factor: How many times larger, from 2 to 8; 4 is what the model learned, others are
            resampled from that.
        exact: Shrunk again by means over blocks, the result has the picture's colors (alpha is
            resampled); --no-exact leaves the model free to clean it up.
        noise: How noisy the picture is, 0 to 1, for --no-exact.
        steps: Budget of calls of the denoiser, for each tile where there are tiles.
    """
    whole("factor", factor, 2, LARGEST)
    noise = number("noise", noise, 0, 1)
    if noise and exact:
        raise BadRequest(f"noise {noise:g} would be kept with the rest; add --no-exact")
    image = os.fspath(image)
    source = read_source(image)
    asked = {"n": n, "seed": seed, "threads": threads, "steps": steps, "sampler": sampler,
             "spacing": spacing}  # fmt: skip
    if _draws(model):
        if not exact:
            raise BadRequest(f"only an upscaler can leave out what is exact; {model} is none")
        ready = prepare(prompt, negative, model=model, scale=scale, **asked)
        return _drawn(ready, n, image, source, factor)
    if prompt is not None or negative or scale is not None:
        raise BadRequest(
            "an upscaler takes no prompt, no negative and no scale; --model emoji does"
        )
    ready = prepare(None, "", model=model, kind="upscaler", **asked)
    residual = residual_of(ready.model.manifest)
    width, height = source.size
    _check_size(image, width, height, max(factor, residual.factor))
    tile = ready.model.manifest.shape[1], ready.model.manifest.shape[2]
    job = Enlargement(ready.way, ready.seed, source, factor, residual, tile, exact, noise)
    options = {"factor": factor, "no-exact": None if exact else True, "noise": noise or None}
    recipe = ready.recipe(
        times=job.steps, pixels=(factor * width, factor * height), verb="upscale",
        given={"image": image}, files={image: source.sha256},
        options={name: value for name, value in options.items() if value is not None},
    )  # fmt: skip
    return Run(ready.model, job, replace(recipe, scale=None), n, source.notes, source, group=1)


def _check_size(image: str, width: int, height: int, most: int) -> None:
    if width * height * most**2 > MOST_PIXELS:
        raise BadPicture(
            f"{image} has {width} x {height} pixels; made {most} times larger it would have more "
            f"than {MOST_PIXELS:,}: give a part of it, or a smaller one"
        )


def _draws(model: str) -> bool:
    """Whether it is a model of pictures; one that cannot be found is asked for later."""
    try:
        return read(folder(os.path.expanduser(model))).kind == "image"
    except NotFound:
        return False


def _drawn(ready: Prepared, n: int, image: str, source: Source, factor: int) -> Run:
    """The run of a model of pictures."""
    width, height = source.size
    canvas = canvas_for(ready.model, width, height, factor)
    job = Constrained(ready.way, ready.about, ready.seed, source, factor, canvas)
    recipe = ready.recipe(
        times=canvas.windows, pixels=(factor * width, factor * height), verb="upscale",
        given={"image": image}, files={image: source.sha256}, options={"factor": factor},
    )  # fmt: skip
    return Run(ready.model, job, recipe, n, (*source.notes, *ready.about.notes), source)


def residual_of(manifest: Manifest) -> Residual:
    """What an upscaler draws."""
    said = manifest.upscale or {}
    return Residual(said["factor"], said["std"])
