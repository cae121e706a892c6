"""``unstir quantize``: make the graphs, show the progress, tell how like the pictures are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from unstir.apps.cli.console import answer, answer_json, ended, say
from unstir.apps.cli.derive import derived
from unstir.tasks.generate import generate
from unstir.tasks.progress import Progress
from unstir.tasks.quantize import Report, quantize


@derived(quantize, generate)
def command(begin: Callable[[], Iterator[Progress | Report]], *, json: bool = False) -> None:
    """Print what was made.

    Args:
        json: Print it as JSON on stdout.
    """
    report = ended("quantizing", begin(), Report)
    kept = sum(row.kept for row in report.rows)
    taken = ": unstir generate --runtime int8" if kept else ""
    say(f"{report.folder}  {kept} graphs in 8 bits{taken}")
    if json:
        answer_json({"rows": [asdict(row) for row in report.rows]})
        return
    answer("graph      convolutions    likeness    moved        ms   in 8 bits")
    for row in report.rows:
        but = "not kept" if row.possible else "nothing to compute in 8 bits"
        answer(
            f"{row.name:10} {row.convolutions:5} of {row.possible:3} {row.decibels:8.1f} dB "
            f"{row.moved:8.4f} {row.before:9.1f} {row.after:11.1f}   "
            f"{'kept' if row.kept else but}"
        )
