"""``unstir data``: build a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.tasks.data import data


@derived(data)
def command(build: Callable[[], Iterator[Any]], *, out: Path, json: bool = False) -> None:
    """Show how it goes.

    Args:
        json: Print what was made as JSON on stdout.
    """
    total = 0
    with progress("composing") as advance:
        for written in build():
            total = written.total
            advance(written.done, total, f"{written.done} of {total} pictures")
    say(f"{out}  {total} pictures; learn from them with `unstir train {out} --out RUN`")
    if json:
        answer_json({"folder": str(out), "pictures": total})
