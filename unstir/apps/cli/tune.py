"""``unstir tune``: search, show the progress, tell what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from unstir.apps.cli.console import answer, answer_json, ended, say
from unstir.apps.cli.derive import derived
from unstir.tasks.generate import generate
from unstir.tasks.progress import Progress
from unstir.tasks.tune import Report, tune


@derived(tune, generate)
def command(begin: Callable[[], Iterator[Progress | Report]], *, json: bool = False) -> None:
    """Print what was found.

    Args:
        json: Print it as JSON on stdout.
    """
    report = ended("tuning", begin(), Report)
    kept = set(report.kept)
    if report.file is not None:
        say(f"{report.file}  {len(kept)} paths")
    if json:
        answer_json({"rows": [asdict(row) | {"kept": row in kept} for row in report.rows]})
        return
    answer("steps   tuned   usual")
    for row in report.rows:
        which = "kept" if row in kept else "not kept"
        answer(f"{row.steps:5} {row.error:7.4f} {row.plain:7.4f}   {which}")
