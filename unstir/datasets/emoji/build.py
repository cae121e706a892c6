"""Write the set as a folder: ``train/`` and ``heldout/`` of PNG and ``metadata.jsonl``.

The folder appears whole or not at all: everything is written to a new neighbor that is renamed at
the end. A folder with something in it is refused, unless `replace` is asked for and unstir made
all of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from unstir.datasets.emoji import fetch
from unstir.datasets.emoji.compose import scene
from unstir.datasets.emoji.glyphs import Glyphs, load
from unstir.datasets.emoji.licences import EMOJIBASE, FLUENT

MARK = "unstir-emoji.json"
LICENCES = {"LICENSE-fluent-emoji.txt": FLUENT, "LICENSE-emojibase-data.txt": EMOJIBASE}
SPLITS = ("train", "heldout")


@dataclass(frozen=True, slots=True)
class Written:
    """How far a build is: `done` of `total` scenes; the last one says the folder is in place."""

    done: int
    total: int


def building(
    out: Path,
    count: int = 30_000,
    *,
    cache: Path,
    source: Path | None = None,
    size: int = 64,
    seed: int = 0,
    heldout: int = 1_000,
    replace: bool = False,
) -> Iterator[Written]:
    """Build the set, one `Written` per scene; missing glyphs are fetched into `cache`.

    Raises ValueError for numbers out of range, FileExistsError for a folder that is not ours to
    fill, and `fetch.FetchError` when the glyphs cannot be had.
    """
    out = Path(out)
    _check(out, count, size, heldout, replace)
    return _write(
        out, load(Path(cache), source=source), {"train": count, "heldout": heldout}, size, seed
    )


def _check(out: Path, count: int, size: int, heldout: int, replace: bool) -> None:
    if count < 1 or heldout < 0:
        raise ValueError(f"count is {count} and heldout {heldout}; give at least 1 and 0")
    if not 16 <= size <= 256:
        raise ValueError(f"size is {size}; give 16 to 256 (the glyphs are 256 px)")
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file; name a folder")
    if out.is_dir() and any(out.iterdir()):
        if not (out / MARK).is_file():
            raise FileExistsError(
                f"{out} holds files that unstir did not make; name a new or empty folder"
            )
        if not replace:
            raise FileExistsError(
                f"{out} already holds a built set; --replace it, or name another folder"
            )
        if strangers := _strangers(out):
            raise FileExistsError(
                f"{strangers[0]} was not made by unstir and would be lost; move it away, or name "
                "another folder"
            )


def _strangers(out: Path) -> list[Path]:
    """What is in a built set besides its own files."""
    own = {MARK, *LICENCES, *(f"{split}/metadata.jsonl" for split in SPLITS), *SPLITS}
    names = {path: path.relative_to(out).as_posix() for path in sorted(out.rglob("*"))}
    scene = re.compile(rf"({'|'.join(SPLITS)})/\d{{6}}\.png")
    return [path for path, name in names.items() if name not in own and not scene.fullmatch(name)]


def _write(
    out: Path, glyphs: Glyphs, counts: dict[str, int], size: int, seed: int
) -> Iterator[Written]:
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    part.chmod(0o777 & ~_umask())
    try:
        done, total = 0, sum(counts.values())
        for split, count in counts.items():
            for _ in _write_split(part / split, glyphs, split, count, size, seed):
                yield Written(done := done + 1, total)
        _write_papers(part, {"counts": counts, "size": size, "seed": seed})
        _swap(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_split(
    folder: Path, glyphs: Glyphs, split: str, count: int, size: int, seed: int
) -> Iterator[None]:
    folder.mkdir()
    with (folder / "metadata.jsonl").open("w", encoding="utf-8") as lines:
        for index in range(count):
            made = scene(glyphs, index, seed=seed, size=size, split=split)
            name = f"{index:06d}.png"
            Image.fromarray(made.image).save(folder / name)
            line = {"file_name": name, "text": made.caption, "parts": made.parts}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            yield


def _write_papers(folder: Path, about: dict[str, object]) -> None:
    sources = {package.name: package.version for package in (fetch.GLYPHS, fetch.NAMES)}
    text = json.dumps({"made_by": "unstir data emoji", "sources": sources} | about, indent=1)
    (folder / MARK).write_text(text + "\n", encoding="utf-8")
    for name, text in LICENCES.items():
        (folder / name).write_text(text, encoding="utf-8")


def _umask() -> int:
    """What new folders here leave out; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(part: Path, out: Path) -> None:
    if out.is_dir():
        shutil.rmtree(out)
    os.replace(part, out)
