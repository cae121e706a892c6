"""Graphs in 8 bits for a model, kept where its pictures stay the same to the eye.

    *_, report = quantize("runs/mine")
    for row in report.rows: print(row.name, row.decibels, row.before, row.after)

The model draws, as it usually does and by its student; what its convolutions read and write
decides their ranges (runtimes/quantize.py). Then it draws other pictures, with each graph in turn
in 8 bits: their peak signal-to-noise ratio against those in single precision decides whether that
graph is kept. `generate --runtime int8` takes what is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from unstir.core.noise import seeds
from unstir.modalities.files import check_folder
from unstir.runtimes.checks import INT8
from unstir.runtimes.model import Model
from unstir.runtimes.onnx import Call, OnnxGraph
from unstir.tasks.prepared import loaded_model
from unstir.tasks.process import STUDENT, Process, resolve
from unstir.tasks.progress import Progress
from unstir.tasks.request import number, whole
from unstir.tasks.tune import Told, rows_of, to_draw

GRAPHS = ("denoiser", "student", "decoder")
CHUNK, CHECKED, SEED = 8, 16, 2**41
"""Pictures at a time, pictures that graphs are judged by, and the first seed."""
TIMED = 20


@dataclass(frozen=True)
class Row:
    """One graph: its convolutions in 8 bits, the mean and the least likeness of pictures (dB), and
    CPU-milliseconds of one run for one sample, before and after."""

    name: str
    convolutions: int
    decibels: float
    worst: float
    before: float
    after: float
    kept: bool


@dataclass(frozen=True)
class Report:
    """What was made of each graph; `folder` holds those that were kept."""

    rows: tuple[Row, ...]
    folder: Path


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
        prompts: A text file with a prompt in each line, to draw; without it some of no special
            kind.
    """
    if find_spec("onnx") is None:
        raise ImportError("making graphs needs onnx: pip install 'unstir[train]'")
    whole("n", n, 1, 4096)
    number("least", least, 0, 200)
    loaded = loaded_model(model, "onnx", threads, False)
    check_folder(loaded.folder)
    told = to_draw(loaded, prompts)
    taught = (loaded.manifest.student or {}).get("steps", ())
    ways = [resolve(loaded)]
    ways += [resolve(loaded, steps=k, sampler=STUDENT, taught=True) for k in taught]
    return _quantized(loaded, ways, told, n, least)


def _quantized(
    model: Model, ways: list[Process], told: Told, n: int, least: float
) -> Iterator[Progress | Report]:
    from unstir.runtimes.quantize import listed, quantize, watched

    names = [name for name in GRAPHS if name in model.graphs]
    total, done = len(ways) * (n + CHECKED) + len(names), 0
    graphs = model.manifest.graphs
    watching = {name: Watching(model.graphs[name], graphs[name].inputs, []) for name in names}
    for way in ways:
        _drawn(replace(model, graphs={**model.graphs, **watching}), way, told, range(n))
        done += n
        yield Progress(done, total, "drawing, to learn ranges")
    checked, exact = range(n, n + CHECKED), []
    for way in ways:
        exact.append(_drawn(model, way, told, checked))
        done += CHECKED
        yield Progress(done, total, "drawing, to compare with")
    rows: list[Row] = []
    made = {name: model.folder / f".{name}{INT8}.tmp" for name in names}
    try:
        for name in names:
            source, feeds = model.folder / graphs[name].file, watching[name].feeds
            count = quantize(source, watched(source, feeds), made[name])
            eight = OnnxGraph(made[name], graphs[name], model.threads)
            coarse = replace(model, graphs={**model.graphs, name: eight})
            likeness = np.concatenate([
                _likeness(pictures, _drawn(coarse, way, told, checked))
                for way, pictures in zip(ways, exact, strict=True) if _uses(way, name)
            ])  # fmt: skip
            mean, worst = float(likeness.mean()), float(likeness.min())
            before, after = _milliseconds((model.graphs[name], eight), feeds[0])
            kept = count > 0 and mean >= least
            rows.append(Row(name, count, mean, worst, before, after, kept))
            done += 1
            yield Progress(done, total, f"{name}: {mean:.1f} dB")
        listed(model.folder, {row.name: made[row.name] for row in rows if row.kept})
    finally:
        for file in made.values():
            file.unlink(missing_ok=True)
    yield Report(tuple(rows), model.folder)


def _uses(way: Process, name: str) -> bool:
    """Whether a way of drawing runs this graph."""
    return name == "decoder" or (way.name == STUDENT) == (name == "student")


def _drawn(model: Model, way: Process, told: Told, which: range) -> np.ndarray:
    """Pictures (N, 3, H, W) in [-1, 1] of these numbers."""
    found = []
    for first in range(which.start, which.stop, CHUNK):
        rows = range(first, min(first + CHUNK, which.stop))
        pos, neg = (rows_of(tokens, rows) for tokens in told)
        *_, last = way.walk(
            way.denoiser(model, pos, neg), seeds(SEED + first, len(rows)), model.manifest.shape
        )
        found.append(np.clip(model.decode(last.x), -1, 1))
    return np.concatenate(found)


def _likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each picture, in dB; 100 of two that are the same."""
    error = np.square(a - b).mean((1, 2, 3))
    return 10 * np.log10(4 / np.maximum(error, 4e-10))


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
