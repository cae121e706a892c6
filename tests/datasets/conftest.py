"""Small stand-ins for the emoji packages, so that no test needs npm or a download."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.datasets.emoji import derived, fetch, recolor, select
from unstir.datasets.emoji.glyphs import Glyph, Glyphs

SIDE = 24
REST = ({"label": "garden gnome", "hexcode": "E001"}, {"label": "paper crane", "hexcode": "E002"})


def blob(seed: int) -> np.ndarray:
    """A premultiplied ellipse of one color on nothing, (SIDE, SIDE, 4)."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE - 0.5
    alpha = np.hypot(x / rng.uniform(0.3, 0.45), y / rng.uniform(0.3, 0.45)) < 1
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[alpha] = (*rng.integers(20, 256, 3), 255)
    return rgba


@pytest.fixture(scope="session")
def glyphs() -> Glyphs:
    """Every common noun and every derived thing as a colored blob, and three held-out glyphs."""
    rows = select.common()
    rows += [select.row(cut.id, cut.names, "worn", cut.weight) for cut in derived.CUTS]
    drawn = (derived.PARTY_HAT, derived.HEADPHONES, derived.PAW)
    rows += [select.row(id, (id,), "worn", 0.0) for id in drawn]
    rows += [
        select.row(f"{id}#{color}", (name,), "object", 0.4 * ("#" not in id))
        for id, _, color, name in recolor.variants()
    ]
    rows += [
        select.row(f"e10{i}", (f"gadget {i}",), "object", 0.35) | {"split": "glyphs"}
        for i in range(3)
    ]
    info = tuple(Glyph(**row) for row in rows)
    return Glyphs(info, np.stack([blob(i) for i in range(len(info))]))


def listing() -> dict[str, bytes]:
    """The two files of emojibase-data that are read: every common noun, and two more."""
    names = [row["names"][0].lstrip("~+") for row in select.common()]
    ids = [row["id"] for row in select.common()]
    entries = [
        {
            "label": f"common {name}",
            "hexcode": id.upper(),
            "group": 7,
            "subgroup": 1,
            "tags": ["t"],
        }
        for name, id in zip(names, ids, strict=True)
    ]
    extra = [entry | {"group": 7, "subgroup": 1} for entry in REST]
    flag = {"label": "flag: Nowhere", "hexcode": "E003", "group": 9, "subgroup": 2}
    return {
        "en/data.json": json.dumps([*entries, *extra, flag]).encode(),
        "meta/groups.json": json.dumps({"subgroups": {"1": "tool", "2": "country-flag"}}).encode(),
    }


def picture(seed: int) -> bytes:
    """A webp with every color in every corner, so that each cut finds its part."""
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (16, 16, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    image = Image.fromarray(rgba).resize((64, 64), Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True)
    return out.getvalue()


def packages() -> dict[fetch.Package, dict[str, bytes]]:
    """Both packages, file by file."""
    ids = [row["id"] for row in select.common()]
    ids += [cut.source for cut in derived.CUTS if cut.source not in ids]
    ids += [entry["hexcode"].lower() for entry in REST] + ["e003"]
    assets = {f"assets/{id}.webp": picture(i % 7) for i, id in enumerate(ids)}
    return {fetch.GLYPHS: assets, fetch.NAMES: listing()}


def write_tarball(path: Path, files: dict[str, bytes]) -> None:
    """An npm tarball: everything under package/."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture(scope="session")
def tarballs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds both tarballs."""
    folder = tmp_path_factory.mktemp("tarballs")
    for package, files in packages().items():
        write_tarball(folder / package.tarball, files)
    return folder
