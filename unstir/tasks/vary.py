"""Draw pictures like one there is: stirred part of the way into noise, and un-stirred again.

    vary("cat.png", strength=0.6, n=4)[0].save("other.png")

SDEdit (Meng et al. 2022). At strength 0 nothing would change but what the model's own resolution
loses; at 1 nothing is left of the picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstir.core.levels import Step
from unstir.core.noise import gaussian, seeds
from unstir.core.paths import start_lower
from unstir.modalities import a1111
from unstir.modalities.image_text import KEY, extract
from unstir.modalities.images import BadPicture, resize
from unstir.modalities.source import Source, read_source
from unstir.runtimes.manifest import read
from unstir.runtimes.model import Model
from unstir.runtimes.shelf import folder
from unstir.tasks.canvas import Canvas, fitted
from unstir.tasks.prepared import prepare
from unstir.tasks.process import Process
from unstir.tasks.request import number
from unstir.tasks.run import Run
from unstir.tasks.subject import Subject


@dataclass(frozen=True)
class Whole:
    """A whole picture, seen by a model and drawn at its own size."""

    source: Source
    canvas: Canvas

    def state(self, model: Model) -> np.ndarray:
        """(1, C, h, w)."""
        return self.canvas.encode(model, self.source.shown)

    def pictures(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """States at the picture's size, with its alpha."""
        new = self.canvas.decode(model, x)
        return [self.source.with_alpha(resize(p, *self.source.size)) for p in new]


@dataclass(frozen=True)
class Variation:
    """Down from the picture itself, stirred."""

    way: Process
    about: Subject
    seed: int
    whole: Whole

    @property
    def steps(self) -> int:
        return len(self.way.path) - 1

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From the first level of the path, which lies below pure noise."""
        canvas, top = self.whole.canvas, self.way.path[0]
        noise = gaussian(seeds(self.seed + which[0], len(which)), canvas.shape)
        x = top.alpha * self.whole.state(model) + top.sigma * noise(-1)
        yield Step(x, x, top)
        denoise = canvas.denoiser(model, self.way, self.about)
        yield from self.way.sampler(denoise, x, self.way.path, noise=noise)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """At the picture's size."""
        return self.whole.pictures(model, x)


def vary(
    image: str,
    prompt: str | None = None,
    *,
    strength: float = 0.8,
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
    """Draw pictures like one there is.

    Args:
        image: The picture: PNG, JPEG or WebP, of any size.
        prompt: What to draw; without it, what the picture says it was drawn from, if it does.
        strength: How much may change, above 0 and up to 1: the part of the walk that is done.
    """
    strength = number("strength", strength, 0.01, 1)
    source = read_source(image)
    prompt, notes = remembered(image, model) if prompt is None else (prompt, ())
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads, steps=steps,
        sampler=sampler, scale=scale, spacing=spacing,
    )  # fmt: skip
    whole = Whole(source, fitted(ready.model, *source.size))
    way = replace(ready.way, path=start_lower(ready.way.path, strength))
    recipe = ready.recipe(
        way=way, times=whole.canvas.windows, pixels=source.size, verb="vary",
        given={"image": os.fspath(image)}, files={os.fspath(image): source.sha256},
        options={"strength": strength},
    )  # fmt: skip
    job = Variation(way, ready.about, ready.seed, whole)
    notes = (*source.notes, *notes, *ready.about.notes)
    return Run(ready.model, job, recipe, n, notes, source)


def remembered(image: str, model: str) -> tuple[str | None, tuple[str, ...]]:
    """The prompt that a picture carries, and a note of it; None where it carries none that can be
    read, or the model takes none."""
    if read(folder(os.path.expanduser(model))).condition is None:
        return None, ()
    try:
        found = extract(os.path.expanduser(image))
    except BadPicture:  # only what it says is damaged, or the picture would not have been read
        return None, ()
    settings = found.get(KEY, {}).get("settings")
    prompt = settings.get("prompt") if isinstance(settings, dict) else None
    if not isinstance(prompt, str):
        prompt = a1111.parse(found.get("parameters", "")).prompt
    return (prompt, (f"the picture says it is {prompt!r}",)) if prompt else (None, ())
