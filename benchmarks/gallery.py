"""The pictures of docs/editing.md: its commands, run as they stand there, and what they wrote side
by side.

    python benchmarks/gallery.py            all
    python benchmarks/gallery.py vary       up to that picture, the earlier commands included

Commands stand in ```bash blocks; the picture below a block shows the files its commands name, in
their order, films by some of their frames.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from unstir.apps.cli import main

DOCS = Path(__file__).parents[1] / "docs"
SECTION = re.compile(r"^```bash\n(.*?)^```\n+!\[[^\]]*\]\((images/(\w+)\.png)\)", re.M | re.S)
HEIGHT, GAP, FRAMES = 160, 8, 6


def sections() -> Iterator[tuple[str, list[list[str]], Path]]:
    """(name, commands, picture) of each part of the page."""
    for block, file, name in SECTION.findall((DOCS / "editing.md").read_text(encoding="utf-8")):
        yield name, [shlex.split(line)[1:] for line in block.splitlines() if line], DOCS / file


def files(words: list[str]) -> list[Path]:
    """The pictures that a command names, with the numbered ones of several."""
    named = [Path(word) for word in words if word.endswith((".png", ".gif"))]
    return [f for p in named for f in ([p] if p.exists() else sorted(Path().glob(f"{p.stem}-*")))]


def row(paths: list[Path]) -> Image.Image:
    """Pictures side by side on white, each once."""
    shown = [image for path in dict.fromkeys(paths) for image in _images(path)]
    width = sum(image.width + GAP for image in shown) - GAP
    strip, left = Image.new("RGB", (width, HEIGHT), "white"), 0
    for image in shown:
        strip.paste(image, (left, 0))
        left += image.width + GAP
    return strip


def _images(path: Path) -> Iterator[Image.Image]:
    with Image.open(path) as image:
        count = getattr(image, "n_frames", 1)
        for i in range(min(count, FRAMES)):
            image.seek(round(i * (count - 1) / max(1, min(count, FRAMES) - 1)))
            size = round(image.width * HEIGHT / image.height), HEIGHT
            yield image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def draw(commands: list[list[str]], place: Path) -> None:
    """Run them and write the picture; films are rows of their own."""
    for words in commands:
        if main(words):
            raise SystemExit(f"this failed: unstir {shlex.join(words)}")
    films = [row(files(words)) for words in commands if words[-1].endswith(".gif")]
    rows = films or [row([file for words in commands for file in files(words)])]
    width = max(r.width for r in rows)
    whole = Image.new("RGB", (width, len(rows) * (HEIGHT + GAP) - GAP), "white")
    for i, r in enumerate(rows):
        whole.paste(r, (0, i * (HEIGHT + GAP)))
    whole.save(place, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, commands, place in sections():
            draw(commands, place)
            if name in sys.argv[1:]:
                break
