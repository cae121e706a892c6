"""Graphs in 8 bits for a model, kept where its pictures stay the same to the eye.

    *_, report = quantize("runs/mine")
    for row in report.rows: print(row.name, row.decibels, row.before, row.after)

The model draws, as it usually does and by its student; an upscaler enlarges what the emoji model
draws. What convolutions read and write decides their ranges (runtimes/quantize.py). Then other
pictures are drawn with each graph in turn in 8 bits and compared with those in single precision:
by their peak signal-to-noise ratio, and by how far the mean of their features moves, for a faint
grain that no pixel shows is a difference to every metric of pictures. Where it moves too far, each
convolution is tried alone and those that move it least are taken. `generate --runtime int8` takes
what is there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.noise import seeds
from unstir.modalities.files import check_folder
from unstir.modalities.images import from_model, to_model
from unstir.runtimes.checks import INT8
from unstir.runtimes.features import features
from unstir.runtimes.manifest import read
from unstir.runtimes.model import Model
from unstir.runtimes.onnx import Call, OnnxGraph
from unstir.runtimes.shelf import folder
from unstir.tasks.enlarger import Enlarger
from unstir.tasks.gallery import read_prompts
from unstir.tasks.generate import generate
from unstir.tasks.prepared import loaded_model, prepare
from unstir.tasks.process import STUDENT, Process, resolve
from unstir.tasks.progress import Progress
from unstir.tasks.request import number, whole
from unstir.tasks.tune import PROMPTS, Told, rows_of, to_draw

CHUNK, CHECKED, SEED = 8, 32, 2**41
"""Pictures at a time, pictures that graphs are judged by, and the first seed."""
FURTHEST = 0.003
"""How far the mean of features may move, squared, in mean squared distances of two pictures."""
SPACE, TIMED = "efficientnet-lite0", 20


@dataclass(frozen=True)
class Row:
    """One graph: its convolutions in 8 bits and those that could be, the mean likeness of pictures
    (dB), how far the mean of their features moved (as `FURTHEST`), and CPU-milliseconds of one run
    for one sample, before and after."""

    name: str
    convolutions: int
    possible: int
    decibels: float
    moved: float
    kept: bool
    before: float = 0.0
    after: float = 0.0


@dataclass(frozen=True)
class Report:
    """What was made of each graph; `folder` holds those that were kept."""

    rows: tuple[Row, ...]
    folder: Path


@dataclass(frozen=True)
class Show:
    """A way of making pictures (N, 3, H, W) in [-1, 1], by their numbers, and the graphs it
    runs."""

    graphs: tuple[str, ...]
    draw: Callable[[Model, range], np.ndarray]


@dataclass(frozen=True)
class Watching:
    """A graph that remembers what it was given."""

    call: Call
    names: tuple[str, ...]
    feeds: list[Mapping[str, np.ndarray]]

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        given = [np.ascontiguousarray(a, np.float32) for a in arrays]
        self.feeds.append(dict(zip(self.names, given, strict=True)))
        return self.call(*given)


def quantize(
    model: str = "emoji",
    *,
    n: int = 32,
    least: float = 30.0,
    prompts: Path | None = None,
    threads: int | None = None,
) -> Iterator[Progress | Report]:
    """Make graphs of a model whose convolutions compute in 8 bits, for `--runtime int8`.

    Args:
        model: Name of a model, or its folder, which gets the graphs.
        n: Pictures to draw to learn the ranges from, by each way of drawing.
        least: Likeness to the pictures in single precision, in dB, below which a graph is not
            kept.
        prompts: A text file with a prompt in each line, to draw (for an upscaler: by the emoji
            model); without it some of no special kind.
    """
    if find_spec("onnx") is None:
        raise ImportError("making graphs needs onnx: pip install 'unstir[train]'")
    whole("n", n, 1, 4096)
    number("least", least, 0, 200)
    kind = "upscaler" if read(folder(os.path.expanduser(model))).kind == "upscaler" else "image"
    loaded = loaded_model(model, "onnx", threads, False, kind)
    check_folder(loaded.folder)
    if kind == "upscaler":
        shows = [_enlarging(loaded, _small(prompts, n + CHECKED, threads))]
    else:
        shows = _drawing(loaded, to_draw(loaded, prompts))
    return _quantized(loaded, shows, n, least)


def _quantized(
    model: Model, shows: list[Show], n: int, least: float
) -> Iterator[Progress | Report]:
    from unstir.runtimes.quantize import listed, watched

    graphs, names = model.manifest.graphs, list(dict.fromkeys(g for s in shows for g in s.graphs))
    total, done = len(shows) * (n + CHECKED) + len(names), 0
    watching = {name: Watching(model.graphs[name], graphs[name].inputs, []) for name in names}
    for show in shows:
        show.draw(replace(model, graphs={**model.graphs, **watching}), range(n))
        done += n
        yield Progress(done, total, "drawing, to learn ranges")
    checks = []
    for show in shows:
        checks.append(Check(show, range(n, n + CHECKED), show.draw(model, range(n, n + CHECKED))))
        done += CHECKED
        yield Progress(done, total, "drawing, to compare with")
    rows: list[Row] = []
    trials = {name: Trial(model, name, model.folder / f".{name}{INT8}.tmp") for name in names}
    try:
        for name, trial in trials.items():
            seen = watched(trial.source, watching[name].feeds)
            row = trial.row(seen, [c for c in checks if name in c.show.graphs], least)
            before, after = _milliseconds(
                (model.graphs[name], trial.eight), watching[name].feeds[0]
            )
            rows.append(replace(row, before=before, after=after))
            done += 1
            yield Progress(done, total, f"{name}: {row.decibels:.1f} dB")
        listed(model.folder, {row.name: trials[row.name].made for row in rows if row.kept})
    finally:
        for trial in trials.values():
            trial.made.unlink(missing_ok=True)
    yield Report(tuple(rows), model.folder)


@dataclass(frozen=True)
class Check:
    """Pictures of some numbers as they are in single precision, to compare others with."""

    show: Show
    which: range
    exact: np.ndarray

    def __call__(self, model: Model) -> tuple[float, float]:
        """Their mean likeness to what the model draws, in dB, and how far the mean of features
        moves."""
        pictures = self.show.draw(model, self.which)
        error = np.square(self.exact - pictures).mean((1, 2, 3))
        there, here = self._features, _features(pictures)
        spread = np.square(there[:, None] - there).sum(-1).mean()
        moved = np.square(there.mean(0) - here.mean(0)).sum() / spread
        return float((10 * np.log10(4 / np.maximum(error, 4e-10))).mean()), float(moved)

    @cached_property
    def _features(self) -> np.ndarray:
        return _features(self.exact)


@dataclass(frozen=True)
class Trial:
    """A graph of a model, and the file that it is tried in with convolutions in 8 bits."""

    model: Model
    name: str
    made: Path

    @property
    def source(self) -> Path:
        return self.model.folder / self.model.manifest.graphs[self.name].file

    @property
    def eight(self) -> OnnxGraph:
        return OnnxGraph(self.made, self.model.manifest.graphs[self.name], self.model.threads)

    def row(self, seen: Mapping[str, Any], checks: Sequence[Check], least: float) -> Row:
        """The best of what is possible, which `made` then holds."""
        from unstir.runtimes.quantize import candidates

        possible = chosen = candidates(self.source, seen)
        decibels, moved = self._compared(seen, chosen, checks)
        if moved > FURTHEST:
            alone = {one: self._compared(seen, [one], checks[-1:])[1] for one in possible}
            chosen = _mildest(alone)
            decibels, moved = self._compared(seen, chosen, checks)
        kept = bool(chosen) and decibels >= least and moved <= FURTHEST
        return Row(self.name, len(chosen), len(possible), decibels, moved, kept)

    def _compared(
        self, seen: Mapping[str, Any], chosen: Sequence[str], checks: Sequence[Check]
    ) -> tuple[float, float]:
        from unstir.runtimes.quantize import quantize

        quantize(self.source, seen, chosen, self.made)
        graphs = {**self.model.graphs, self.name: self.eight}
        found = [check(replace(self.model, graphs=graphs)) for check in checks]
        return min(decibels for decibels, _ in found), max(moved for _, moved in found)


def _mildest(alone: Mapping[str, float]) -> list[str]:
    """As many as move the mean by a third of `FURTHEST` together, the mildest first: together they
    move it further than their sum."""
    order = sorted(alone, key=alone.__getitem__)
    total = np.cumsum([alone[one] for one in order])
    return [one for one, moved in zip(order, total, strict=True) if moved <= FURTHEST / 3]


def _features(pictures: np.ndarray) -> np.ndarray:
    """(N, D) in the shipped space of features."""
    return features(SPACE)(list(from_model(pictures)))


def _drawing(model: Model, told: Told) -> list[Show]:
    """As the model usually draws, and as its student does."""

    def draw(way: Process, model: Model, which: range) -> np.ndarray:
        found = []
        for first in range(which.start, which.stop, CHUNK):
            rows = range(first, min(first + CHUNK, which.stop))
            pos, neg = (rows_of(tokens, rows) for tokens in told)
            denoise, each = way.denoiser(model, pos, neg), seeds(SEED + first, len(rows))
            *_, last = way.walk(denoise, each, model.manifest.shape)
            found.append(np.clip(model.decode(last.x), -1, 1))
        return np.concatenate(found)

    taught = (model.manifest.student or {}).get("steps", ())
    by_student = [resolve(model, steps=k, sampler=STUDENT, taught=True) for k in taught]
    decoder = ("decoder",) if "decoder" in model.graphs else ()
    usual = Show(("denoiser", *decoder), partial(draw, resolve(model)))
    return [usual, *(Show(("student", *decoder), partial(draw, way)) for way in by_student)]


def _enlarging(model: Model, small: Sequence[np.ndarray]) -> Show:
    """As an upscaler enlarges drawings."""

    def draw(model: Model, which: range) -> np.ndarray:
        ready = prepare(None, "", model=str(model.folder), n=1, seed=0, threads=model.threads,
                        kind="upscaler")  # fmt: skip
        by = Enlarger(replace(ready, model=model))
        return to_model(np.stack([by.pixels(small[i], SEED + i) for i in which]))

    return Show(("denoiser",), draw)


def _small(prompts: Path | None, count: int, threads: int | None) -> list[np.ndarray]:
    """Drawings (H, W, 3) of the emoji model."""
    raw = [words for words, _ in read_prompts(prompts)] if prompts else PROMPTS
    return [
        generate(raw[i % len(raw)], seed=SEED + i, size="native", threads=threads)[0].pixels
        for i in range(count)
    ]


def _milliseconds(calls: Sequence[Call], given: Mapping[str, np.ndarray]) -> list[float]:
    """The least CPU-time of a run for one sample of each graph, which take turns."""
    one = [x[:1] for x in given.values()]
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(TIMED):
        for call, times in zip(calls, taken, strict=True):
            begin = time.process_time()
            call(*one)
            times.append(1000 * (time.process_time() - begin))
    return [min(times) for times in taken]
