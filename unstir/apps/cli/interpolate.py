"""``unstir interpolate``: a film from one picture to another."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import free_name
from unstir.modalities.files import check_folder, check_writable
from unstir.modalities.image_text import comment
from unstir.modalities.images import BadEnding, write_gif
from unstir.tasks.generate import generate
from unstir.tasks.interpolate import interpolate
from unstir.tasks.picture import Picture
from unstir.tasks.run import Note, Progress, Run


@derived(interpolate, generate)
def command(
    draw: Callable[[], Run],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    metadata: bool = True,
    json: bool = False,
) -> None:
    """Write the film.

    Args:
        out: File to write: .gif.
        metadata: Keep the recipe in the file, for `unstir show`.
        json: Print what was made as JSON on stdout.
    """
    check_writable(out) if out else check_folder(Path())
    if out is not None and out.suffix.lower() != ".gif":
        raise BadEnding(f"{out} does not end in .gif; a film does")
    begin = time.perf_counter()
    run = draw()
    out = out or free_name(run, ".gif")
    recipe = run.recipe.to_json(out.name)
    frames = _frames(run)
    write_gif(out, frames, comment=comment(recipe) if metadata else "")
    width, height = run.recipe.pixels
    say(f"{out}  {width} x {height}, {len(frames)} frames, {run.recipe.name}")
    if json:
        seconds = round(time.perf_counter() - begin, 3)
        told = {"file": str(out), "frames": len(frames), "recipe": recipe}
        answer_json(told | {"notes": list(run.notes), "seconds": seconds})


def _frames(run: Run) -> list:
    frames = []
    with progress("drawing") as advance:
        for event in run.events():
            match event:
                case Note(text):
                    say(f"note: {text}")
                case Progress(done, total):
                    advance(done, total, f"{done} of {total} steps")
                case Picture():
                    frames.append(event.pixels)
    return frames
