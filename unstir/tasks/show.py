"""What a file or a model tells of itself.

    shown = show("cat.png")
    shown.command          ["unstir", "generate", "a cat", ...], the exact command that made it

What stands in a file is what somebody wrote there: a command is given only where it is one of
ours, and nothing is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstir.modalities import a1111, proteins, sdf
from unstir.modalities.image_text import KEY, extract
from unstir.modalities.images import BadPicture
from unstir.modalities.sdf import BadMolecule
from unstir.modalities.source import sha256
from unstir.runtimes import manifest, shelf
from unstir.tasks.recipe import SCHEMA
from unstir.tasks.request import harmless

VERBS = ("generate", "inpaint", "outpaint", "vary", "edit", "trace", "interpolate", "upscale")
"""The commands that make files."""
MOLECULES = (".sdf", ".mol")


@dataclass(frozen=True)
class Shown:
    """A picture (`command`, or the `text` of another program) or a model (`model`)."""

    path: Path
    command: tuple[str, ...] = ()
    text: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    model: manifest.Manifest | None = None
    notes: tuple[str, ...] = ()


def show(what: str) -> Shown:
    """Show a picture or a model.

    Args:
        what: A picture that unstir or another program made, molecules or a protein
            that unstir made, the
            name of a model, or its folder.
    """
    path = Path(os.path.expanduser(what))
    if path.suffix.lower() in MOLECULES and path.is_file():
        return _molecule(path)
    if path.suffix.lower() in (".pdb", ".cif") and path.is_file():
        return _protein(path)
    if path.is_file():
        return _picture(path)
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


def _molecule(path: Path) -> Shown:
    """The command of the first molecule; each of a file tells its own."""
    molecules = sdf.read(path)
    try:
        recipe = json.loads(molecules[0].tags.get(KEY, ""))
    except ValueError:
        raise BadMolecule(f"{path} does not say how it was made") from None
    if not isinstance(recipe, dict):
        raise BadMolecule(f"{path} does not say how it was made")
    many = (f"the first of {len(molecules)} molecules",) if len(molecules) > 1 else ()
    return Shown(path, _command(path, recipe), "", recipe, notes=(*many, *_changes(recipe)))


def _protein(path: Path) -> Shown:
    try:
        recipe = json.loads(proteins.said(path))
    except ValueError:
        recipe = None
    if not isinstance(recipe, dict):
        raise proteins.BadProtein(f"{path} does not say how it was made")
    return Shown(path, _command(path, recipe), "", recipe, notes=tuple(_changes(recipe)))


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
    """Why the command may give another picture here."""
    models = (("model", "--model"), ("enlarger", "--enlarge"))
    notes = [_another(recipe, *which) for which in models if which[0] in recipe]
    return [note for note in (*notes, *map(_changed, *_files(recipe))) if note]


def _another(recipe: Mapping[str, Any], key: str, flag: str) -> str:
    """Whether a model that was used is gone or another."""
    said, words = recipe[key], recipe["command"]
    name, sha256 = (said.get("name"), said.get("sha256")) if isinstance(said, dict) else ("", "")
    asked = words[words.index(flag) + 1] if flag in words[:-1] else name
    try:
        here = manifest.read(shelf.folder(str(asked))).sha256
    except ValueError:
        return f"the model {asked} is not here: the command would not find it"
    other = here != sha256
    note = f"the model {asked} here is not the one it was made with: it gives another picture"
    return note if other else ""


def _files(recipe: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The pictures it was made from, and their SHA-256."""
    settings = recipe.get("settings")
    files = settings.get("files") if isinstance(settings, dict) else None
    found = files if isinstance(files, dict) else {}
    return list(found), [str(digest) for digest in found.values()]


def _changed(file: str, digest: str) -> str:
    path = Path(os.path.expanduser(file))
    if not path.is_file():
        return f"the picture {file} is not here: the command would not find it"
    other = sha256(path) != digest
    return f"the picture {file} is another than it was: it gives another result" if other else ""
