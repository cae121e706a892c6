"""A request that is ready: it tells of every step, and keeps its pictures.

    run = generate("a cat wearing a hat", n=4, seed=11)
    run[0].save("cat.png")                          # made when first asked for
    for event in run.events(): ...                  # Note, Progress after each step, Picture

What is done for a group of pictures stands in a `Job`: `generate` draws, others edit. Picture i
has the seed `seed + i` and is what a request for that seed alone gives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, overload

import numpy as np

from unstir.core.levels import Step
from unstir.modalities.images import resize
from unstir.modalities.source import Source
from unstir.runtimes.model import Model
from unstir.tasks.picture import Picture
from unstir.tasks.recipe import Recipe

GROUP = 16
"""Pictures that are made together; more would take memory, not less time."""


class Diverged(ArithmeticError):
    """The model answered with something that is not a number."""


class Job(Protocol):
    """What a run does, for a few of its pictures at a time."""

    @property
    def steps(self) -> int:
        """How many `walk` takes."""
        ...

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From the first state, which counts as no step, to the last."""
        ...

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """A state as pictures, (H, W, 3 or 4) uint8 each."""
        ...


@dataclass(frozen=True)
class Note:
    """Something a person should know about the request."""

    text: str


@dataclass(frozen=True)
class Progress:
    """After `done` of `total` steps, for the pictures `which`; the first of them is pure noise."""

    done: int
    total: int
    which: range
    step: Step[np.ndarray]
    run: Run

    def frames(self) -> list[np.ndarray]:
        """The noisy state itself, decoded: (H, W, 3 or 4) uint8 of each picture at its final
        size."""
        level = self.step.level
        shown = self.step.x * (1 / (level.alpha**2 + level.sigma**2) ** 0.5)
        native = self.run.job.paint(self.run.model, shown)
        return [resize(pixels, *self.run.recipe.pixels) for pixels in native]


Event = Note | Progress | Picture


class Run(Sequence[Picture]):
    """A request that is ready to be made; as a sequence it works on first use and keeps its
    pictures. `source` is the picture that is edited; the pictures of a `film` are its frames, and
    have one recipe; `group` pictures are made together. `enlarge` makes of a picture's pixels and
    its seed larger ones."""

    def __init__(
        self, model: Model, job: Job, recipe: Recipe, n: int, notes: Sequence[str] = (),
        source: Source | None = None, film: bool = False, group: int = GROUP,
        enlarge: Callable[[np.ndarray, int], np.ndarray] | None = None,
    ) -> None:  # fmt: skip
        self.model, self.job, self.recipe, self.n = model, job, recipe, n
        self.notes, self.source, self.film, self.group = tuple(notes), source, film, group
        self.enlarge = enlarge
        self._kept: list[Picture] = []

    def events(self) -> Iterator[Event]:
        """Make the pictures, telling of every step."""
        yield from map(Note, self.notes)
        groups, steps = range(0, self.n, self.group), self.job.steps
        for number, first in enumerate(groups):
            which = range(first, min(first + self.group, self.n))
            for taken, step in enumerate(self._steps(which)):
                yield Progress(number * steps + taken, len(groups) * steps, which, step, self)
            yield from self._pictures(step.x, which)

    def _steps(self, which: range) -> Iterator[Step[np.ndarray]]:
        for number, step in enumerate(self.job.walk(self.model, which)):
            if not np.isfinite(step.x).all():
                raise Diverged(
                    f"{self.recipe.name} gave something that is not a number at step {number} "
                    f"(t = {step.level.t:.3f}); its weights are damaged, or the scale is too high"
                )
            yield step

    def _pictures(self, x: np.ndarray, which: range) -> Iterator[Picture]:
        for i, pixels in zip(which, self.job.paint(self.model, x), strict=True):
            seed = self.recipe.seed + (0 if self.film else i)
            profile = self.source and self.source.profile
            large = self.enlarge(pixels, seed) if self.enlarge else None
            yield Picture(pixels, replace(self.recipe, seed=seed), profile, large)

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Picture]: ...
    def __getitem__(self, index: Any) -> Any:
        if not self._kept:
            events = list(self.events())
            for note in self.notes:
                warnings.warn(note, stacklevel=2)
            self._kept = [event for event in events if isinstance(event, Picture)]
        return self._kept[index]
