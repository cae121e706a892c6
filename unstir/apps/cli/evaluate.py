"""``unstir evaluate``: a table on stdout, progress on stderr."""

from __future__ import annotations

import json as text
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from unstir.apps.cli.console import answer, answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.errors import plain
from unstir.evaluation import Score
from unstir.modalities.files import check_writable, replacing
from unstir.modalities.images import BadEnding, format_of, write
from unstir.tasks.comparison import Progress, Report
from unstir.tasks.evaluate import evaluate
from unstir.tasks.pairs import sheet

SHOWN = 30
"""Groups in the table; all are in the JSON."""


@derived(evaluate)
def command(
    begin: Callable[[], Iterator[Progress | Report]],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    pairs: Path | None = None,
    json: bool = False,
) -> None:
    """Print the figures.

    Args:
        out: Also write everything to a file, .json.
        pairs: Also draw the nearest pairs of the copy check, generated beside training:
            .png, .jpg or .webp.
        json: Print everything as JSON on stdout, not as a table.
    """
    _check(out, pairs)
    report = _done(begin())
    for note in report.notes:
        say(f"note: {note}")
    if out is not None:
        with replacing(out) as temporary:
            said = text.dumps(report.to_json(), indent=1, allow_nan=False)
            temporary.write_text(said + "\n", encoding="utf-8")
    if pairs is not None:
        _draw(report, pairs)
    answer_json(report.to_json()) if json else _print(report)


def _check(out: Path | None, pairs: Path | None) -> None:
    """What can be known to fail is found before the work begins."""
    if out is not None:
        check_writable(out)
        if out.suffix.lower() != ".json":
            raise BadEnding(f"{out} does not end in .json; the figures do")
    if pairs is not None:
        check_writable(pairs)
        format_of(pairs)


def _done(events: Iterator[Progress | Report]) -> Report:
    with progress("looking") as advance:
        for event in events:
            if isinstance(event, Report):
                return event
            advance(event.done, event.total, f"{event.stage}: {event.done} of {event.total}")
            if event.text:
                say(event.text)
    raise RuntimeError("the comparison ended without a report")


def _draw(report: Report, file: Path) -> None:
    found = report.pairs()
    if not found:
        say("note: no copy check was made, so there are no pairs to draw")
        return
    write(file, sheet(found))
    say(f"{file}  {len(found)} pairs, the nearest first: generated, training")


def _print(report: Report) -> None:
    from rich.console import Console

    sides = report.sides
    names = [f"{sides[k].about['name']} ({len(sides[k].values):,})"
             for k in ("generated", "reference")]  # fmt: skip
    answer(f"{names[0]} against {names[1]}, features: {report.plan.space.name}")
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200)
    console.print(_table(report))
    if report.groups:
        console.print(_groups(report))
    for line in _closing(report):
        answer(line)


def _table(report: Report) -> Any:
    """One row for each score, what real pictures score beside it."""
    table = _empty("metric", "value", "95 % interval", "n", "m", "real vs real", "interval",
                   "better")  # fmt: skip
    floor = {score.name: score for score in report.floor}
    for score in report.scores:
        real = floor.get(score.name)
        beside = (number(real.value), between(real)) if real else ("", "")
        table.add_row(report.title(score.name), number(score.value), between(score),
                      f"{score.n:,}", f"{score.m:,}", *beside, score.better)  # fmt: skip
    return table


def _groups(report: Report) -> Any:
    """One row for each group, a column for each score."""
    titles = list(dict.fromkeys(s.name for g in report.groups for s in g.scores))
    table = _empty("group", "n", "m", *map(report.title, titles or ["why not"]))
    for group in report.groups[:SHOWN]:
        had = {s.name: f"{number(s.value)}  {between(s)}" for s in group.scores}
        cells = [had.get(title, "too few") for title in titles] or [plain(group.problem or "")]
        table.add_row(plain(group.name), str(group.n), str(group.m), *cells)
    return table


def _empty(*columns: str) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for column in columns:
        left = column in ("metric", "group", "better")
        table.add_column(Text(column), justify="left" if left else "right", no_wrap=True)
    return table


def _closing(report: Report) -> Iterator[str]:
    if len(report.groups) > SHOWN:
        yield f"... and {len(report.groups) - SHOWN} groups more; all are in the JSON"
    if report.floor:
        yield f"real vs real: halves of the reference, {report.floor[0].n:,} pictures each"
    copies = next((s for s in report.scores if s.name == "copies"), None)
    if copies is not None:
        first = report.to_json()["nearest_pairs"][0]
        yield (
            f"copies: {copies.details['expected']:.2g} is what new pictures score; "
            f"nearest pair: {first['generated']} and {first['training']}, "
            f"distance {first['distance']:.3g}"
        )


def number(value: float) -> str:
    """Four digits that count."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def between(score: Score) -> str:
    """Its interval."""
    return f"{number(score.low)} to {number(score.high)}"
