"""A run in progress: what `loop.train` does at each step.

    loss, gradient -> finite? -> clip -> optimizer -> averages -> event, checkpoint, preview

Everything random is a function of (seed, step), see `rng` and `data`; everything else that a step
depends on is in the checkpoint, see `state`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from unstir import signals
from unstir.training import checkpoint, devices, schedule, sentinel, snapshots, state
from unstir.training.checkpoint import Checkpoint, CheckpointError
from unstir.training.data import Batch, Dataset, Order, ahead
from unstir.training.distributed import Group
from unstir.training.ema import Ema
from unstir.training.events import Event, Every, Kind, Meter
from unstir.training.log import Log
from unstir.training.optimizer import Optimizer
from unstir.training.rng import Rng
from unstir.training.settings import Settings, interval

Objective = Callable[[nn.Module, dict[str, Tensor], Rng], Tensor | dict[str, Tensor]]
"""(model, batch, rng) -> the loss, a mean over the batch; or {"loss": it, "name": ...}."""

Preview = Callable[[nn.Module, int], Any]
"""(model with averaged weights, in eval mode, without gradients; steps done) -> anything. What it
has as `figures`, a dict, becomes a line of the log."""


@dataclass(frozen=True)
class Job:
    """What to train on what; the arguments of `loop.train`."""

    model: nn.Module
    objective: Objective
    data: Dataset
    settings: Settings
    out: Path | None = None
    preview: Preview | None = None


class Task(nn.Module):
    """Model and objective as one module: processes share gradients of whatever is called."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: dict[str, Tensor], rng: Rng) -> dict[str, Tensor]:
        out = self.objective(self.model, batch, rng)
        return out if isinstance(out, dict) else {"loss": out}


class Run:
    """The parts of a run, at the state it starts or goes on from.

    Args:
        job: model, objective, data, settings, folder, preview.
        group: this process among all.
        steps: of the whole run.
        saved: the checkpoint to go on from.
    """

    def __init__(self, job: Job, group: Group, steps: int, saved: Checkpoint | None) -> None:
        self.job, self.settings, self.group, self.steps = job, job.settings, group, steps
        self.out = job.out if group.first else None
        self.order = Order(self.settings.seed, len(job.data), self.settings.batch)
        self.rows = group.rows(self.settings.batch, self.settings.accumulate)
        self.device = devices.prepare(self.settings, group.local)
        self.model = job.model.to(self.device).train()
        if self.settings.compile:
            self.model.compile()
        self.task = Task(self.model, job.objective)
        self.shared = group.wrap(self.task, self.device)
        self.weights = state.parameters(self.model)
        self.optimizer = Optimizer(self.model, self.settings, group)
        self.ema = Ema(self.weights, self.settings.ema)
        self.log: Log | None = None
        self.meter = Meter(self.settings.batch, 0.0)
        self.load(saved)

    def load(self, saved: Checkpoint | None) -> None:
        """Take the state of a checkpoint, in all processes before any writes."""
        manifest = saved.manifest if saved else {}
        self.step, self.skipped = manifest.get("step", 0), manifest.get("skipped", 0)
        self.durable = self.step if saved else -1
        same = manifest.get("steps") == self.steps
        self.every = manifest["snapshot_every"] if same else self._snapshot_every()
        if saved:
            state.scatter(saved, self.model, self.optimizer, self.ema)
        if self.group.agree(self.step) != self.step:
            raise CheckpointError(f"processes see different checkpoints in {self.job.out}")
        self.group.wait()

    def _snapshot_every(self) -> int:
        count = self.settings.snapshots if self.settings.ema else 0
        return math.ceil(self.steps / count) if count else 0

    def start(self, notes: list[str]) -> Iterator[Event]:
        """Say what is to be said, and make sure the run can write before it works."""
        for note in notes:
            yield self.event("note", message=note)
        if self.out:
            self.log = Log(self.out, self.step, self.settings.tensorboard)
            snapshots.forget(self.out, self.step)
            if self.durable < 0:
                yield self.save()
        self.meter = Meter(self.settings.batch, self._flops())
        self.checkpoints = Every(*interval(self.settings.checkpoint_every))
        self.previews = Every(*interval(self.settings.preview_every))

    def _flops(self) -> float:
        """Operations of one sample, forward and backward."""
        if self.settings.compile or self.step == self.steps:
            return 0.0
        batch = self._tensors(self.job.data.batch(self.order(0, range(1))))
        return devices.work(self.task, batch, Rng(0, 0, range(1), self.device))

    def steps_from_here(self) -> Iterator[Event]:
        """The rest of the run."""
        for batch in ahead(self._batch, range(self.step, self.steps)):
            yield from self.advance(self._tensors(batch))
            yield from self.between()
        yield self.event("done", message=f"{self.steps} steps done")

    def _batch(self, step: int) -> Batch:
        return self.job.data.batch(self.order(step, self.rows))

    def _tensors(self, batch: Batch) -> dict[str, Tensor]:
        # A copy, because BLAS may round by where memory starts and numpy's starts anywhere.
        return {k: torch.tensor(v, device=self.device) for k, v in batch.items()}

    def pieces(self) -> list[tuple[slice, range]]:
        """This process's rows in parts: where in its batch, and which of the global batch."""
        count, n = self.settings.accumulate, len(self.rows)
        cuts = [i * n // count for i in range(count + 1)]
        return [(slice(a, b), self.rows[a:b]) for a, b in pairwise(cuts)]

    def evaluate(
        self, task: nn.Module, batch: dict[str, Tensor], at: slice, rows: range
    ) -> dict[str, Tensor]:
        """The objective on a part of the batch."""
        rng = Rng(self.settings.seed, self.step, rows, self.device)
        torch.manual_seed(rng.torch_seed())
        with devices.autocast(self.settings, self.device):
            return task({k: v[at] for k, v in batch.items()}, rng)

    def backward(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Gradients of the global batch; its loss and parts."""
        sums: dict[str, Tensor] = {}
        pieces = self.pieces()
        for at, rows in pieces:
            share = len(rows) / self.settings.batch
            with self.group.quiet(self.shared, last=rows is pieces[-1][1]):
                out = self.evaluate(self.shared, batch, at, rows)
                (out["loss"] * (share * self.group.world)).backward()
            for name, value in out.items():
                sums[name] = sums.get(name, 0.0) + value.detach().float() * share
        values = self.group.sum(torch.stack(list(sums.values()))).tolist()
        return dict(zip(sums, values, strict=True))

    def advance(self, batch: dict[str, Tensor]) -> list[Event]:
        """One step. Who interrupts it finds the state before it or after it, and the log too."""
        parts = self.backward(batch)
        norm = get_total_norm([p.grad for p in self.weights.values() if p.grad is not None])
        with signals.held():
            event = self.update(batch, parts, norm)
            return [event, *self.record(event)]

    def update(self, batch: dict[str, Tensor], parts: dict[str, float], norm: Tensor) -> Event:
        """The part of a step that changes the state."""
        loss = parts.pop("loss")
        factor = schedule.factor(self.settings, self.step, self.steps)
        good = math.isfinite(loss) and math.isfinite(float(norm))
        if good:
            if self.settings.clip:
                clip_grads_with_norm_(self.weights.values(), self.settings.clip, norm)
            self.optimizer.step(factor)
        message = "" if good else self.skip(batch)
        self.skipped = 0 if good else self.skipped
        self.task.zero_grad(set_to_none=True)
        self.step += 1
        self.ema.update(self.weights, self.step)
        self.meter.tick()
        figures = {"loss": loss, "parts": parts, "lr": factor * self.settings.lr}
        figures |= {"grad_norm": float(norm), "message": message}
        return self.event("step" if good else "skip", **figures)

    def skip(self, batch: dict[str, Tensor]) -> str:
        """Say what was not finite; too often in a row is an error."""
        self.skipped += 1
        message = f"step {self.step + 1}: {self.culprit(batch)} is not finite"
        if self.skipped <= self.settings.skip:
            return message + "; the batch is skipped"
        raise sentinel.NotFinite(
            f"{message}; {self.skipped} batches in a row are not, so training stops. The last "
            f"checkpoint, step {max(self.durable, 0)}, is good: lower the rates or mend the data"
        )

    def culprit(self, batch: dict[str, Tensor]) -> str:
        """What first stopped being finite, by running the step again."""
        if weight := sentinel.bad_weight(self.weights):
            return f"the weight {weight}"
        if sample := sentinel.bad_sample(batch, self.order(self.step, self.rows)):
            return sample
        for at, rows in self.pieces():
            again = partial(self.evaluate, self.task, batch, at, rows)
            if module := sentinel.bad_module(self.model, again):
                return module
        return sentinel.bad_gradient(self.weights) or "a number of another process"

    def record(self, event: Event) -> Iterator[Event]:
        """The log's line and the snapshot, where it is their turn; what the disk refuses."""
        every, last = self.settings.log_every, event.step == self.steps
        if self.log and every and (event.kind == "skip" or event.step % every == 0):
            yield from self.attempt(partial(self.log, event.entry()))
        if self.out and self.every and (last or event.step % self.every == 0):
            yield from self.attempt(partial(snapshots.store, self.out, self.step, self.ema))

    def between(self) -> Iterator[Event]:
        """What is due after a step: checkpoint, preview."""
        last, preview = self.step == self.steps, self.job.preview
        if self.out and last:
            yield self.save()
        elif self.out and (self.checkpoints.due(self.step) or self.pinned):
            yield from self.attempt(self.save)
        if preview and self.group.first and (self.previews.due(self.step) or last):
            shown = self.show(preview)
            if self.log and (figures := getattr(shown, "figures", None)):
                yield from self.attempt(partial(self.log.figures, self.step, figures))
            yield self.event("preview", result=shown)

    @property
    def pinned(self) -> bool:
        """Whether a run of another length could branch off here."""
        return self.step == schedule.decay_start(self.settings, self.steps)

    def attempt(self, write: Callable[[], Event | None]) -> Iterator[Event]:
        """Write something; if the disk refuses, say so and go on."""
        try:
            event = write()
        except (OSError, CheckpointError) as error:
            event = self.event("note", message=str(error))
        if event is not None:
            yield event

    def save(self) -> Event:
        """Write a checkpoint."""
        if name := sentinel.bad_weight(state.persistent(self.model)):
            raise sentinel.NotFinite(
                f"{name} is not finite after step {self.step}, so no checkpoint is made of it. "
                f"The last one, step {max(self.durable, 0)}, is good: lower lr and muon_lr"
            )
        assert self.out is not None
        tensors = state.gather(self.model, self.optimizer, self.ema)
        path = checkpoint.save(self.out, self.manifest(), tensors, self.settings.keep)
        self.durable = self.step
        return self.event("checkpoint", path=path)

    def manifest(self) -> dict[str, Any]:
        """What a checkpoint says of itself."""
        return {
            "step": self.step,
            "steps": self.steps,
            "skipped": self.skipped,
            "snapshot_every": self.every,
            "pinned": self.pinned,
            "samples": len(self.job.data),
            "tied": state.tied(self.model),
            "settings": self.settings.to_json(),
            "environment": devices.environment(self.device) | {"processes": self.group.world},
        }

    def save_if_new(self) -> None:
        """On leaving early."""
        if self.out and self.step > self.durable:
            self.save()

    @torch.no_grad()
    def show(self, preview: Preview) -> Any:
        """Call the preview with the averaged weights in the model's place."""
        track = next(iter(self.ema.tracks.values()), {})
        own = {name: self.weights[name].detach().clone() for name in track}
        for name, average in track.items():
            self.weights[name].copy_(average)
        self.model.eval()
        try:
            return preview(self.model, self.step)
        finally:
            self.model.train()
            for name, value in own.items():
                self.weights[name].copy_(value)

    def event(self, kind: Kind, **fields: Any) -> Event:
        """An event of now."""
        speed = self.meter.figures(self.steps - self.step)
        return Event(kind, self.step, self.steps, **speed, **fields)

    def close(self) -> None:
        """Close the log."""
        if self.log:
            self.log.close()
