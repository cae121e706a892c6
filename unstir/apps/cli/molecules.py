"""``unstir generate`` with a model of molecules: draw, show the progress, write one file; and the
part that other commands on molecules have too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli import lines
from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import free, spare
from unstir.modalities import ball_and_stick, chemistry, sdf, viewer
from unstir.modalities.files import check_folder, check_writable
from unstir.modalities.images import BadEnding, format_of, write
from unstir.modalities.sdf import Structure
from unstir.tasks.generate import generate
from unstir.tasks.structures import Drawn, structures


def making(
    draw: Callable[[], Drawn],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    preview: Path | None = None,
    view: Path | None = None,
    metadata: bool = True,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File for all molecules: .sdf, .xyz, or .mol for a single one; .smi or .csv for their
            SMILES alone.
        preview: Also draw them, up to 64, into a picture.
        view: Also write an .html page in which they can be turned; it needs no network.
        metadata: Keep the recipe in the file, for `unstir show`.
        json: Print what was made as JSON on stdout.
    """
    for path, check in ((out, _ending), (preview, format_of), (view, viewer.ending)):
        if path is not None:
            check_writable(path)
            check(path)
    if out is None:
        check_folder(Path())
    begin, drawn = time.perf_counter(), draw()
    out = out or free(f"{drawn.recipe.name}-{drawn.seed}", ".sdf")
    spare(drawn.recipe.files, out, preview, view)
    sdf.check_room(out, len(drawn))
    for note in drawn.notes:
        say(f"note: {note}")
    made = []
    with progress("drawing") as advance:
        for molecule in drawn.tagged(out.name) if metadata else drawn:
            made.append(molecule)
            advance(len(made), len(drawn), f"{len(made)} of {len(drawn)}")
    if other := drawn.others(made):
        say(f"note: {other} of {len(made)} are another stereoisomer than the file's")
    if out.suffix.lower() in lines.ENDINGS:
        _write_smiles(drawn, made, out, metadata)
    else:
        sdf.write(made, out)
    if preview is not None:
        write(preview, ball_and_stick.grid(made[: ball_and_stick.MOST]))
    if view is not None:
        shapes = [viewer.Shape(f"seed {drawn.seed + i}", sdf.molfile(m), "sdf")
                  for i, m in enumerate(made[: viewer.MOST])]  # fmt: skip
        viewer.write_page(shapes, view, f"{drawn.recipe.name}, seed {drawn.seed}")
    many = "molecules" if len(made) > 1 else "molecule"
    settings = f"{drawn.recipe.sampler}, {drawn.recipe.evaluations} evaluations"
    say(f"{out}  {len(made)} {many}, seed {drawn.seed}, {settings}, {drawn.recipe.name}")
    if json:
        answer_json({
            "file": str(out), "molecules": len(made), "seed": drawn.seed,
            "recipe": drawn.recipe.to_json(out.name),
            "seconds": round(time.perf_counter() - begin, 3),
        })  # fmt: skip


def _ending(path: Path) -> None:
    """What can be known to fail is found before the work begins."""
    if path.suffix.lower() in lines.ENDINGS:
        chemistry.needed()
    elif path.suffix.lower() not in sdf.ENDINGS:
        known = ", ".join((*sdf.ENDINGS, *lines.ENDINGS))
        raise BadEnding(f"{path} ends in {path.suffix or 'nothing'}; molecules go to {known}")


def _write_smiles(drawn: Drawn, made: Sequence[Structure], out: Path, metadata: bool) -> None:
    """A line for each, those that are not valid among them."""
    rows = []
    for seed, molecule in enumerate(made, drawn.seed):
        words = replace(drawn.recipe, seed=seed).command(out.name) if metadata else ()
        sha256 = drawn.recipe.sha256 if metadata else ""
        rows.append(lines.Line(chemistry.smiles(molecule), seed, words, sha256))
    lines.write(rows, out, drawn.recipe.name)


command = derived(structures, generate)(making)
