"""Diffusion beside a GAN and a VAE, trained on the same data with the same work, and measured.

    *_, report = compare("digits", out=Path("runs/compare"))
    print(report.markdown())

Every contestant is trained with several seeds, and with its learning rates too low and too high;
each leaves its results in a folder of its own, so that the same call goes on after any stop. What
is compared, and how: docs/comparison.md.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unstir.core.find import find
from unstir.evaluation import Sets
from unstir.modalities.files import replacing
from unstir.modalities.images import from_model, write
from unstir.tasks.contestant import METRICS, SHOWN, WAYS, Contestant, contested, save
from unstir.tasks.progress import Progress
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.standings import Report
from unstir.threads import default_threads

if TYPE_CHECKING:
    from unstir.recipes.worlds import World

SCHEMA = 2


def compare(
    what: str,
    *,
    out: Path,
    seeds: int = 3,
    rates: float = 4.0,
    n: int = 2000,
    work: float | None = None,
    jobs: int | None = None,
) -> Iterator[Progress | Report]:
    """Compare diffusion with a GAN and a VAE on the same data.

    Args:
        what: digits, mixture, emoji, or a folder of pictures, best with a class in each
            subfolder.
        out: Folder of all runs and of the report. The same command goes on after a stop.
        seeds: How often each is trained as usual.
        rates: Each is also trained with its learning rates this many times lower and
            higher; 1 leaves that out.
        n: Samples that each is measured on.
        work: What each may train, in 10^12 floating-point operations; without it what
            suits the data.
        jobs: Contestants trained at the same time, on one thread each; without it, as many
            as there are processors.
    """
    if find_spec("torch") is None:
        raise ImportError("training needs torch: pip install 'unstir[train]'")
    whole("seeds", seeds, 1, 1000)
    whole("n", n, 100, 100_000)
    number("rates", rates, 1, 1000)
    if work is not None:
        number("work", work, 1e-3, 1e9)
    if jobs is not None:
        whole("jobs", jobs, 1, 1024)
    return _compared(what, out, seeds, rates, n, work, jobs or default_threads())


def _compared(
    what: str, out: Path, seeds: int, rates: float, n: int, work: float | None, jobs: int
) -> Iterator[Progress | Report]:
    world = _opened(what, work)
    _same(out, world, n)
    who = [Contestant(family, seed) for seed in range(seeds) for family in WAYS]
    if rates > 1:
        who += [Contestant(family, 0, rate) for rate in (1 / rates, rates) for family in WAYS]
    if jobs == 1:
        yield from _in_turn(world, who, out, n)
    else:
        yield from _together(what, work, who, out, n, jobs)
    yield Progress(len(who), len(who), "the floor")
    rows = [json.loads((out / w.folder / "result.json").read_text("utf-8")) for w in who]
    report = Report(world.name, world.space, world.budget, n, tuple(rows), _floor(world, n))
    _sheet(world, out)
    save(out / "report.json", report.to_json())
    with replacing(out / "report.md") as temporary:
        temporary.write_text(report.markdown(), encoding="utf-8")
    if find_spec("matplotlib"):
        from unstir.tasks.plots import plot

        plot(report, out)
    yield report


def _opened(what: str, work: float | None) -> World:
    from unstir.recipes.worlds import open_world

    world = open_world(what)
    return world if work is None else replace(world, budget=work * 1e12)


def _in_turn(world: World, who: list[Contestant], out: Path, n: int) -> Iterator[Progress]:
    for number_of, one in enumerate(who):
        yield Progress(number_of, len(who), one.title)
        for done in contested(world, one, out, n, threads=1):
            yield Progress(number_of, len(who), f"{one.title}: {done}")


def _together(
    what: str, work: float | None, who: list[Contestant], out: Path, n: int, jobs: int
) -> Iterator[Progress]:
    """In processes of their own; what is left is given up if one fails, or this one is stopped."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(jobs, context, _enter, (what, work, stop)) as pool:
        running = {pool.submit(_one, one, out, n): one for one in who}
        try:
            yield Progress(0, len(who), f"{jobs} at a time")
            for done, future in enumerate(as_completed(running), 1):
                future.result()
                yield Progress(done, len(who), f"{running[future].title} is done")
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


_STUDY: list[tuple[World, Event]] = []
"""Of this process, if it is one of several: the data, and whether to stop."""


def _enter(what: str, work: float | None, stop: Event) -> None:
    import torch

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)
    _STUDY[:] = [(_opened(what, work), stop)]


def _follow(parent: BaseProcess) -> None:
    """Nobody waits for this process any more when the one that began it is killed."""
    parent.join()
    os._exit(1)


def _one(one: Contestant, out: Path, n: int) -> None:
    world, stop = _STUDY[0]
    for _ in contested(world, one, out, n, threads=1):
        if stop.is_set():
            return


def _same(out: Path, world: World, n: int) -> None:
    """A study goes on with what it was begun with."""
    said = {"schema": SCHEMA, "data": world.fingerprint, "budget": world.budget, "n": n}
    file = out / "study.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) != said:
        raise BadRequest(
            f"the comparison in {out} was begun with other data, work or numbers of samples; give "
            "another --out, or delete that folder"
        )
    if out.exists() and not file.exists() and any(out.iterdir()):
        raise BadRequest(f"{out} holds other files; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    save(file, said)


def _floor(world: World, n: int) -> dict[str, float]:
    """What real samples score: those learned from against those held out."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(world.train))[: min(n, len(world.train))]
    sets = Sets(world.features(world.train[rows]), world.seen["real"])
    names = [name for name in METRICS if name != "copies"]
    found = [score for name in names for score in find("evaluation", name)(sets)]
    return {score.name: score.value for score in found}


def _sheet(world: World, out: Path) -> None:
    """Samples of each family, of the first seed whose are there, a row each, below real ones:
    samples.png."""
    if not world.widths:
        return
    rows = [world.real[:SHOWN]]
    for family, way in ((family, way) for family, ways in WAYS.items() for way in ways):
        kept = sorted(out.glob(f"{family}-*-1/samples-{way}.npy"))
        rows += [np.load(file) for file in kept[:1]]
    pixels = [
        from_model(np.clip(np.broadcast_to(r, (len(r), 3, *r.shape[2:])), -1, 1))
        for r in map(world.pictures, rows)
    ]
    count = min(map(len, pixels))
    gap = np.full((2, count * pixels[0].shape[2], 3), 255, np.uint8)
    strips = [part for p in pixels for part in (np.concatenate(list(p[:count]), 1), gap)]
    write(out / "samples.png", np.concatenate(strips[:-1]))
