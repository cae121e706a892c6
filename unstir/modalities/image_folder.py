"""A folder of pictures as people keep them: found, captioned, and every file that was left out
accounted for.

    folder = scan("pictures")              # headers only
    print(folder.report())
    pixels, folder = load(folder, 64)      # (N, 64, 64, 3) uint8; the damaged move to `skipped`

Captions come from `metadata.jsonl` or `metadata.csv` ("file_name" and "text", as the imagefolder
layout of Hugging Face datasets has them), else from a `.txt` file of the picture's name. Where
nothing is captioned, the name of the folder a picture lies in is its label. A `train/` folder
inside is the set, beside `validation/` and `test/`. Names that begin with a dot are not looked at,
links to folders are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from unstir.modalities.captions import Note, Skipped, caption_files, metadata, sidecar
from unstir.modalities.images import FORMATS, SMALLEST, BadPicture, read, size_of, square

HELD = ("heldout", "validation", "test")
"""Folders inside whose pictures are kept away from training."""
HELD_OUT = "is held out"
_OTHER_PICTURES = (".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".jxl", ".svg", ".psd")


class BadFolder(ValueError):
    """A folder that gives no picture; the message says what was found instead."""


@dataclass(frozen=True)
class Item:
    """One picture; caption and label are empty where there is none."""

    path: Path
    caption: str = ""
    label: str = ""


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder and every file that is not used, with the reason."""

    root: Path
    items: tuple[Item, ...]
    skipped: tuple[Skipped, ...]

    @property
    def labels(self) -> list[str]:
        """The class names, sorted; none where pictures are captioned."""
        return sorted({item.label for item in self.items if item.label})

    def report(self, most: int = 50) -> str:
        """What is used and what is not, for a person."""
        captioned = sum(bool(item.caption) for item in self.items)
        what = f"{len(self.labels)} classes" if self.labels else f"{captioned} with a caption"
        used, left = len(self.items), len(self.skipped)
        lines = [f"{self.root}: {used} pictures, {what}; {left} files left out"]
        lines += [f"  {self.line(s)}" for s in self.skipped[:most]]
        if len(self.skipped) > most:
            lines.append(f"  ... and {len(self.skipped) - most} more")
        return "\n".join(lines)

    def line(self, skipped: Skipped) -> str:
        """A file inside and why it is not used."""
        path = skipped.path
        inside = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return f"{inside} {skipped.why}"


def scan(folder: str | os.PathLike[str], split: str | None = "train", classes: int = 2) -> Folder:
    """Look through a folder without decoding pictures; BadFolder where there is no picture. A
    split is a folder inside; without train/ that is everything but what is held out. None takes
    all there is. Names of folders are labels where there are so many `classes` or more: to learn
    from, one is none; to compare class by class it is."""
    root = Path(folder)
    if not root.is_dir():
        raise BadFolder(
            f"{root} is {'a file' if root.exists() else 'not there'}; give a folder of pictures"
        )
    whole = split is None or (split == "train" and not (root / "train").is_dir())
    if not whole:
        root = root / str(split)
        if not root.is_dir():
            raise BadFolder(f"{folder} has no {split}/ folder")
    search = _Search(root, HELD if whole and split else ())
    for here, names in search.walk():
        search.look_through(here, names)
    labelled = _labelled(search.items, classes)
    found = _complete(Folder(root, tuple(labelled), tuple(search.skipped)))
    if search.notes and not any(note.caption or note.label for note in search.notes.values()):
        raise BadFolder(
            f"the metadata names pictures and gives none of them a caption: its lines need "
            f'"file_name" and "text". {found.report(most=10)}'
        )
    return found


def load(folder: Folder, size: int) -> tuple[np.ndarray, Folder]:
    """Every picture's middle square at `size`, (N, size, size, 3) uint8, and the folder without
    damaged ones."""
    pictures, items, skipped = [], [], list(folder.skipped)
    for item in folder.items:
        try:
            pictures.append(square(read(item.path), size))
            items.append(item)
        except (BadPicture, OSError) as error:
            skipped.append(unusable(item.path, error))
    left = _complete(replace(folder, items=tuple(items), skipped=tuple(skipped)))
    return np.stack(pictures), left


@dataclass
class _Search:
    """A look through a folder: what was found, and what was not taken."""

    root: Path
    held: Sequence[str] = ()
    items: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: dict[Path, Note] = field(default_factory=dict)

    def walk(self) -> Iterator[tuple[Path, list[str]]]:
        """Every folder with its file names, sorted."""
        for here, folders, names in os.walk(self.root, onerror=self._unreadable):
            links = [f for f in folders if (Path(here) / f).is_symlink()]
            for link in links:
                self._skip(Path(here) / link, "is a link to a folder; links are not followed")
            held = [f for f in folders if Path(here) == self.root and f in self.held]
            for folder in held:
                self._skip(Path(here) / folder, HELD_OUT)
            left = (*links, *held, "__MACOSX")
            folders[:] = sorted(f for f in folders if f not in left and not f.startswith("."))
            yield Path(here), sorted(n for n in names if not n.startswith("."))

    def look_through(self, here: Path, names: list[str]) -> None:
        """One folder: its pictures with their captions, and everything else."""
        notes, missing = metadata(here)
        self.notes |= notes
        self.skipped += missing
        pictures = [n for n in names if Path(n).suffix.lower() in FORMATS]
        used = {*caption_files(pictures), "metadata.jsonl", "metadata.csv"}
        for name in names:
            if name in pictures:
                self._take(here / name)
            elif name not in used:
                self._skip(here / name, _why_not(name))

    def _take(self, path: Path) -> None:
        try:
            width, height = size_of(path)
        except (BadPicture, OSError) as error:
            self.skipped.append(unusable(path, error))
            return
        if min(width, height) < SMALLEST:
            self._skip(path, f"has {width} x {height} pixels; a side needs at least {SMALLEST}")
            return
        note = self.notes.get(path.resolve()) or sidecar(path, self.skipped)
        label = "" if path.parent == self.root else path.parent.name
        self.items.append(Item(path, note.caption, note.label or label))

    def _skip(self, path: Path, why: str) -> None:
        self.skipped.append(Skipped(path, why))

    def _unreadable(self, error: OSError) -> None:
        self._skip(Path(error.filename), f"cannot be opened ({error.strerror})")


def unusable(path: Path, error: Exception) -> Skipped:
    """A picture that could not be read."""
    said = error.strerror if isinstance(error, OSError) else str(error)
    return Skipped(path, str(said).removeprefix(f"{path} "))


def _why_not(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix == ".txt":
        return "is a caption without a picture"
    if suffix in _OTHER_PICTURES:
        return f"is a {suffix[1:].upper()} picture; save it as one of {', '.join(FORMATS)}"
    if name == "metadata.parquet":
        return "is not read; save it as metadata.jsonl"
    return "is not a picture"


def _labelled(items: list[Item], least: int) -> list[Item]:
    """Labels count where nothing is captioned, and where there are so many of them."""
    if len({item.label for item in items}) >= least and not any(item.caption for item in items):
        return items
    return [replace(item, label="") for item in items]


def _complete(folder: Folder) -> Folder:
    if not folder.items:
        formats = ", ".join(FORMATS)
        raise BadFolder(f"no picture that can be used ({formats}) in {folder.report(most=10)}")
    return folder
