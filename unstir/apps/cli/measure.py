"""``unstir evaluate`` of molecules and proteins: a table on stdout, progress on stderr."""

from __future__ import annotations

import json as text
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress
from unstir.apps.cli.derive import derived
from unstir.apps.cli.evaluate import between, number
from unstir.evaluation import Score
from unstir.modalities.files import check_writable, replacing
from unstir.modalities.images import BadEnding
from unstir.tasks.comparison import Progress
from unstir.tasks.evaluate import evaluate
from unstir.tasks.measure import Table, measure
from unstir.tasks.proteins import proteins


@derived(measure, evaluate, proteins)
def command(
    begin: Callable[[], Iterator[Progress | Table]],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """Print the figures.

    Args:
        out: Also write everything to a file, .json.
        json: Print everything as JSON on stdout, not as a table.
    """
    if out is not None:
        check_writable(out)
        if out.suffix.lower() != ".json":
            raise BadEnding(f"{out} does not end in .json; the figures do")
    table = _done(begin())
    if out is not None:
        with replacing(out) as temporary:
            said = text.dumps(table.to_json(), indent=1, allow_nan=False)
            temporary.write_text(said + "\n", encoding="utf-8")
    answer_json(table.to_json()) if json else _print(table)


def _done(events: Iterator[Progress | Table]) -> Table:
    with progress("measuring") as advance:
        for event in events:
            if isinstance(event, Table):
                return event
            advance(event.done, event.total, f"{event.stage}: {event.done} of {event.total}")
    raise RuntimeError("the measuring ended without a table")


def _print(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for i, column in enumerate(("", *table.columns)):
        grid.add_column(Text(column), justify="right" if i else "left", no_wrap=not i)
    names = list(dict.fromkeys(s.name for column in table.columns.values() for s in column))
    for name in names:
        had = [next((s for s in c if s.name == name), None) for c in table.columns.values()]
        grid.add_row(name, *map(cell, had))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(grid)


def cell(score: Score | None) -> str:
    """A figure, and its interval where it is known."""
    if score is None:
        return ""
    value, sure = number(score.value), math.isfinite(score.high - score.low)
    return f"{value}  {between(score)}" if sure else value
