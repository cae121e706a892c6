"""The glyphs: premultiplied RGBA pictures of single things, each with its names, group and weight.

`load` reads them from the two npm packages (see `fetch`) and caches everything in one ``.npz``.
Left out: flags, keycaps, letters and square symbols, signs, clock times, skin-tone twins, and the
man/woman twins of a person.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unstir.datasets.emoji import derived, fetch, recolor, select, split
from unstir.datasets.emoji.others import LEFT_OUT_NAMES, NAMES

FORMAT = 8
"""Raise it when the code that makes glyphs changes; the tables are in the cache name anyway."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One thing: `names[0]` is canonical; names may carry the marks of `grammar`."""

    id: str
    names: tuple[str, ...]
    group: str
    weight: float
    tags: tuple[str, ...] = ()
    split: str = "train"

    @property
    def name(self) -> str:
        """The canonical name without its mark."""
        return self.names[0].lstrip("~+")


@dataclass(frozen=True)
class Glyphs:
    """All usable glyphs and their pictures at one resolution."""

    info: tuple[Glyph, ...]
    pixels: NDArray[np.uint8]  # (N, S, S, 4) premultiplied RGBA
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Working resolution of the pictures."""
        return int(self.pixels.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """Glyph id -> row."""
        return {glyph.id: i for i, glyph in enumerate(self.info)}

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """Tight box of each glyph: left, top, right, bottom in [0, 1]."""
        return np.array([_box(picture[..., 3]) for picture in self.pixels])

    def image(self, row: int) -> Image.Image:
        """The picture as Pillow's premultiplied mode RGBa."""
        key = ("image", row)
        if key not in self.memo:
            self.memo[key] = Image.frombytes(
                "RGBa", (self.size, self.size), self.pixels[row].tobytes()
            )
        return self.memo[key]


def mean_color(glyphs: Glyphs, row: int, top: float = 0.0) -> NDArray[np.float64]:
    """Mean RGB, 0..255, of what is visible of a glyph below `top`."""
    key = ("mean", row, top)
    if key not in glyphs.memo:
        total = (
            glyphs.pixels[row, int(top * glyphs.size) :].reshape(-1, 4).sum(0, dtype=np.float64)
        )
        glyphs.memo[key] = 255 * total[:3] / max(total[3], 1.0)
    return glyphs.memo[key]


def _box(alpha: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    ys, xs = np.where(alpha > 25)
    if not len(ys):
        return 0.0, 0.0, 1.0, 1.0
    h, w = alpha.shape
    return xs.min() / w, ys.min() / h, (xs.max() + 1) / w, (ys.max() + 1) / h


def load(root: Path, size: int = 128, *, source: Path | None = None) -> Glyphs:
    """All usable glyphs at `size` px; `root` is a cache folder, made when it is not there.

    The first call decodes the packages and writes one ``.npz`` into `root`; later calls read that.
    The packages come from `source` (a folder with tarballs or a ``node_modules``), else from
    `root` itself, into which npm fetches what is missing.
    Raises `fetch.FetchError`, which names the ways out, when the packages cannot be had.
    """
    cache = Path(root) / f"unstir-emoji-{size}-{_fingerprint()}.npz"
    if cache.is_file():
        return _read(cache)
    glyphs = _build(Path(source or root), size)
    cache.parent.mkdir(parents=True, exist_ok=True)
    _write(cache, glyphs)
    return glyphs


def _fingerprint() -> str:
    """Eight digits of everything a cache depends on, so that a stale one is never read."""
    sources = [fetch.GLYPHS.version, fetch.NAMES.version, split.GLYPHS]
    tables = [select.common(), sorted(LEFT_OUT_NAMES), NAMES, recolor.COLORED, FORMAT, sources]
    return blake2b(json.dumps(tables).encode(), digest_size=4).hexdigest()


def _build(root: Path, size: int) -> Glyphs:
    listed = fetch.members(
        fetch.NAMES, root, lambda name: name == "en/data.json" or name == "meta/groups.json"
    )
    pictures = fetch.members(fetch.GLYPHS, root, lambda name: name.endswith(".webp"))
    files = {select.plain(Path(name).stem): name for name in sorted(pictures)}
    info = [glyph for glyph in select.usable(listed) if glyph["id"] in files]
    pixels = [_picture(pictures[files[glyph["id"]]], size) for glyph in info]
    for id, names, weight, picture in derived.make(lambda id: _decode(pictures[files[id]])):
        info.append(select.row(id, names, "worn" if weight == 0 else "object", weight))
        pixels.append(_shrink(picture, size))
    return Glyphs(tuple(Glyph(**glyph) for glyph in info), np.stack(pixels))


def _decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGBA")


def _picture(data: bytes, size: int) -> NDArray[np.uint8]:
    return _shrink(_decode(data), size)


def _shrink(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """Premultiply, then area-average (no dark or bright fringes)."""
    return np.asarray(image.convert("RGBa").resize((size, size), Image.Resampling.BOX))


def _write(cache: Path, glyphs: Glyphs) -> None:
    rows = [[g.id, list(g.names), g.group, g.weight, list(g.tags), g.split] for g in glyphs.info]
    info = np.frombuffer(json.dumps(rows).encode(), np.uint8)
    partial = cache.with_name(f"{cache.name}.{os.getpid()}.part.npz")
    np.savez_compressed(partial, info=info, pixels=glyphs.pixels)
    os.replace(partial, cache)


def _read(cache: Path) -> Glyphs:
    try:
        with cache.open("rb") as file, np.load(file, allow_pickle=False) as data:
            rows, pixels = json.loads(data["info"].tobytes()), data["pixels"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise fetch.FetchError(f"{cache} is damaged ({error}); delete it and run again") from error
    info = (
        Glyph(id, tuple(names), group, weight, tuple(tags), split)
        for id, names, group, weight, tags, split in rows
    )
    return Glyphs(tuple(info), pixels)
