"""What a file or a model tells of itself.

    shown = show("cat.png")
    shown.command          ["unstir", "generate", "a cat", ...], the command that makes it again

What stands in a file is what somebody wrote there: a command is given only where it is one of
ours, and nothing is run.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstir.modalities import a1111, proteins, sdf
from unstir.modalities.image_text import KEY, extract
from unstir.modalities.images import BadPicture
from unstir.modalities.source import sha256
from unstir.runtimes import manifest, shelf, tuned
from unstir.tasks.recipe import SCHEMA
from unstir.tasks.request import harmless

VERBS = ("generate", "inpaint", "outpaint", "vary", "edit", "trace", "interpolate", "upscale")
"""The commands that make files."""
SILENT = (".smi", ".fasta")
"""Files that hold names only, each with the model and the seed."""


@dataclass(frozen=True)
class Shown:
    """A file (`command`, or the `text` of another program) or a model (`model`)."""

    path: Path
    command: tuple[str, ...] = ()
    text: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    model: manifest.Manifest | None = None
    notes: tuple[str, ...] = ()


def show(what: str) -> Shown:
    """Show a file or a model.

    Args:
        what: A picture that unstir or another program made, molecules (.sdf, .xyz, .csv) or a
            protein (.pdb, .cif) that unstir made, the name of a model, or its folder.
    """
    path = Path(os.path.expanduser(what))
    if path.is_file():
        ours = path.suffix.lower() in (*TOLD, *SILENT)
        return _told(path) if ours else _picture(path)
    looks_like_file = path.suffix and what not in shelf.shelf() and not path.is_dir()
    if looks_like_file:
        raise FileNotFoundError(f"there is no file {what}")
    place = shelf.folder(os.path.expanduser(what))
    return Shown(place, model=manifest.read(place))


def _picture(path: Path) -> Shown:
    found = extract(path)
    recipe, text = found.get(KEY), found.get("parameters", "")
    if recipe is None and not text:
        raise BadPicture(f"{path} does not say how it was made")
    if recipe is None:
        return Shown(path, text=text, notes=(_whose(text),))
    return Shown(path, _command(path, recipe), text, recipe, notes=tuple(_changes(recipe)))


def _told(path: Path) -> Shown:
    """The command of what a file holds: of all its molecules where one made them, else of its
    first; each tells its own."""
    recipes, what = TOLD.get(path.suffix.lower(), _nothing)(path)
    if not recipes or not isinstance(recipes[0], dict):
        raise ValueError(f"{path} does not say how it was made")
    together = _together(recipes)
    recipe = together or recipes[0]
    alone = f"the first of {len(recipes)} {what}; with the same --out it takes the place of all"
    notes = (*([] if together else [alone]), *_changes(recipe))
    return Shown(path, _command(path, recipe), "", recipe, notes=notes)


def _together(recipes: Sequence[Any]) -> dict[str, Any] | None:
    """The recipe of all, where they say the same but for their seeds, which follow one another."""
    first, many = recipes[0], len(recipes)
    if many == 1:
        return first
    words = first.get("command")
    at = words.index("--seed") + 1 if isinstance(words, list) and "--seed" in words[:-1] else 0
    if not at or not re.fullmatch("[0-9]{1,19}", str(words[at])):
        return None
    seed, (before, after) = int(words[at]), (words[:at], words[at + 1 :])
    for i, recipe in enumerate(recipes):
        its = {"command": [*before, str(seed + i), *after]}
        its |= {"seed": seed + i} if "seed" in first else {}
        if recipe != first | its:
            return None
    return first | {"command": [*before, words[at], "--n", str(many), *after]}


def _nothing(path: Path) -> tuple[list[Any], str]:
    return [], ""


def _molecules(path: Path) -> tuple[list[Any], str]:
    return [_json(molecule.tags.get(KEY, "")) for molecule in sdf.read(path)], "molecules"


def _positions(path: Path) -> tuple[list[Any], str]:
    """What the second line of each molecule says."""
    lines, at = path.read_text(encoding="utf-8", errors="replace").split("\n"), 0
    found = []
    while at + 1 < len(lines) and re.fullmatch(r" *[0-9]{1,9}\s*", lines[at]):
        found.append(_json(lines[at + 1].partition(f"{KEY}=")[2]))
        at += int(lines[at]) + 2
    return found, "molecules"


def _protein(path: Path) -> tuple[list[Any], str]:
    return [_json(proteins.said(path))], "chains"


def _rows(path: Path) -> tuple[list[Any], str]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return [_row(row) for row in csv.DictReader(file)], "rows"
    except csv.Error:
        return _nothing(path)


def _row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        words = shlex.split(row.get("command") or "")
    except ValueError:
        return None
    model = {"model": {"sha256": row["sha256"]}} if row.get("sha256") else {}
    return {"schema": SCHEMA, "command": words, **model} if words else None


def _json(text: str) -> Any:
    """What a text says, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


TOLD: Mapping[str, Callable[[Path], tuple[list[Any], str]]] = {
    ".sdf": _molecules, ".mol": _molecules, ".xyz": _positions, ".csv": _rows,
    ".pdb": _protein, ".cif": _protein,
}  # fmt: skip
"""By a file's ending: the recipe of each thing that it holds, None where it tells none, and what
those are."""


def _whose(text: str) -> str:
    if a1111.parse(text).values.get("Version", "").startswith("unstir"):
        return "an animation holds no command; the picture made with it does"
    return "made by another program, or its recipe was removed"


def _command(path: Path, recipe: Mapping[str, Any]) -> tuple[str, ...]:
    schema, said = recipe.get("schema"), recipe.get("command")
    words = said if isinstance(said, list) else []
    if isinstance(schema, int) and schema > SCHEMA:
        raise BadPicture(f"{path} was made by a newer unstir (schema {schema}): please update")
    ok = all(isinstance(w, str) and all(map(harmless, w)) for w in words)
    if not ok or words[:1] != ["unstir"] or words[1:2] not in [[verb] for verb in VERBS]:
        raise BadPicture(f"{path} holds a command that unstir does not write; it is not shown")
    return (*words, *_enlarged(recipe, words[1]))


def _enlarged(recipe: Mapping[str, Any], verb: str) -> tuple[str, ...]:
    """What an early command means by its size: then all that was larger was resampled."""
    settings = recipe.get("settings")
    said = settings if isinstance(settings, dict) else {}
    early = verb == "generate" and "enlarge" not in said and isinstance(said.get("size"), int)
    return ("--enlarge", "lanczos") if early else ()


def _changes(recipe: Mapping[str, Any]) -> list[str]:
    """Why the command may give another result here."""
    models = (("model", "--model"), ("enlarger", "--enlarge"))
    notes = [_another(recipe, *which) for which in models if which[0] in recipe]
    notes += [_retuned(recipe)] if "tuned" in recipe else []
    return [note for note in (*notes, *map(_changed, *_files(recipe))) if note]


def _asked(recipe: Mapping[str, Any], flag: str, name: Any = "") -> str:
    """What the command says after a flag, or the name."""
    words = recipe["command"]
    return str(words[words.index(flag) + 1] if flag in words[:-1] else name)


def _retuned(recipe: Mapping[str, Any]) -> str:
    """Whether the path that was searched for the model is not among those it has here."""
    asked = _asked(recipe, "--model")
    try:
        there = tuned.read(manifest.read(shelf.folder(asked)))
    except ValueError:
        return ""  # what is wrong with the model is told by others
    gone = recipe["tuned"] not in map(tuned.digest, (path.times for path in there))
    note = f"the path that was tuned for {asked} is another here, or gone: not the same picture"
    return note if gone else ""


def _another(recipe: Mapping[str, Any], key: str, flag: str) -> str:
    """Whether a model that was used is gone or another."""
    said = recipe[key]
    name, sha256 = (said.get("name"), said.get("sha256")) if isinstance(said, dict) else ("", "")
    asked = _asked(recipe, flag, name)
    try:
        here = manifest.read(shelf.folder(asked)).sha256
    except ValueError:
        return f"the model {asked} is not here: the command would not find it"
    other = here != sha256
    note = f"the model {asked} here is not the one it was made with: it gives another result"
    return note if other else ""


def _files(recipe: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The files it was made from, and their SHA-256."""
    settings = recipe.get("settings")
    files = settings.get("files") if isinstance(settings, dict) else None
    found = files if isinstance(files, dict) else {}
    return list(found), [str(digest) for digest in found.values()]


def _changed(file: str, digest: str) -> str:
    path = Path(os.path.expanduser(file))
    if not path.is_file():
        return f"the file {file} is not here: the command would not find it"
    other = sha256(path) != digest
    return f"the file {file} is another than it was: it gives another result" if other else ""
