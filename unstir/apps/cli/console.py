"""What a person sees while a command runs: notes, lines and a progress bar, all on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from unstir.apps.cli.errors import plain

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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, text="")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, text=text)
