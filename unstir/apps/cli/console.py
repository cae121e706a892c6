"""What a person sees while a command runs: notes, lines and a progress bar, all on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from unstir.apps.cli.errors import plain
from unstir.tasks.progress import Progress

R = TypeVar("R")
Advance = Callable[[int, int, str], None]
"""done, total, what is going on."""


def say(text: str) -> None:
    """One line for a person."""
    print(plain(text), file=sys.stderr)


def answer(text: str) -> None:
    """What was asked for, on stdout."""
    print(plain(text))


def answer_json(value: Mapping[str, Any]) -> None:
    """The same for a machine: one object, ASCII, so that no locale can spoil it."""
    print(json.dumps(value, indent=1, allow_nan=False, default=str))


def answer_line(value: Mapping[str, Any]) -> None:
    """One event of many for a machine: an object on a line of its own."""
    print(json.dumps(value, default=str), flush=True)


@contextmanager
def progress(title: str) -> Iterator[Advance]:
    """A bar where stderr is a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total, text: None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"), rich.BarColumn(),
        rich.TextColumn("{task.fields[text]}"), rich.TimeRemainingColumn(),
    )  # fmt: skip
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, text="")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, text=text)


def ended(
    title: str,
    events: Iterator[Progress | R],
    kind: type[R],
    heard: Callable[[Progress], None] = lambda event: None,
) -> R:
    """The report of that kind that events end in; their progress is shown, and `heard`."""
    with progress(title) as advance:
        for event in events:
            if isinstance(event, kind):
                return event
            assert isinstance(event, Progress)
            advance(event.done, event.total, event.text)
            heard(event)
    raise RuntimeError(f"{title} ended without a report")
