"""``unstir train``: a bar where there is a terminal, a line now and then where there is none; and
the part that other commands which train have too."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstir.apps.cli.console import answer_line, progress, say
from unstir.apps.cli.derive import derived
from unstir.tasks.train import train

SECONDS = 10.0
"""Between two lines where there is no terminal."""


def learning(begin: Callable[[], Iterator[Any]], *, out: Path, json: bool = False) -> None:
    """Show how it goes.

    Args:
        json: A JSON line for each event on stdout.
    """
    report = Report(json)
    try:
        with progress("training") as advance:
            for told in begin():
                advance(told.done, told.total, _figures(told))
                report.tell(told)
    except (KeyboardInterrupt, SystemExit):
        say("\nstopped; the same command goes on from here")
        raise
    say(f"done: unstir generate --model {out}")


@dataclass
class Report:
    """Lines for a log: each stage, each message, and the state every few seconds."""

    json: bool
    stage: str = ""
    last: float = -math.inf

    def tell(self, told: Any) -> None:
        """Print what is worth a line."""
        if self.json:
            answer_line(_entry(told))
        message = told.event if isinstance(told.event, str) else getattr(told.event, "message", "")
        if message:
            say(message)
        due = told.stage != self.stage or time.monotonic() - self.last >= SECONDS
        if due and not sys.stderr.isatty():
            self.stage, self.last = told.stage, time.monotonic()
            say(f"{told.stage}: {_figures(told)}")


command = derived(train)(learning)


def _figures(told: Any) -> str:
    """12 of 100, loss 0.31, 88 pictures/s, 3 min left."""
    words = [f"{told.done} of {told.total}"]
    event = told.event
    if getattr(event, "kind", "") == "step":
        words += [f"loss {event.loss:.4f}", f"{event.images_per_second:.0f} pictures/s"]
        words += [f"{event.gflops:.0f} GFLOP/s"] if event.gflops else []
        words += [f"{_duration(event.eta)} left"]
    return ", ".join(words)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _entry(told: Any) -> dict[str, Any]:
    entry = {"stage": told.stage, "done": told.done, "total": told.total}
    if isinstance(told.event, str):
        return entry | {"message": told.event}
    figures = told.event.entry() if hasattr(told.event, "entry") else {}
    return entry | {k: v for k, v in figures.items() if v not in ("", {}) and v == v}
