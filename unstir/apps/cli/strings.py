"""``unstir generate`` with a model of strings: write them, a line each."""

from __future__ import annotations

import csv
import io
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import free
from unstir.modalities import depiction
from unstir.modalities.files import check_folder, check_writable, replacing
from unstir.modalities.images import BadEnding, format_of, write
from unstir.tasks.generate import generate
from unstir.tasks.strings import Writing, Written, strings

ENDINGS = (".smi", ".csv")


def writing(
    draw: Callable[[], Writing],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    preview: Path | None = None,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File for all: .smi (a string and its name on each line), or .csv (string, seed,
            and the command that makes it).
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
    with replacing(out) as temporary:
        temporary.write_text(_text(run, made, out), encoding="utf-8", newline="")
    if preview is not None:
        write(preview, depiction.grid([w.text for w in made[: depiction.MOST]]))
    settings = f"{run.recipe.sampler}, temperature {run.temperature:g}, {run.recipe.name}"
    say(f"{out}  {len(made)} strings, seed {run.seed}, {settings}{_checked(made)}")
    if json:
        answer_json({
            "file": str(out), "strings": [w.text for w in made], "seed": run.seed,
            "recipe": run.recipe.to_json(out.name),
            "seconds": round(time.perf_counter() - begin, 3),
        })  # fmt: skip


command = derived(strings, generate)(writing)


def _text(run: Writing, made: list[Written], out: Path) -> str:
    if out.suffix.lower() == ".smi":
        return "".join(f"{w.text}\t{run.recipe.name}-{w.seed}\n" for w in made)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("smiles", "seed", "command"))
    rows.writerows((w.text, w.seed, shlex.join(run.command(w.seed, out.name))) for w in made)
    return text.getvalue()


def _checked(made: list[Written]) -> str:
    """How many are molecules, where rdkit is there to say."""
    try:
        from rdkit import Chem, rdBase
    except ImportError:
        return ""
    with rdBase.BlockLogs():
        valid = sum(Chem.MolFromSmiles(w.text) is not None for w in made)
    return f", {valid} valid"
