"""The training loop, a generator: one event a step; what happens between steps is the caller's.

    for event in train(model, objective, data, Settings(steps=20_000), Path("runs/emoji")):
        if event.kind == "step": print(event.step, event.loss)

The same call takes a stopped run up again, to the bit: weights, averages, optimizer and losses are
those of a run that was never stopped (with the same threads and processes; otherwise to rounding).
Leaving the loop early, or Ctrl-C, saves first.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from torch import nn

from unstir.training import distributed, durable
from unstir.training.checkpoint import CannotWrite, Checkpoint
from unstir.training.data import Dataset
from unstir.training.events import Event
from unstir.training.resume import choose
from unstir.training.run import Job, Objective, Preview, Run
from unstir.training.schedule import budget_steps
from unstir.training.settings import Settings

__all__ = ["Event", "Objective", "Preview", "Settings", "seconds_per_step", "train"]


def train(
    model: nn.Module,
    objective: Objective,
    data: Dataset,
    settings: Settings,
    out: Path | None = None,
    *,
    preview: Preview | None = None,
) -> Iterator[Event]:
    """Train `model` in place; see the module's docstring.

    Args:
        model: any network; what `objective` does with it is its own affair.
        objective: (model, batch, rng) -> loss, a mean over the batch, or {"loss": ..., part: ...}.
        data: index-addressed samples.
        settings: the numbers.
        out: folder of the run: checkpoints, averages, log. None keeps nothing.
        preview: called with (model with averaged weights, steps done) every
            `settings.preview_every` and at the end; its result is in the event.

    Raises:
        CheckpointError: the run in `out` cannot be gone on with.
        CannotWrite: the disk refuses.
        NotFinite: more than `settings.skip` batches in a row gave NaN or infinity.
        Busy: another process trains into `out`.
    """
    job = Job(model, objective, data, settings, out, preview)
    group = distributed.group(settings.device)
    with ExitStack() as stack:
        if out is not None and group.first:
            _make(out)
            stack.enter_context(durable.alone(out))
        notes: list[str] = []
        saved = choose(out, settings, len(data), notes) if out else None
        run = Run(job, group, group.agree(_steps(job, saved, notes)), saved)
        stack.callback(run.close)
        yield from run.start(notes)
        try:
            yield from run.steps_from_here()
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            run.save_if_new()
            raise


def seconds_per_step(job: Job, steps: int = 4) -> float:
    """What a step takes here, measured on a copy of the model; the first is not counted."""
    short = replace(job.settings, steps=steps + 1, budget=None)
    events = train(copy.deepcopy(job.model), job.objective, job.data, short)
    clock = [time.perf_counter() for event in events if event.kind in ("step", "skip")]
    return (clock[-1] - clock[0]) / steps


def _steps(job: Job, saved: Checkpoint | None, notes: list[str]) -> int:
    """How many: as set, or as the run has it, or as many as the budget pays for."""
    if job.settings.steps is not None:
        return job.settings.steps
    if saved is not None:
        return int(saved.manifest["steps"])
    taken, budget = seconds_per_step(job), job.settings.budget or 0.0
    steps = budget_steps(budget, taken)
    notes.append(f"a step takes {taken:.3g} s, so {budget:g} s are {steps} steps")
    return steps


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"folder {out} cannot be made: {error.strerror}; choose one that can be written"
        ) from error
