"""Where models are found by name: the person's own folder first, then what is shipped with unstir.

    folder("emoji")               data_dir()/models/emoji, else unstir/models/emoji
    folder("runs/mine")           a path: a model folder, or a training run with a model/ in it
    shelf()                       {name: folder} of all there are

A model found by an old name (the aliases in its model.json) is found still.
"""

from __future__ import annotations

import os
from pathlib import Path

from unstir.core.find import named
from unstir.folders import data_dir
from unstir.runtimes.manifest import BadModel, read

SHIPPED = Path(__file__).resolve().parents[1] / "models"


def folder(name_or_path: str | os.PathLike[str]) -> Path:
    """The folder of a model given by name or by path; unknown names answer with the nearest."""
    name = os.fspath(name_or_path)
    for place in (Path(name), Path(name) / "model"):
        if os.path.isfile(place / "model.json"):
            return place
    if os.sep in name or (os.altsep and os.altsep in name) or name.startswith((".", "~")):
        read(name)  # says what is wrong with a path that holds no model
    there = shelf()
    found = there.get(name) or _by_alias(name, there)
    if found is None and os.path.isdir(name):
        read(name)  # as above
    return found or named(there, name, "models")


def shelf() -> dict[str, Path]:
    """Every model folder that can be found by name, the person's own before the shipped."""
    found: dict[str, Path] = {}
    for place in (data_dir() / "models", SHIPPED):
        for path in _inside(place):
            if _is_model(path):
                found.setdefault(path.name, path)
    return found


def _inside(place: Path) -> list[Path]:
    """What a folder holds; nothing where it is not there or may not be read (`unstir doctor`)."""
    try:
        return sorted(place.iterdir())
    except OSError:
        return []


def _is_model(path: Path) -> bool:
    """Also where it may not be looked at: to read it will say so."""
    try:
        return (path / "model.json").is_file()
    except OSError:
        return True


def _by_alias(name: str, there: dict[str, Path]) -> Path | None:
    for path in there.values():
        try:
            manifest = read(path)
        except BadModel:
            continue
        if manifest.aliases.get(name) == manifest.name:
            return path
    return None
