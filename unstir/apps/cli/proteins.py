"""``unstir generate`` with a model of proteins: draw, show the progress, write the files; and the
part that other commands on proteins have too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import free, numbered, spare
from unstir.modalities import proteins as files
from unstir.modalities import ribbons, viewer
from unstir.modalities.files import check_folder, check_writable
from unstir.modalities.images import format_of, write
from unstir.tasks.generate import generate
from unstir.tasks.proteins import Folded, proteins
from unstir.tasks.rewritten import Rewritten


def making(
    draw: Callable[[], Folded | Rewritten],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    preview: Path | None = None,
    view: Path | None = None,
    metadata: bool = True,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File to write: .pdb or .cif (NAME-1, NAME-2, ... where n is more than 1), or
            .fasta for the letters of all.
        preview: Also draw them, up to 64, into a picture.
        view: Also write an .html page in which they can be turned; it needs no network.
        metadata: Keep the recipe in the file, for `unstir show`.
        json: Print what was made as JSON on stdout.
    """
    for path, check in ((out, files.ending), (preview, format_of), (view, viewer.ending)):
        if path is not None:
            check_writable(path)
            check(path)
    if out is None:
        check_folder(Path())
    begin, drawn = time.perf_counter(), draw()
    out = out or free(f"{drawn.recipe.name}-{drawn.seed}", ".pdb", len(drawn))
    together = files.ending(out) == ".fasta"
    paths = [out] if together else numbered(out, len(drawn))
    _check(drawn, paths)
    spare(drawn.recipe.files, *paths, preview, view)
    for note in drawn.notes:
        say(f"note: {note}")
    made = []
    settings = f"{drawn.recipe.sampler}, {drawn.recipe.evaluations} evaluations"
    with progress("drawing") as advance:
        for i, protein in enumerate(drawn):
            path = paths[0 if together else i]
            recipe = drawn.record(i, path.name) if metadata else ""
            made.append(replace(protein, recipe=recipe))
            if not together:
                files.write(made[-1:], path)
            advance(len(made), len(drawn), f"{len(made)} of {len(drawn)}")
            about = f"{len(protein)} residues, seed {drawn.seed + i}, {settings}"
            say(f"{path}  {about}, {drawn.recipe.name}")
    if together:
        files.write(made, out)
    if preview is not None:
        write(preview, ribbons.grid([protein.xyz[:, 1] for protein in made[: ribbons.MOST]]))
    if view is not None:
        shapes = [_shape(protein) for protein in made[: viewer.MOST]]
        viewer.write_page(shapes, view, f"{drawn.recipe.name}, seed {drawn.seed}")
    if json:
        answer_json({
            "files": list(map(str, paths)), "residues": list(map(len, made)), "seed": drawn.seed,
            "recipe": drawn.recipe.to_json(out.name),
            "seconds": round(time.perf_counter() - begin, 3),
        })  # fmt: skip


def _check(drawn: Folded | Rewritten, paths: list[Path]) -> None:
    """What can be known to fail is found before anything is drawn."""
    for path in paths:
        check_writable(path)
    if files.ending(paths[0]) == ".pdb" and drawn.stays is not None:
        files.check_room(drawn.stays)


def _shape(protein: files.Protein) -> viewer.Shape:
    """A chain for the page: about its middle and numbered from 1, for which there always is room
    in the columns of PDB."""
    xyz, numbers = protein.xyz - protein.xyz.mean((0, 1)), tuple(range(1, len(protein) + 1))
    moved = replace(protein, xyz=xyz, numbers=numbers)
    return viewer.Shape(protein.title, files.pdb(moved), "pdb")


command = derived(proteins, generate)(making)
