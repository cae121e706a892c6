"""The training loop, a generator: one event a step, and what happens between steps is the caller's.

    for event in train(model, objective, data, Settings(steps=20_000), Path("runs/emoji")):
        if event.kind == "step": print(event.step, event.loss)

The same call takes a stopped run up again, to the bit: weights, averages, optimizer and losses are those of a run
that was never stopped (same threads and processes; otherwise to rounding). Closing the generator saves.
Order of one step s, rates by `schedule`, numbers by `rng`, samples by `data`:

    loss and gradient  ->  finite?  ->  clip  ->  optimizer  ->  averages  ->  event, checkpoint, preview
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from unstir.training import (
    checkpoint,
    devices,
    distributed,
    durable,
    schedule,
    sentinel,
    snapshots,
)
from unstir.training.data import Batch, Dataset, Order, ahead
from unstir.training.ema import Ema
from unstir.training.log import Log
from unstir.training.optimizer import Optimizer
from unstir.training.resume import choose
from unstir.training.rng import Rng
from unstir.training.settings import Settings, interval
from unstir.training.state import gather, parameters, persistent, scatter

Objective = Callable[[nn.Module, dict[str, Tensor], Rng], Tensor | dict[str, Tensor]]
"""(model, batch, rng) -> the loss, a mean over the batch; or {"loss": it, "name of a part": ...}."""

Preview = Callable[[nn.Module, int], Any]
"""(model with averaged weights, in eval mode and without gradients; steps done) -> anything."""


@dataclass(frozen=True)
class Event:
    """What happened.

    kind: "step"; "checkpoint" (`path`), "preview" (`result`), "skip" (a batch without finite loss or gradient),
    "note" (`message` for a person), "done". `step` counts the steps done, of `steps`.
    """

    kind: Literal["step", "checkpoint", "preview", "skip", "note", "done"]
    step: int
    steps: int
    loss: float = math.nan
    parts: dict[str, float] = field(default_factory=dict)
    lr: float = 0.0
    grad_norm: float = math.nan
    images_per_second: float = 0.0
    gflops: float = 0.0
    eta: float = 0.0
    message: str = ""
    path: Path | None = None
    result: Any = None


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
        objective: the training signal.
        data: index-addressed samples.
        settings: numbers.
        out: folder of the run: checkpoints, averages, log. None keeps nothing.
        preview: called with the averaged weights every `settings.preview_every`; its result is in the event.

    Raises:
        CheckpointError: the run in `out` cannot be gone on with, or the disk refuses.
        NotFinite: more than `settings.skip` batches in a row gave NaN or infinity.
    """
    group = distributed.group(settings.device)
    with ExitStack() as stack:
        if out is not None and group.first:
            _make(out)
            stack.enter_context(durable.alone(out))
        run = Run(model, objective, data, settings, out, group, preview)
        yield from run.start()
        try:
            yield from run.steps_from_here()
        except GeneratorExit:
            run.save_if_new()
            raise
        finally:
            run.close()


def seconds_per_step(
    model: nn.Module, objective: Objective, data: Dataset, settings: Settings, steps: int = 4
) -> float:
    """What a step takes here, measured on a copy of the model (the first step is not counted)."""
    short = replace(settings, steps=steps + 1, budget=None)
    clock = [
        time.perf_counter()
        for e in train(copy.deepcopy(model), objective, data, short)
        if e.kind == "step"
    ]
    return (clock[-1] - clock[0]) / steps


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise checkpoint.CheckpointError(
            f"folder {out} cannot be made: {error.strerror}; give another"
        ) from error


class Task(nn.Module):
    """Model and objective as one module, so that several processes can share whatever the objective calls."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: dict[str, Tensor], rng: Rng) -> dict[str, Tensor]:
        out = self.objective(self.model, batch, rng)
        return out if isinstance(out, dict) else {"loss": out}


class Run:
    """The parts of a run and what they do at each step. `train` is the way in."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        data: Dataset,
        settings: Settings,
        out: Path | None,
        group: distributed.Group,
        preview: Preview | None,
    ) -> None:
        self.settings, self.out, self.group, self.preview = settings, out, group, preview
        self.writes = out is not None and group.first
        self.data, self.order = data, Order(settings.seed, len(data), settings.batch)
        self.rows = group.rows(settings.batch)
        if len(self.rows) < settings.accumulate:
            raise ValueError(
                f"batch {settings.batch} over {group.world} processes in {settings.accumulate} parts leaves "
                "some without a sample; enlarge batch or lessen accumulate"
            )
        self.notes: list[str] = []
        self.saved = choose(out, settings, len(data), self.notes) if out else None
        self.plan(model, objective)
        self.device = devices.prepare(settings, group.local)
        self.model = model.to(self.device).train()
        if settings.compile:
            self.model.compile()
        self.weights = parameters(self.model)
        self.task = Task(self.model, objective)
        self.shared = group.wrap(self.task, self.device)
        self.optimizer = Optimizer(self.model, settings)
        self.ema = Ema(self.weights, settings.ema)
        self.load()

    def plan(self, model: nn.Module, objective: Objective) -> None:
        """How many steps: as set, as the run has it, or as many as the budget pays."""
        steps = self.settings.steps or (self.saved.manifest["steps"] if self.saved else None)
        if steps is None:
            taken = seconds_per_step(model, objective, self.data, self.settings)
            steps = schedule.budget_steps(self.settings.budget or 0.0, taken)
            self.notes.append(
                f"a step takes {taken:.3g} s: {steps} steps in {self.settings.budget:g} s"
            )
        self.steps = self.group.agree(steps, torch.device("cpu"))
        self.every = (
            self.saved.manifest["snapshot_every"] if self.saved else self._snapshot_every()
        )

    def _snapshot_every(self) -> int:
        count = self.settings.snapshots if self.settings.ema else 0
        return math.ceil(self.steps / count) if count else 0

    def load(self) -> None:
        """Go on from the checkpoint, if there is one."""
        self.step, self.skipped = 0, 0
        if self.saved is not None:
            scatter(self.saved, self.model, self.optimizer, self.ema)
            self.step, self.skipped = self.saved.manifest["step"], self.saved.manifest["skipped"]
            self.notes.append(
                f"going on from step {self.step} of {self.steps} ({self.saved.path.name})"
            )
        self.fresh, self.saved = self.saved is None, None
        if self.group.agree(self.step, torch.device("cpu")) != self.step:
            raise checkpoint.CheckpointError(f"processes see different checkpoints in {self.out}")
        self.group.wait()

    def start(self) -> Iterator[Event]:
        """Make sure the run can write, before any work."""
        self.log = Log(self.out, self.step, self.settings.tensorboard) if self.writes else None
        self.durable_step = -1 if self.fresh else self.step
        self.flops = self._flops()
        now = time.perf_counter()
        self.last = {"checkpoint": now, "preview": now, "step": now}
        self.pace = 0.0
        for note in self.notes:
            yield self.event("note", message=note)
        if self.writes:
            snapshots.forget(self.out, self.step)
            if self.fresh:
                yield self.save()

    def _flops(self) -> float:
        """Operations of one sample, forward and backward."""
        if not self.group.first or self.settings.compile:
            return 0.0
        batch = self._tensors(self.data.batch(self.order(0, range(1))))
        return devices.work(self.task, batch, Rng(0, 0, range(1), self.device))

    def steps_from_here(self) -> Iterator[Event]:
        """The rest of the run."""
        for batch in ahead(self._batch, range(self.step, self.steps)):
            yield self.advance(self._tensors(batch))
            yield from self.between()
        yield self.event("done", message=f"{self.steps} steps done")

    def _batch(self, step: int) -> Batch:
        return self.data.batch(self.order(step, self.rows))

    def _tensors(self, batch: Batch) -> dict[str, Tensor]:
        return {
            k: torch.from_numpy(v).to(self.device, non_blocking=True) for k, v in batch.items()
        }

    def pieces(self) -> list[tuple[slice, range]]:
        """The parts of this process's rows: where in the local batch, and which rows of the global one."""
        count, n = self.settings.accumulate, len(self.rows)
        cuts = [i * n // count for i in range(count + 1)]
        return [(slice(a, b), self.rows[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]

    def evaluate(
        self, task: nn.Module, batch: dict[str, Tensor], at: slice, rows: range
    ) -> dict[str, Tensor]:
        """The objective on a part of the batch."""
        rng = Rng(self.settings.seed, self.step, rows, self.device)
        torch.manual_seed(rng.torch_seed())
        with devices.autocast(self.settings, self.device):
            return task({k: v[at] for k, v in batch.items()}, rng)

    def backward(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Gradients of the global batch, and its loss and parts."""
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

    def advance(self, batch: dict[str, Tensor]) -> Event:
        """One step."""
        parts = self.backward(batch)
        loss = parts.pop("loss")
        grads = [p.grad for p in self.weights.values() if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(grads))
        good = math.isfinite(loss) and math.isfinite(norm)
        factor = schedule.factor(self.settings, self.step, self.steps)
        if good:
            if self.settings.clip:
                torch.nn.utils.clip_grads_with_norm_(
                    self.weights.values(), self.settings.clip, torch.tensor(norm)
                )
            self.optimizer.step(factor)
        message = "" if good else self.skip(batch)
        self.task.zero_grad(set_to_none=True)
        self.skipped = 0 if good else self.skipped
        self.step += 1
        self.ema.update(self.weights, self.step)
        self._tick()
        return self.event(
            "step" if good else "skip", loss, parts, factor * self.settings.lr, norm, message
        )

    def skip(self, batch: dict[str, Tensor]) -> str:
        """Say what was not finite; too often in a row is an error."""
        self.skipped += 1
        message = f"step {self.step + 1}: {self.culprit(batch)} is not finite"
        if self.skipped > self.settings.skip:
            raise sentinel.NotFinite(
                f"{message}; {self.skipped} batches in a row, training stops. The last good checkpoint is "
                f"step {max(self.durable_step, 0)}; lower lr and muon_lr, or look at the data"
            )
        return message + "; the batch is skipped"

    def culprit(self, batch: dict[str, Tensor]) -> str:
        """What first stopped being finite, by running the step again."""
        if weight := sentinel.bad_weight(self.weights):
            return f"the weight {weight}"
        if sample := sentinel.bad_sample(batch, self.order(self.step, self.rows)):
            return sample
        for at, rows in self.pieces():
            if module := sentinel.bad_module(
                self.model, lambda: self.evaluate(self.task, batch, at, rows)
            ):
                return module
        return sentinel.bad_gradient(self.weights) or "a number of another process"

    def between(self) -> Iterator[Event]:
        """What is due after a step: snapshot, checkpoint, preview."""
        last, pin = (
            self.step == self.steps,
            self.step == schedule.decay_start(self.settings, self.steps),
        )
        if self.writes:
            if self.every and (last or self.step % self.every == 0):
                yield from self.attempt(lambda: snapshots.store(self.out, self.step, self.ema))
            if last:
                yield self.save()
            elif pin or self.due("checkpoint", self.settings.checkpoint_every):
                yield from self.attempt(self.save)
        if self.preview is not None and self.group.first:
            if last or self.due("preview", self.settings.preview_every):
                yield self.event("preview", result=self.show())

    def due(self, what: str, every: int | str) -> bool:
        """Whether an interval is over; starts the next."""
        steps, seconds = interval(every)
        now = time.perf_counter()
        over = (
            self.step % steps == 0
            if steps
            else seconds is not None and now - self.last[what] >= seconds
        )
        if over:
            self.last[what] = now
        return over

    def attempt(self, write: Callable[[], Event | None]) -> Iterator[Event]:
        """A write that may fail: the run goes on and says so."""
        try:
            event = write()
        except (OSError, checkpoint.CheckpointError) as error:
            event = self.event("note", message=str(error))
        if event is not None:
            yield event

    def save(self) -> Event:
        """Write a checkpoint."""
        if name := sentinel.bad_weight(persistent(self.model)):
            raise sentinel.NotFinite(
                f"weight {name} is not finite after step {self.step}; no checkpoint is made of it: the last good "
                f"one is step {max(self.durable_step, 0)}; lower lr and muon_lr"
            )
        path = checkpoint.save(
            self.out,
            self.manifest(),
            gather(self.model, self.optimizer, self.ema),
            self.settings.keep,
        )
        self.durable_step = self.step
        return self.event("checkpoint", path=path)

    def manifest(self) -> dict[str, Any]:
        """What a checkpoint says of itself."""
        return {
            "step": self.step, "steps": self.steps, "skipped": self.skipped, "snapshot_every": self.every,
            "pinned": self.step == schedule.decay_start(self.settings, self.steps),
            "data": len(self.data), "settings": self.settings.to_json(),
            "environment": {"torch": torch.__version__, "threads": torch.get_num_threads(),
                            "processes": self.group.world, "device": str(self.device)},
        }  # fmt: skip

    def save_if_new(self) -> None:
        """On leaving early."""
        if self.writes and self.step > self.durable_step:
            self.save()

    @torch.no_grad()
    def show(self) -> Any:
        """Call the preview with the averaged weights in the model's place."""
        track = next(iter(self.ema.tracks.values()), None)
        own = {n: p.detach().clone() for n, p in self.weights.items()} if track else {}
        for name in own:
            self.weights[name].copy_(track[name])
        self.model.eval()
        try:
            return self.preview(self.model, self.step)
        finally:
            self.model.train()
            for name, value in own.items():
                self.weights[name].copy_(value)

    def _tick(self) -> None:
        """Seconds a step, smoothed over about ten."""
        now = time.perf_counter()
        taken, self.last["step"] = now - self.last["step"], now
        self.pace = taken if not self.pace else 0.9 * self.pace + 0.1 * taken

    def event(
        self,
        kind: str,
        loss: float = math.nan,
        parts: dict[str, float] | None = None,
        lr: float = 0.0,
        norm: float = math.nan,
        message: str = "",
        path: Path | None = None,
        result: Any = None,
    ) -> Event:
        """An event, logged if it is its turn."""
        speed = self.settings.batch / self.pace if self.pace else 0.0
        event = Event(
            kind, self.step, self.steps, loss, parts or {}, lr, norm, speed, speed * self.flops / 1e9,
            self.pace * (self.steps - self.step), message, path, result,
        )  # fmt: skip
        every = self.settings.log_every
        if (
            self.log
            and every
            and kind in ("step", "skip")
            and (self.step % every == 0 or kind == "skip")
        ):
            self.log(
                {"step": event.step, "loss": loss, "grad_norm": norm, "lr": lr, "parts": event.parts,
                 "images_per_second": round(speed, 2), "message": message}
            )  # fmt: skip
        return event

    def close(self) -> None:
        if self.log:
            self.log.close()
