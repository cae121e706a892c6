"""``unstir generate`` with a model of strings: write them, a line each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.lines import ENDINGS, Line
from unstir.apps.cli.lines import write as write_lines
from unstir.apps.cli.making import free
from unstir.modalities import depiction
from unstir.modalities.files import check_folder, check_writable
from unstir.modalities.images import BadEnding, format_of, write
from unstir.tasks.generate import generate
from unstir.tasks.strings import Writing, Written, strings


def writing(
    draw: Callable[[], Writing],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    preview: Path | None = None,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File for all: .smi (a string and its name on each line), or .csv (string, seed, the
            command that makes it, and the model's SHA-256).
        preview: Also draw their formulas, up to 64, into a picture.
        json: Print what was made as JSON on stdout.
    """
    if out is None:
        check_folder(Path())
    else:
        check_writable(out)
        if out.suffix.lower() not in ENDINGS:
            raise BadEnding(f"{out} does not end in {' or '.join(ENDINGS)}; strings go there")
    if preview is not None:
        check_writable(preview)
        format_of(preview)
        depiction.needed()
    begin, run = time.perf_counter(), draw()
    out = out or free(f"{run.recipe.name}-{run.seed}", ".smi")
    made: list[Written] = []
    with progress("writing") as advance:
        for written in run:
            made.append(written)
            advance(len(made), len(run), f"{len(made)} of {len(run)}")
    sha256 = run.recipe.sha256
    rows = [Line(w.text, w.seed, run.command(w.seed, out.name), sha256) for w in made]
    write_lines(rows, out, run.recipe.name)
    if preview is not None:
        write(preview, depiction.grid([w.text for w in made[: depiction.MOST]]))
    settings = f"{run.recipe.sampler}, temperature {run.temperature:g}, {run.recipe.name}"
    many = "strings" if len(made) > 1 else "string"
    say(f"{out}  {len(made)} {many}, seed {run.seed}, {settings}{_checked(made)}")
    if json:
        answer_json({
            "file": str(out), "strings": [w.text for w in made], "seed": run.seed,
            "recipe": run.recipe.to_json(out.name),
            "seconds": round(time.perf_counter() - begin, 3),
        })  # fmt: skip


command = derived(strings, generate)(writing)


def _checked(made: list[Written]) -> str:
    """How many are molecules, where rdkit is there to say."""
    try:
        from rdkit import Chem, rdBase
    except ImportError:
        return ""
    with rdBase.BlockLogs():
        valid = sum(Chem.MolFromSmiles(w.text) is not None for w in made)
    return f", {valid} valid"
