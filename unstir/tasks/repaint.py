"""Fill the hole of a picture: what in- and out-painting share.

    job = Repaint(way, about, seed, source, mask, ...)      # a `Job` of tasks/run.py

The model works on the part of the picture around the hole, at its own size. One that was trained
to repaint is told that part and the hole (`seen`: codecs/seen.py). For any other (`held`) the
hole is smoothly filled, so that nothing of what stood there is left; elements of its state that
lie in the known part are held, those that the hole covers in part join later
(core/edits/differential.py), and with `rounds` above 1 the walk goes up and down (RePaint). The
decoded hole is brought to the picture's resolution and set in; known pixels are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from unstir.core.edits.differential import differential
from unstir.core.find import named
from unstir.core.levels import Step
from unstir.core.noise import seeds
from unstir.core.paths import descents, jumps, resample
from unstir.modalities.holes import Box, around, filled, set_in
from unstir.modalities.images import resize
from unstir.modalities.source import Source
from unstir.runtimes.model import Model
from unstir.tasks.canvas import Canvas, fitted
from unstir.tasks.prepared import Prepared
from unstir.tasks.process import Process
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.run import Run
from unstir.tasks.subject import Subject

METHODS = ("seen", "held")
JUMP = 4
"""Steps that are walked again in each round of RePaint."""


@dataclass(frozen=True)
class Repaint:
    """One hole; `mask` (H, W) float32 is 1 where it is and 0 where the picture is known."""

    way: Process
    about: Subject
    seed: int
    source: Source
    mask: np.ndarray
    box: Box
    canvas: Canvas
    feather: float
    method: str
    composite: bool = True

    @property
    def steps(self) -> int:
        return sum(len(piece) - 1 for piece in descents(self.way.path))

    def walk(self, model: Model, which: range) -> Iterator[Step[np.ndarray]]:
        """From noise, with what is known told or held."""
        if self.method == "seen":
            around = self.ground, self.hole
            denoise = self.canvas.denoiser(model, self.way, self.about, around)
        else:
            inner = self.canvas.denoiser(model, self.way, self.about)
            denoise = differential(inner, self.canvas.encode(model, self.ground), self.change)
        each = seeds(self.seed + which[0], len(which))
        yield from self.way.walk(denoise, each, self.canvas.shape)

    def paint(self, model: Model, x: np.ndarray) -> Sequence[np.ndarray]:
        """The whole picture with each state in the hole."""
        return [self._whole(new) for new in self.canvas.decode(model, x)]

    @cached_property
    def ground(self) -> np.ndarray:
        """What the model is shown: the part around the hole, the hole smoothly filled."""
        old, mask = self.box.of(self.source.shown), self.hole
        smooth = filled(old, mask == 0) if (mask == 0).any() else old
        return np.where(mask[..., None] == 1, np.rint(smooth), old).astype(np.uint8)

    @cached_property
    def hole(self) -> np.ndarray:
        """The mask of that part; beside the picture all is free."""
        return self.box.of(self.mask, 1)

    @cached_property
    def change(self) -> np.ndarray:
        """How much each element of the state may change; one half in the hole is wholly free."""
        covered = self.canvas.coarse((self.hole > 0).astype(np.float32))
        strength = self.canvas.coarse(self.hole) / np.maximum(covered, 1e-6)
        return np.clip(2 * covered, 0, 1) * np.minimum(strength, 1)

    def _whole(self, new: np.ndarray) -> np.ndarray:
        out, part = self.source.pixels.copy(), self.box.within(*self.source.size)
        new = resize(new, self.box.width, self.box.height)
        new = replace(part, left=part.left - self.box.left, top=part.top - self.box.top).of(new)
        old = part.of(out)
        if self.composite:
            new = set_in(old, new, part.of(self.mask), self.feather)
        rows, columns = part.top, part.left
        out[rows : rows + part.height, columns : columns + part.width] = new
        return self.source.with_alpha(out)


def repaint(
    ready: Prepared, n: int, source: Source, mask: np.ndarray, *, context: float, rounds: int,
    feather: int | None, method: str | None, **record: Any,
) -> Run:  # fmt: skip
    """The run that fills a hole; `record` is what the recipe needs besides."""
    context = number("context", context, 0, 100)
    height, width = ready.model.manifest.size[-2:]
    box = around(mask, (width, height), context)
    canvas = fitted(ready.model, box.width, box.height)
    way = in_rounds(ready.way, whole("rounds", rounds, 1, 100))
    element = canvas.cell[0] * box.height / canvas.height
    feather = max(1, round(element / 2)) if feather is None else whole("feather", feather, 0, 4096)
    method = _method(method, ready.model)
    record["options"] |= {
        "context": context, "feather": feather, "rounds": rounds, "method": method,
    }  # fmt: skip
    job = Repaint(way, ready.about, ready.seed, source, mask, box, canvas, feather, method)
    recipe = ready.recipe(way=way, times=canvas.windows, pixels=source.size, **record)
    return Run(ready.model, job, recipe, n, (*source.notes, *ready.about.notes), source)


def _method(asked: str | None, model: Model) -> str:
    able = model.manifest.repaints
    if asked is None:
        return "seen" if able else "held"
    named(dict.fromkeys(METHODS), asked, "methods")
    if asked == "seen" and not able:
        raise BadRequest(
            f"method is 'seen', but {model.manifest.name} was not trained to repaint; take 'held'"
        )
    return asked


def in_rounds(way: Process, rounds: int) -> Process:
    """The same walk, every `JUMP` steps of it `rounds` times."""
    if rounds == 1:
        return way
    sampler = partial(_resampled, way.sampler)
    return replace(way, path=jumps(way.path, JUMP, rounds), sampler=sampler)


def _resampled(
    sampler: Any, denoise: Any, x: Any, path: Any, *, noise: Any
) -> Iterator[Step[Any]]:
    return resample(sampler, denoise, x, path, noise)
