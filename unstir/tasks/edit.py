"""Say what a picture shows instead: the noise it came from is found, and walked again under
another prompt.

    edit("cat.png", "a dog wearing a hat", from_="a cat wearing a hat")[0].save("dog.png")

With the sampler ddpm the noise of every step is recorded (Huberman-Spiegelglas et al. 2024), under
the guidance that is used on the way down: only the prompt makes a difference, under the old one
the picture comes back, and each seed gives another edit. With ddim one noise is found by walking
up without guidance, under which that is unstable (Song et al. 2021; fixed points after Pan et al.
2023): the layout is kept more loosely, and every seed gives the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstir.core.edits.inversion import invert, record, replay
from unstir.core.levels import Step
from unstir.core.noise import gaussian, seeds
from unstir.core.paths import start_lower
from unstir.modalities.source import read_source
from unstir.runtimes.model import Model
from unstir.tasks import names, subject
from unstir.tasks.canvas import fitted
from unstir.tasks.prepared import prepare
from unstir.tasks.process import Process
from unstir.tasks.request import BadRequest, number
from unstir.tasks.run import Run
from unstir.tasks.subject import Subject
from unstir.tasks.vary import Whole, remembered

STEPS = 50
REFINE = 1
"""Evaluations more for each step up with ddim."""


@dataclass(frozen=True)
class Edit:
    """Up under `before`, and down under `about`."""

    way: Process
    before: Subject
    about: Subject
    seed: int
    whole: Whole

    @property
    def steps(self) -> int:
        return 2 * (len(self.way.path) - 1)

    @property
    def up(self) -> Process:
        """The guidance of the way up."""
        return replace(self.way, scale=1.0) if self.way.name == "ddim" else self.way

    @property
    def climb(self) -> int:
        """Evaluations of the way up; where it is guided each counts two."""
        branches = 2 if self.up.guided(self.before.pos, self.before.neg) else 1
        return (len(self.way.path) - 1) * (1 + REFINE if self.way.name == "ddim" else branches)

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From the picture to noise, and from there to another."""
        canvas, path = self.whole.canvas, self.way.path
        z = np.repeat(self.whole.state(model), len(which), 0)
        yield Step(z, z, path[-1])
        up = canvas.denoiser(model, self.up, self.before)
        down = canvas.denoiser(model, self.way, self.about)
        if self.way.name == "ddim":
            for step in invert(up, z, path, REFINE):
                yield step
                z = step.x
            yield from self.way.sampler(down, z, path)
            return
        noise, kicks = gaussian(seeds(self.seed + which[0], len(which)), canvas.shape), []
        top = path[0].alpha * z + path[0].sigma * noise(-1)
        for step, kick in record(up, z, path, noise):
            yield step
            kicks.append(kick)
        yield from replay(down, top, path, kicks)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """At the picture's size."""
        return self.whole.pictures(model, x)


def edit(
    image: str,
    prompt: str,
    *,
    from_: str | None = None,
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
    """Say what a picture shows instead, and keep what was not spoken of.

    Args:
        image: The picture: PNG, JPEG or WebP, of any size.
        prompt: What it is to show.
        from_: What it shows; without it, what the picture says it was drawn from, if it does.
        strength: How far towards noise to go, above 0 and up to 1.
        steps: Budget of calls of the denoiser for the way down; the way up takes as many or, with
            ddim, twice as many, not guided.
        sampler: ddpm or ddim.
    """
    strength = number("strength", strength, 0.01, 1)
    name, _ = names.sampler(sampler or "ddpm")
    if name not in ("ddpm", "ddim"):
        raise BadRequest(f"sampler is {sampler!r}; an edit goes up and down with ddpm or ddim")
    source = read_source(image)
    was, notes = remembered(image, model) if from_ is None else (from_, ())
    ready = prepare(
        prompt, negative, model=model, n=n, seed=seed, threads=threads,
        steps=STEPS if steps is None else steps, sampler=name, scale=scale, spacing=spacing,
    )  # fmt: skip
    before = subject.understood(ready.model, was or "", "")
    whole = Whole(source, fitted(ready.model, *source.size))
    way = replace(ready.way, path=start_lower(ready.way.path, strength))
    job = Edit(way, before, ready.about, ready.seed, whole)
    windows = whole.canvas.windows
    recipe = ready.recipe(
        way=way, times=windows, extra=job.climb * windows, pixels=source.size, verb="edit",
        given={"image": os.fspath(image)}, options={"from": was or "", "strength": strength},
        files={os.fspath(image): source.sha256},
    )  # fmt: skip
    notes = (*source.notes, *notes, *_told(was, name, n), *ready.about.notes)
    return Run(ready.model, job, recipe, n, notes, source)


def _told(was: str | None, sampler: str, n: int) -> Iterator[str]:
    if not was:
        yield "nothing says what the picture shows (--from), so more than was asked for may change"
    if sampler == "ddim" and n > 1:
        yield "with ddim every seed gives the same picture; ddpm varies"
