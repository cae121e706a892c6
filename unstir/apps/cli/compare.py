"""``unstir compare``: train, measure, and print the table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from unstir.apps.cli.console import answer, answer_json, ended, say
from unstir.apps.cli.derive import derived
from unstir.tasks.compare import compare
from unstir.tasks.progress import Progress
from unstir.tasks.standings import Report


@derived(compare)
def command(begin: Callable[[], Iterator[Progress | Report]], *, json: bool = False) -> None:
    """Print the table.

    Args:
        json: Print everything as JSON on stdout, not as a table.
    """
    report = ended("comparing", begin(), Report, _heard)
    if json:
        answer_json(report.to_json())
        return
    from rich.console import Console
    from rich.table import Table

    head, *lines = report.table()
    table = Table(*head, box=None)
    for line in lines:
        table.add_row(*line)
    answer(f"{report.name}, {report.n:,} samples each, measured in {report.space}")
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(table)


def _heard(event: Progress) -> None:
    """Where no bar is, a line for each part that is done."""
    if not sys.stderr.isatty() and ":" not in event.text:
        say(f"{event.done} of {event.total}: {event.text}")
