"""What every request that uses a model has in common: the model, the walk, the subject, the seed,
and the recipe that records them.

    ready = prepare("a cat", model="emoji", n=4, seed=11)
    recipe = ready.recipe(size=256, pixels=(256, 256))
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from unstir.runtimes.model import Model, Runtime, load
from unstir.runtimes.shelf import folder
from unstir.runtimes.tuned import digest
from unstir.tasks import process, subject
from unstir.tasks.process import Process
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import MOST_SEED, BadRequest, seed_or_drawn, whole, words

MOST = 10_000


@dataclass(frozen=True)
class Prepared:
    """A request, understood."""

    model: Model
    way: Process
    about: subject.Subject
    seed: int
    asked: str
    asked_threads: int | None

    def recipe(
        self, *, pixels: tuple[int, int], way: Process | None = None, times: int = 1,
        extra: int = 0, **more: Any,
    ) -> Recipe:  # fmt: skip
        """The record of a walk, `way` if it is not the whole of the request's own, whose every
        evaluation takes `times` runs of the network, and `extra` runs besides."""
        manifest, way = self.model.manifest, way or self.way
        runs = way.evaluations(way.guided(self.about.pos, self.about.neg))
        walked = digest(level.t for level in self.way.path)
        return Recipe(
            prompt=self.about.prompt, negative=self.about.negative, model=self.asked,
            name=manifest.name, sha256=manifest.sha256, seed=self.seed, steps=way.steps,
            evaluations=times * runs + extra, sampler=way.name, spacing=way.spacing,
            scale=way.scale, guidance=way.guidance, interval=way.interval, pixels=pixels,
            padded=self.model.padded, runtime=self.model.runtime, threads=self.model.threads,
            asked_threads=self.asked_threads, device=self.model.device,
            compiled=self.model.compiled,
            tuned=walked if way.spacing == process.TUNED else "", **more,
        )  # fmt: skip


def prepare(
    prompt: str | None, negative: str, *, model: str | Path, n: int, seed: int | None,
    threads: int | None, runtime: Runtime = "onnx", padded: bool = False, kind: str = "image",
    want: str | None = None, device: str = "cpu", compile: bool = False, **walk: Any,
) -> Prepared:  # fmt: skip
    """Check a request and load its model; `walk` is what `process.resolve` takes."""
    first, model = first_seed(seed, n), str(model) if isinstance(model, Path) else model
    loaded = loaded_model(model, runtime, threads, padded, kind, device, compile)
    about = subject.understood(loaded, prompt, negative, want)
    if about.empty and walk.get("sampler") is None:
        walk |= {"taught": False}  # a student saw captions only
    way = process.resolve(loaded, **walk)
    about = replace(about, notes=(*about.notes, *_idle(loaded, way, about, walk.get("scale"))))
    return Prepared(loaded, way, about, first, model, threads)


def _idle(
    model: Model, way: Process, about: subject.Subject, scale: float | None
) -> Iterator[str]:
    """What was asked for and has no effect."""
    if way.name == process.STUDENT or way.guided(about.pos, about.neg):
        return
    asked = {
        "the negative prompt": about.negative,
        "the interval": way.interval,
        f"the guidance {way.guidance}": way.guidance != "cfg",
        f"the scale {way.scale:g}": scale not in (None, 1, model.manifest.defaults.get("scale")),
    }
    why = "scale 1 is no guidance" if way.scale == 1 else "an empty prompt is not guided"
    why = f"{model.manifest.name} takes no prompt" if about.pos is None else why
    if names := [name for name, there in asked.items() if there]:
        yield f"{why}: {' and '.join(names)} {'have' if names[1:] else 'has'} no effect"


def first_seed(seed: int | None, n: int) -> int:
    """The seed of the first of n pictures, drawn where none is given."""
    whole("n", n, 1, MOST)
    first = seed_or_drawn(seed)
    if first + n > MOST_SEED:
        most = MOST_SEED - n
        raise BadRequest(f"seed {first} leaves no room for n = {n}; give {most:,} or less")
    return first


def loaded_model(
    model: str, runtime: Runtime, threads: int | None, padded: bool, kind: str = "image",
    device: str = "cpu", compile: bool = False,
) -> Model:  # fmt: skip
    """The model of a name or folder, ready to run; the last three are kept."""
    if runtime not in get_args(Runtime):
        raise BadRequest(f"runtime is {runtime!r}; give onnx, int8 or torch")
    if threads is not None:
        threads = whole("threads", threads, 1, 1024)
    place = folder(os.path.expanduser(words("model", model))).resolve()
    stamp = (place / "model.json").stat().st_mtime_ns
    return _load_once(place, runtime, threads, padded, kind, device, compile, stamp)


@lru_cache(maxsize=3)
def _load_once(
    place: Path, runtime: Runtime, threads: int | None, padded: bool, kind: str, device: str,
    compile: bool, stamp: int,
) -> Model:  # fmt: skip
    """One loaded model serves many requests, until its model.json changes."""
    return load(place, runtime, threads, padded, kind, device, compile)
