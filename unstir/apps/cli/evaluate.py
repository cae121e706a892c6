"""``unstir evaluate``: a table on stdout, progress on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from unstir.apps.cli.console import answer, answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.figures import (
    INTERVAL,
    Grid,
    between,
    check_file,
    number,
    show,
    write_file,
)
from unstir.apps.cli.making import spare
from unstir.evaluation import Score
from unstir.modalities.files import check_writable
from unstir.modalities.images import format_of, write
from unstir.runtimes.shelf import shelf
from unstir.tasks.comparison import Progress, Report
from unstir.tasks.evaluate import evaluate
from unstir.tasks.gallery import SETS
from unstir.tasks.pairs import sheet
from unstir.tasks.request import BadRequest

SHOWN = 30
"""Groups in the table; all are in the JSON."""


@derived(evaluate)
def command(
    begin: partial[Iterator[Progress | Report]],
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
    read = list(_read(begin.keywords))
    check_file(out, read)
    if pairs is not None:
        _check_pairs(pairs, read, begin.keywords)
    report = _done(begin())
    for note in report.notes:
        say(f"note: {note}")
    if out is not None:
        write_file(out, report.to_json())
    if pairs is not None:
        _draw(report, pairs)
    answer_json(report.to_json()) if json else _print(report)


def _read(asked: Mapping[str, Any]) -> Iterator[str]:
    """Files and folders that are read; models and data sets that are named are none."""
    for name, known in (("what", shelf()), ("against", SETS), ("training", SETS)):
        if name in asked and asked[name] not in known:
            yield asked[name]
    if "prompts" in asked:
        yield str(asked["prompts"])
    graph, ending = os.path.splitext(asked.get("features", ""))
    if ending.lower() == ".onnx":
        yield from (graph + ending, f"{graph}.json")


def _check_pairs(pairs: Path, read: list[str], asked: Mapping[str, Any]) -> None:
    """What can be known to fail is found before the work begins."""
    check_writable(pairs)
    format_of(pairs)
    spare(read, pairs)
    chosen = asked.get("metrics", "copies")
    if "copies" not in map(str.strip, chosen.split(",")):
        raise BadRequest(f"--pairs draws what copies finds; give --metrics {chosen},copies")
    if "training" not in asked and asked["against"] not in SETS:
        raise BadRequest("--pairs needs the pictures the model was trained on: --training FOLDER")


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
    sides = report.sides
    names = [f"{sides[k].about['name']} ({len(sides[k].values):,})"
             for k in ("generated", "reference")]  # fmt: skip
    answer(f"{names[0]} against {names[1]}, features: {report.plan.space.name}")
    way = report.plan.settings
    if "model_sha256" in way:
        answer(
            f"drawn with steps {way['steps']}, sampler {way['sampler']}, scale {way['scale']:g}, "
            f"spacing {way['spacing']}, seed {way['seed']}"
        )
    show(*_scores(report))
    if report.groups:
        show(*_groups(report))
    for line in _closing(report):
        answer(line)


def _scores(report: Report) -> Iterator[Grid]:
    """A row for each score, and what real pictures score: beside it, or below where there is less
    room; where there is little, numbers of pictures are below, too."""
    floor = {score.name: score for score in report.floor}
    wide, rows = [], []
    for score in report.scores:
        real, title = floor.get(score.name), report.title(score.name)
        beside = _cells(real)[:2] if real else ["", ""]
        wide.append([title, *_cells(score), *beside, score.better])
        rows.append([title, *_cells(score), score.better])
        rows += [["  real vs real", *_cells(real), ""]] if real else []
    less = []
    for name, value, sure, n, m, better in rows:
        less.append([name, value, sure])
        less.append([f"  {better} is better" if better else "", f"n {n}", f"m {m}"])
    head = "metric", "value", INTERVAL, "n", "m"
    yield Grid([*head, "real vs real", "interval", "better"], wide)
    yield Grid([*head, "better"], rows, tight=True)
    yield Grid(head[:3], less, tight=True)


def _cells(score: Score) -> list[str]:
    return [number(score.value), between(score), f"{score.n:,}", f"{score.m:,}"]


def _groups(report: Report) -> Iterator[Grid]:
    """A row for each group and a column for each score, or below each group its scores."""
    names = list(dict.fromkeys(s.name for g in report.groups for s in g.scores))
    titles = list(map(report.title, names))
    wide, rows = [], []
    for group in report.groups[:SHOWN]:
        had = {s.name: _cells(s)[:2] for s in group.scores}
        cells = [had.get(name, ["too few", ""]) for name in names]
        told = ["  ".join(cell).rstrip() for cell in cells] or [group.problem]
        wide.append([group.name, str(group.n), str(group.m), *told])
        rows.append([group.name, f"n {group.n}", f"m {group.m}"])
        rows += [[f"  {title}", *cell] for title, cell in zip(titles, cells, strict=True)]
        rows += [] if names else [[f"  {group.problem}", "", ""]]
    yield Grid(["group", "n", "m", *(titles or ["why not"])], wide)
    yield Grid(["group", "value", INTERVAL], rows, tight=True)


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
