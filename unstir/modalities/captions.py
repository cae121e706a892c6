"""Captions that lie beside pictures: `metadata.jsonl`, `metadata.csv` and `.txt` files of the
picture's name.

notes, missing = metadata(folder)     # {picture: Note}, and every line that leads to no picture
note = sidecar(picture, skipped)
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 2000
"""Characters of a caption; the rest is not read by any text encoder here."""
_CAPTIONS = ("text", "caption", "prompt")


@dataclass(frozen=True)
class Note:
    """What is written about one picture."""

    caption: str = ""
    label: str = ""


@dataclass(frozen=True)
class Skipped:
    """A file, or a line of one, that is not used, and why; the reason begins with a verb."""

    path: Path
    why: str


def metadata(folder: Path) -> tuple[dict[Path, Note], list[Skipped]]:
    """The notes of a folder's metadata file by resolved picture path; lines without a picture are
    reported."""
    notes: dict[Path, Note] = {}
    skipped: list[Skipped] = []
    file = next(
        (f for f in (folder / "metadata.jsonl", folder / "metadata.csv") if f.is_file()), None
    )
    if file is None:
        return notes, skipped
    try:
        for line, row in _rows(file):
            _place(file, line, row, notes, skipped)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        skipped.append(Skipped(file, f"cannot be read as UTF-8 text ({error})"))
    return notes, skipped


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """(line number, row); the row is None where a line is no JSON object."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        if file.suffix == ".csv":
            yield from enumerate(csv.DictReader(text), 2)
            return
        for number, line in enumerate(text, 1):
            if line.strip():
                yield number, _object(line)


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _place(
    file: Path,
    line: int,
    row: Mapping[str, Any] | None,
    notes: dict[Path, Note],
    skipped: list[Skipped],
) -> None:
    """Put one row's note at its picture, or say why there is no place for it."""
    name = row.get("file_name") if row else None
    if not row or not isinstance(name, str) or not name:
        skipped.append(Skipped(file, f'has no "file_name" in line {line}'))
        return
    root = file.parent.resolve()
    picture = (root / name).resolve() if "\0" not in name else root
    if not picture.is_relative_to(root):
        skipped.append(Skipped(file, f"points outside its folder in line {line}: {name[:100]!r}"))
    elif not picture.is_file():
        skipped.append(
            Skipped(file, f"names a picture that is not there in line {line}: {name[:100]!r}")
        )
    else:
        told, label = [row[key] for key in _CAPTIONS if row.get(key) is not None], row.get("label")
        caption = next((text for text in told if isinstance(text, str)), "")
        if picture in notes:
            skipped.append(Skipped(file, f"names {name[:100]!r} again in line {line}"))
        elif told and not isinstance(told[0], str):
            skipped.append(Skipped(file, f"has a caption that is no text in line {line}"))
        elif not told and label is None:
            skipped.append(Skipped(file, f"has no {', '.join(_CAPTIONS)} or label in line {line}"))
        notes.setdefault(
            picture, Note(_clean(caption), "" if label is None else _clean(str(label)))
        )


def sidecar(picture: Path, skipped: list[Skipped]) -> Note:
    """The note of the `.txt` file beside a picture, an empty one where there is none."""
    path = picture.with_suffix(".txt")
    if not path.is_file():
        return Note()
    try:
        with path.open(encoding="utf-8-sig") as file:
            return Note(_clean(file.read(4 * LONGEST)))
    except (OSError, UnicodeDecodeError) as error:
        skipped.append(Skipped(path, f"cannot be read as UTF-8 text ({error})"))
        return Note()


def caption_files(pictures: Iterable[str]) -> set[str]:
    """Names of the `.txt` files that belong to these pictures."""
    return {Path(name).with_suffix(".txt").name for name in pictures}


def _clean(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
