"""What a training run tells its caller, and how fast it is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["step", "checkpoint", "preview", "skip", "note", "done"]


@dataclass(frozen=True)
class Event:
    """What happened.

    kind: "step"; "checkpoint" (`path`); "preview" (`result`); "skip", a step whose loss or
    gradient was not finite, "note" and "done" (`message`, for a person). step: steps done, of
    `steps`. `eta` in seconds; `gflops` per second, over all processes.
    """

    kind: Kind
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

    def entry(self) -> dict[str, Any]:
        """The line of the log."""
        names = ("step", "loss", "grad_norm", "lr", "parts", "images_per_second", "message")
        return {name: getattr(self, name) for name in names}


class Meter:
    """Seconds a step takes, smoothed over about ten, and what follows from it.

    Args:
        batch: samples of a step.
        flops: operations of a sample; 0 if not known.
        clock: seconds since some moment.
    """

    def __init__(
        self, batch: int, flops: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.batch, self.flops, self.clock = batch, flops, clock
        self.pace, self.last = 0.0, clock()

    def tick(self) -> None:
        """A step is done."""
        now = self.clock()
        taken, self.last = now - self.last, now
        self.pace = 0.9 * self.pace + 0.1 * taken if self.pace else taken

    def figures(self, left: int) -> dict[str, float]:
        """The fields of an event that speak of speed, with `left` steps to go."""
        speed = self.batch / self.pace if self.pace else 0.0
        gflops = speed * self.flops / 1e9
        return {"images_per_second": speed, "gflops": gflops, "eta": self.pace * left}


class Every:
    """Says when an interval is over.

    Args:
        steps, seconds: the interval, one of them None (see `settings.interval`); 0 steps = never.
        clock: seconds since some moment.
    """

    def __init__(
        self,
        steps: int | None,
        seconds: float | None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.steps, self.seconds, self.clock = steps, seconds, clock
        self.last = clock()

    def due(self, step: int) -> bool:
        """Whether it is over after this step; starts the next."""
        if self.seconds is None:
            return bool(self.steps) and step % (self.steps or 1) == 0
        over = self.clock() - self.last >= self.seconds
        if over:
            self.last = self.clock()
        return over
