"""Commands that make pictures: check, work, show the progress, write the files.

    command = derived(generate)(making)

`making` is the part that every such command has: its flags, and what is done with the run that a
task gives.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, progress, say
from unstir.modalities.files import check_folder, check_writable
from unstir.modalities.images import BadEnding, check_alpha, format_of, write_gif
from unstir.tasks.picture import Picture
from unstir.tasks.request import BadRequest
from unstir.tasks.run import Note, Progress, Run

MOST_FRAMES = 48


def making(
    draw: Callable[[], Run],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    gif: Path | None = None,
    metadata: bool = True,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File to write: .png, .jpg or .webp; NAME-1, NAME-2, ... where n is more than
            1.
        gif: Also write an animation of noise becoming the picture.
        metadata: Keep the recipe in the file, for `unstir show`.
        json: Print what was made as JSON on stdout.
    """
    _check(out, gif)
    begin = time.perf_counter()
    run = draw()
    out = out or free_name(run, ".png")
    files = numbered(out, len(run))
    for file in files:
        check_alpha(file, run.source is not None and run.source.alpha is not None)
        check_writable(file)
    films = numbered(gif, len(run)) if gif else []
    spare(run.recipe.files, *files)
    made, notes = _drawn(run, files, films, metadata)
    if json:
        answer_json(_report(run, made, films, notes, time.perf_counter() - begin))


def numbered(path: Path, n: int) -> list[Path]:
    """cat.png, or cat-1.png to cat-4.png."""
    return [path] if n == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(n)]


def spare(read: Iterable[str], *written: Path | None) -> None:
    """Refuse to write over a file that is read, or that is in a folder that is."""
    for path in (path for path in written if path and path.exists()):
        for place in map(Path, map(os.path.expanduser, read)):
            if _same(path, place):
                raise BadRequest(f"{path} is the file that is read; give another name")
            if place.is_dir() and any(_same(path, file) for file in place.rglob("*")):
                raise BadRequest(f"{path} is in {place}, which is read; write elsewhere")


def _same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def _check(out: Path | None, gif: Path | None) -> None:
    """What can be known to fail is found before a model is loaded."""
    for path in (out, gif):
        if path is not None:
            check_writable(path)
    if out is not None:
        format_of(out)
    if gif is not None and gif.suffix.lower() != ".gif":
        raise BadEnding(f"{gif} does not end in .gif; an animation does")
    if out is None:
        check_folder(Path())


def free_name(run: Run, ending: str) -> Path:
    """A name made of the picture or prompt and the seed that is not taken yet."""
    recipe = run.recipe
    about = recipe.prompt or recipe.name
    if recipe.given:
        about = f"{Path(next(iter(recipe.given.values()))).stem} {recipe.verb}"
    words = re.findall(r"[a-z0-9]+", about.lower()) or ["picture"]
    return free(f"{'-'.join(words)[:60].strip('-')}-{recipe.seed}", ending, len(run))


def free(stem: str, ending: str, n: int = 1) -> Path:
    """The name itself, or again1, again2, ..., that none of n files has yet."""
    names = (f"{stem}{f'-again{k}' if k else ''}{ending}" for k in range(10_000))
    return next(
        path for path in map(Path, names) if not any(f.exists() for f in numbered(path, n))
    )


def _drawn(
    run: Run, files: list[Path], films: list[Path], metadata: bool
) -> tuple[list[tuple[Path, Picture]], list[str]]:
    made: list[tuple[Path, Picture]] = []
    notes: list[str] = []
    frames: dict[int, list[np.ndarray]] = {}
    with progress("drawing") as advance:
        for event in run.events():
            match event:
                case Note(text):
                    notes.append(text)
                    say(f"note: {text}")
                case Progress(done, total):
                    advance(done, total, f"{done} of {total}")
                    if films:
                        _film(event, frames)
                case Picture():
                    number = len(made)
                    made.append((event.save(files[number], metadata=metadata), event))
                    if films:
                        write_gif(
                            films[number], [*frames.pop(number), event.pixels],
                            comment=event.recipe.infotext() if metadata else "",
                        )  # fmt: skip
                    say(_line(files[number], event))
    return made, notes


def _film(event: Progress, frames: dict[int, list[np.ndarray]]) -> None:
    """Keep a frame of each picture, evenly over the steps where there are many."""
    every = max(1, event.run.job.steps // MOST_FRAMES)
    if event.done % every == 0:
        for which, frame in zip(event.which, event.frames(), strict=True):
            frames.setdefault(which, []).append(frame)


def _line(file: Path, picture: Picture) -> str:
    recipe = picture.recipe
    width, height = recipe.pixels
    settings = f"{recipe.sampler}, {recipe.evaluations} evaluations"
    return f"{file}  {width} x {height}, seed {recipe.seed}, {settings}, {recipe.name}"


def _report(
    run: Run, made: list[tuple[Path, Picture]], films: list[Path], notes: list[str], seconds: float
) -> dict[str, Any]:
    pictures = [
        {"file": str(file), "seed": picture.seed, "recipe": picture.recipe.to_json(file.name)}
        for file, picture in made
    ]
    for entry, film in zip(pictures, films, strict=False):
        entry["gif"] = str(film)
    return {"pictures": pictures, "notes": notes, "seconds": round(seconds, 3)}
