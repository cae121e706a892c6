"""Find better paths for a model: the same number of steps, placed where they matter.

    *_, report = tune("emoji", steps=(4, 12))
    for row in report.rows: print(row.steps, row.plain, row.error)

Walks of many fine steps are kept as a table: cost[i][j] is how far one straight step from level i
lands from where the walk is at level j. The path of K steps with the least sum of costs follows by
dynamic programming, with the costs of later steps weighed more (Chen et al. 2024, "On the
trajectory regularity of ODE-based diffusion sampling", section 4). No gradient is needed and no
picture. A path is kept only where it ends nearer to the fine walk than the model's own path does,
on other noise than it was searched on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core import paths
from unstir.core.find import find
from unstir.core.levels import Level
from unstir.core.noise import gaussian, seeds
from unstir.modalities.files import check_folder
from unstir.runtimes import tuned
from unstir.runtimes.manifest import BadModel
from unstir.runtimes.model import Model
from unstir.runtimes.tuned import Tuned
from unstir.tasks.prepared import loaded_model
from unstir.tasks.process import Process, resolve, usual
from unstir.tasks.progress import Progress
from unstir.tasks.request import BadRequest, whole

FINE = 60
"""Steps of the walk that is taken for exact."""
GROWTH = 1.15
"""How much more the cost of a step counts than that of the one before it (Chen et al. 2024)."""
CHUNK, CHECKED, SEED = 16, 16, 2**40
"""Walks at a time, walks that paths are measured on, and the first seed: apart from pictures'."""
PROMPTS = """
a cat, a house, three apples, a tree on a blue background, a dog wearing a hat, a red car,
a bird next to a flower, a star above a boat, a person holding a cup, a clock, two fish, a guitar,
a mountain, a lion with a crown, bread, a rocket on a black background
""".replace("\n", " ").strip().split(", ")  # fmt: skip
"""What is drawn where nothing is said: only the steps are learned from them."""

Told = tuple[Tokens | None, Tokens | None]


@dataclass(frozen=True)
class Report:
    """What was found for each number of steps; `kept` is what the model's file got, in place of
    all it had for them."""

    rows: tuple[Tuned, ...]
    kept: tuple[Tuned, ...]
    file: Path | None


def tune(
    model: str = "emoji",
    *,
    steps: Annotated[tuple[int, int], "LEAST,MOST"] = (4, 20),
    sampler: str | None = None,
    scale: float | None = None,
    guidance: str = "cfg",
    prompts: Path | None = None,
    walks: int = 64,
    threads: int | None = None,
) -> Iterator[Progress | Report]:
    """Find better paths for a model, for `generate` to use.

    Args:
        model: Name of a model, or its folder, which gets a file tuned.json.
        steps: The least and the most steps to find a path for.
        prompts: A text file with a prompt in each line, to draw in the search; without it
            some of no special kind.
        walks: How many are looked at.
    """
    least, most = (whole("steps", n, 2, FINE // 2) for n in steps)
    if least > most:
        raise BadRequest(f"steps is {least},{most}; give the smaller number first")
    whole("walks", walks, 1, 4096)
    if guidance == "cfgpp":
        raise BadRequest(
            "guidance is cfgpp, which is another walk for each path, so none of them ends where a "
            "fine walk does; give cfg, rescale or apg"
        )
    loaded = loaded_model(model, "onnx", threads, False)
    check_folder(loaded.folder)
    way = resolve(
        loaded, steps=most, sampler=sampler, scale=scale, guidance=guidance, spacing="uniform"
    )
    if _draws(way):
        raise BadRequest(
            f"{way.name} draws fresh noise as it goes, so no path of it ends where a fine walk "
            "does; take ddim, dpmpp_2m or another that draws none"
        )
    told, old = to_draw(loaded, prompts), _old(loaded)
    return _tuned(loaded, way, told, range(least, most + 1), walks, old)


def _old(model: Model) -> list[Tuned]:
    """The paths that the model has; none where they are damaged, for the file is written anew."""
    try:
        return tuned.read(model.manifest)
    except BadModel:
        return []


def _tuned(
    model: Model, way: Process, told: Told, budgets: range, walks: int, old: list[Tuned]
) -> Iterator[Progress | Report]:
    cost = sys.modules[way.sampler.__module__].COST
    counts = sorted({cost.steps_for(budget) for budget in budgets})
    total = FINE * (walks + CHECKED) + 2 * sum(counts) * CHECKED
    levels, table, done = usual(model, FINE, "uniform"), np.zeros((FINE + 1, FINE + 1)), 0
    for first in range(0, walks, CHUNK):
        which = range(first, min(first + CHUNK, walks))
        states, clean = _walk(model, way, told, levels, which)
        table += costs(levels, states, clean)
        done += FINE * len(which)
        yield Progress(done, total, "looking at walks")
    checked = range(walks, walks + CHECKED)
    exact = _walk(model, way, told, levels, checked)[0][-1]
    done += FINE * CHECKED
    rows = []
    for count in counts:
        times = tuple(levels[i].t for i in best(table, count))
        error, plain = (
            _error(model, replace(way, path=path), told, checked, exact)
            for path in (paths.at(model.schedule, times), usual(model, count))
        )
        row = Tuned(way.name, count, way.scale, way.guidance, times, error, plain)
        rows.append(row)
        done += 2 * count * CHECKED
        yield Progress(done, total, f"{count} steps: {error:.4f}, {plain:.4f} as usual")
    kept, searched = tuple(row for row in rows if row.error < row.plain), {row.key for row in rows}
    others = [path for path in old if path.key not in searched]
    there = kept or (model.folder / tuned.FILE).exists()
    file = tuned.write(model.manifest, [*others, *kept]) if there else None
    yield Report(tuple(rows), kept, file)


def _draws(way: Process) -> bool:
    """Whether the sampler asks for noise on its way."""
    asked: list[int] = []

    def noise(step: int, draw: int = 0) -> float:
        asked.append(step)
        return 0.0

    for _ in way.sampler(lambda x, t: 0.0, 0.0, way.path, noise=noise):
        pass
    return bool(asked)


def costs(
    levels: Sequence[Level], states: Sequence[np.ndarray], clean: Sequence[np.ndarray]
) -> np.ndarray:
    """(N + 1, N + 1): the sum over walks of |x_i stepped straight to level j - x_j|, for i < j."""
    table = np.zeros((len(levels), len(levels)))
    for i, (t, x, x0) in enumerate(zip(levels, states, clean, strict=False)):
        eps = (x - t.alpha * x0) / t.sigma
        for j in range(i + 1, len(levels)):
            miss = levels[j].alpha * x0 + levels[j].sigma * eps - states[j]
            table[i, j] = np.sqrt((miss**2).sum(tuple(range(1, miss.ndim)))).sum()
    return table


def best(table: np.ndarray, count: int, growth: float = GROWTH) -> list[int]:
    """The `count` + 1 levels from the first to the last with the least cost: each step counts
    `growth` times as much as the one before it."""
    last = len(table) - 1
    if not 1 <= count <= last:
        raise ValueError(f"{count} steps over {last + 1} levels; give 1 to {last}")
    value = np.where(np.arange(last + 1) < last, table[:, last], np.inf)
    chosen = []
    for _ in range(count - 1):
        through = np.where(np.triu(np.ones_like(table), 1) > 0, table, np.inf)
        through = through + growth * value  # from i by j
        chosen.append(through.argmin(1))
        value = through.min(1)
    places = [0]
    for step in reversed(chosen):
        places.append(int(step[places[-1]]))
    return [*places, last]


def _walk(
    model: Model, way: Process, told: Told, levels: list[Level], which: range
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """States at all levels, and the estimates in between."""
    noise = gaussian(seeds(SEED + which[0], len(which)), model.manifest.shape)
    denoise = way.denoiser(model, *(rows_of(tokens, which) for tokens in told))
    states, clean = [levels[0].sigma * noise(-1)], []
    for step in find("samplers", "dpmpp_2m")(denoise, states[0], levels, noise=noise):
        states.append(step.x)
        clean.append(step.x0)
    return states, clean


def _error(model: Model, way: Process, told: Told, which: range, exact: np.ndarray) -> float:
    """Root of the mean square between the ends of this path and of the exact walk."""
    noise = gaussian(seeds(SEED + which[0], len(which)), model.manifest.shape)
    denoise = way.denoiser(model, *(rows_of(tokens, which) for tokens in told))
    x = way.path[0].sigma * noise(-1)
    for step in way.sampler(denoise, x, way.path, noise=noise):
        x = step.x
    return float(np.sqrt(((x - exact) ** 2).mean()))


def rows_of(tokens: Tokens | None, which: range) -> Tokens | None:
    """One row for each walk, in turn."""
    if tokens is None:
        return None
    rows = [i % len(tokens.states) for i in which]
    return Tokens(tokens.states[rows], tokens.mask[rows], tuple(tokens.truncated[i] for i in rows))


def to_draw(model: Model, prompts: Path | None) -> Told:
    """What is drawn and its absence, or nothing for a model without a condition."""
    if model.condition is None:
        if prompts is not None:
            raise BadRequest(f"{model.manifest.name} takes no prompts; leave them out")
        return None, None
    raw = PROMPTS
    if prompts is not None:
        text = Path(os.path.expanduser(prompts)).read_text(encoding="utf-8")
        raw = [line.strip() for line in text.splitlines() if line.strip()]
        if not raw:
            raise BadRequest(f"{prompts} holds no prompt")
    elif (model.manifest.condition or {})["name"] == "labels":
        raw = list((model.manifest.condition or {})["classes"])
    return model.condition.encode(raw), model.condition.encode([""] * len(raw))
