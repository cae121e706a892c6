"""Frames from one picture to another: two prompts, or two seeds of one prompt.

    frames = interpolate("a cat", "a dog", frames=16, seed=3)
    frames = interpolate("3", "8", prompt="a cat wearing a hat")

Noise is turned along its sphere (core/edits/slerp.py), the tokens of prompts are blended evenly;
the first and the last frame are the pictures that `generate` draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core.edits.slerp import slerp
from unstir.core.levels import NoiseSource, Step
from unstir.core.noise import gaussian
from unstir.modalities.images import from_model
from unstir.runtimes.model import Model
from unstir.tasks.generate import shown_size
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.process import Process
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import MOST_SEED, BadRequest, whole
from unstir.tasks.run import Run
from unstir.tasks.subject import Subject, understood

MOST_FRAMES = 500
MOST_IN_ALL = 2**28
"""Pixels of all frames together: they are held at once."""


@dataclass(frozen=True)
class Between:
    """Frame i of `frames` lies i / (frames - 1) of the way from the first subject and seed to the
    last."""

    way: Process
    abouts: tuple[Subject, Subject]
    seeds: tuple[int, int]
    frames: int

    @property
    def steps(self) -> int:
        return len(self.way.path) - 1

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From blended noise, under blended tokens."""
        shares = np.array([i / (self.frames - 1) for i in which], np.float32)
        noise = self._noise(model.manifest.shape, shares)
        top = self.way.path[0]
        x = top.sigma * noise(-1)
        yield Step(x, x, top)
        first, last = self.abouts
        pos = None if first.pos is None or last.pos is None else blend(first.pos, last.pos, shares)
        denoise = self.way.denoiser(model, pos, first.neg)
        yield from self.way.sampler(denoise, x, self.way.path, noise=noise)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """What the states decode to."""
        return list(from_model(model.decode(x)))

    def _noise(self, shape: Sequence[int], shares: np.ndarray) -> NoiseSource[np.ndarray]:
        ends = [gaussian([seed], shape) for seed in self.seeds]
        column = shares.reshape(-1, *[1] * len(shape))

        def source(step: int, draw: int = 0) -> np.ndarray:
            a, b = (end(step, draw) for end in ends)
            if self.seeds[0] == self.seeds[1]:
                return np.repeat(a, len(shares), 0)
            turned = slerp(a, b, column)
            return np.where(column == 0, a, np.where(column == 1, b, turned)).astype(a.dtype)

        return source


def interpolate(
    a: str,
    b: str,
    *,
    prompt: str | None = None,
    frames: int = 16,
    last_seed: int | None = None,
    model: str = "emoji",
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    negative: str = "",
    size: int | Literal["native"] | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Run:
    """Draw the frames from one picture to another.

    Args:
        a: What the first frame shows: a prompt or, with --prompt, a seed.
        b: What the last frame shows.
        prompt: What all frames show, where A and B are seeds.
        frames: How many, the first and the last included.
        last_seed: Another seed for the last frame, where A and B are prompts.
        seed: The seed of the first frame, and of all without LAST_SEED.
    """
    whole("frames", frames, 2, MOST_FRAMES)
    between = (_seed("a", a), _seed("b", b)) if prompt is not None else None
    if between and (seed not in (None, between[0]) or last_seed is not None):
        raise BadRequest("with a prompt, A and B are the seeds; leave seed and last_seed out")
    ready = prepare(
        a if prompt is None else prompt, negative, model=model, n=1, threads=threads,
        seed=between[0] if between else seed, steps=steps, sampler=sampler, scale=scale,
        spacing=spacing,
    )  # fmt: skip
    last = ready.about if between else understood(ready.model, b, negative)
    seeds = between or (ready.seed, _last(last_seed, ready.seed))
    job = Between(ready.way, (ready.about, last), seeds, frames)
    notes = tuple(dict.fromkeys((*ready.about.notes, *last.notes)))
    recipe = _recipe(ready, job, a, b, prompt, size)
    return Run(ready.model, job, recipe, frames, notes, film=True)


def blend(a: Tokens, b: Tokens, shares: np.ndarray) -> Tokens:
    """Tokens for each share, from one row each; where one prompt is the shorter its last token
    stands in. At 0 and 1 exactly a and b."""
    states = [_lengthened(tokens, other) for tokens, other in ((a, b), (b, a))]
    column = shares[:, None, None]
    mixed = states[0] * (1 - column) + states[1] * column
    mask = np.maximum(a.mask, b.mask) * np.ones_like(shares)[:, None]
    for end, tokens in ((0, a), (1, b)):
        rows = shares == end
        mixed[rows], mask[rows] = tokens.states, tokens.mask
    return Tokens(mixed.astype(np.float32), mask.astype(np.float32))


def _lengthened(tokens: Tokens, other: Tokens) -> np.ndarray:
    count = int(tokens.mask[0].sum())
    states = np.array(tokens.states)
    if count:
        states[0, count : int(other.mask[0].sum())] = states[0, count - 1]
    return states


def _recipe(
    ready: Prepared, job: Between, a: str, b: str, prompt: str | None, size: int | str | None
) -> Recipe:
    shown, pixels = shown_size(ready.model, size)
    if job.frames * pixels[0] * pixels[1] > MOST_IN_ALL:
        raise BadRequest(
            f"{job.frames} frames of {pixels[0]} x {pixels[1]} pixels are too many to hold; give "
            "fewer, or a smaller size"
        )
    options: dict[str, Any] = {"frames": job.frames}
    if prompt is not None:
        options["prompt"] = prompt
    elif job.seeds[0] != job.seeds[1]:
        options["last-seed"] = job.seeds[1]
    recipe = ready.recipe(
        pixels=pixels, size=shown, verb="interpolate", given={"a": a, "b": b}, options=options
    )
    guided = any(job.way.guided(about.pos, about.neg) for about in job.abouts)
    return replace(recipe, prompt=None, evaluations=job.way.evaluations(guided))


def _seed(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(f"{name} is {text!r}; with a prompt, A and B are seeds: whole numbers")
    return whole(name, int(text), 0, MOST_SEED - 1)


def _last(asked: int | None, seed: int) -> int:
    return seed if asked is None else whole("last_seed", asked, 0, MOST_SEED - 1)
