"""``unstir evaluate`` of molecules and proteins: a table on stdout, progress on stderr."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress
from unstir.apps.cli.derive import derived
from unstir.apps.cli.figures import INTERVAL, Grid, between, check_file, number, show, write_file
from unstir.evaluation import Score
from unstir.runtimes.shelf import shelf
from unstir.tasks.comparison import Progress
from unstir.tasks.evaluate import evaluate
from unstir.tasks.measure import Table, measure
from unstir.tasks.proteins import proteins


@derived(measure, evaluate, proteins)
def command(
    begin: partial[Iterator[Progress | Table]],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """Print the figures.

    Args:
        out: Also write everything to a file, .json.
        json: Print everything as JSON on stdout, not as a table.
    """
    check_file(out, {begin.keywords["what"]} - shelf().keys())
    table = _done(begin())
    if out is not None:
        write_file(out, table.to_json())
    answer_json(table.to_json()) if json else show(*_grids(table))


def _done(events: Iterator[Progress | Table]) -> Table:
    with progress("measuring") as advance:
        for event in events:
            if isinstance(event, Table):
                return event
            advance(event.done, event.total, f"{event.stage}: {event.done} of {event.total}")
    raise RuntimeError("the measuring ended without a table")


def _grids(table: Table) -> Iterator[Grid]:
    """A row for each figure and a column for each set, or below each figure the sets."""
    names = list(dict.fromkeys(s.name for column in table.columns.values() for s in column))
    wide, rows = [], []
    for name in names:
        had = [next((s for s in c if s.name == name), None) for c in table.columns.values()]
        wide.append([name, *("  ".join(cells(score)).rstrip() for score in had)])
        rows.append([name, "", ""])
        rows += [[f"  {of}", *cells(s)] for of, s in zip(table.columns, had, strict=True) if s]
    yield Grid(["", *table.columns], wide)
    yield Grid(["", "value", INTERVAL], rows, tight=True)


def cells(score: Score | None) -> tuple[str, str]:
    """A figure, and its interval where it is known."""
    if score is None:
        return "", ""
    sure = math.isfinite(score.high - score.low)
    return number(score.value), between(score) if sure else ""
