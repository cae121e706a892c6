"""A picture carries its own recipe: two texts in the file, ours and one that other programs read.

    format  read by others (a1111.py)          ours, JSON
    PNG     tEXt "parameters"                   iTXt "unstir"
    JPEG    EXIF UserComment, UTF-16            EXIF ImageDescription, UTF-8
    WebP    EXIF UserComment, UTF-16            EXIF ImageDescription, UTF-8
    GIF     the comment                         the comment of a film (`comment`)

    images.write("cat.png", pixels, embed("PNG", infotext, recipe))
    extract("cat.png")      {"parameters": infotext, "unstir": recipe}

What a file says is read with limits and never trusted: anyone can write it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unstir.modalities.images import BadPicture, quiet

KEY = "unstir"
_DESCRIPTION, _EXIF, _COMMENT = 0x010E, 0x8769, 0x9286
_LONGEST = 2**20


def embed(format: str, infotext: str, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Options for Pillow's `save` that put both texts into a picture of the format."""
    text, infotext = _json(recipe), _whole(infotext)
    if format == "PNG":
        info = PngInfo()
        info.add_text("parameters", infotext)
        info.add_itxt(KEY, text)
        return {"pnginfo": info}
    exif = Image.Exif()
    exif[_DESCRIPTION] = f"{KEY} {text}".encode()
    exif.get_ifd(_EXIF)[_COMMENT] = b"UNICODE\0" + infotext.encode("utf-16-be")
    return {"exif": exif}


def comment(recipe: Mapping[str, Any]) -> str:
    """What a film that is a result of its own carries."""
    return f"{KEY} {_json(recipe)}"


def _json(recipe: Mapping[str, Any]) -> str:
    return _whole(json.dumps(recipe, ensure_ascii=False, separators=(",", ":")))


def _whole(text: str) -> str:
    """Half characters, as in file names that are no text, become JSON's own escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def extract(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a picture tells of itself: "parameters" (text) and "unstir" (a table), each where it is
    there."""
    try:
        with quiet(), Image.open(path, formats=["PNG", "JPEG", "WEBP", "GIF"]) as image:
            texts = _png(image) if image.format == "PNG" else _exif(image)
    except FileNotFoundError:
        raise
    except Exception as error:  # decoders meet hostile bytes here
        raise BadPicture(f"{path} is not a picture that can be read ({error})") from None
    found: dict[str, Any] = {k: v for k, v in texts.items() if v and len(v) <= _LONGEST}
    if KEY in found:
        found[KEY] = _table(Path(path), found[KEY])
    return found


def _png(image: Image.Image) -> dict[str, str]:
    return {key: str(image.info.get(key, "")) for key in ("parameters", KEY)}


def _exif(image: Image.Image) -> dict[str, str]:
    exif = image.getexif()
    text = str(exif.get(_DESCRIPTION, "")).encode("latin-1", "replace").decode("utf-8", "replace")
    ours = text.removeprefix(f"{KEY} ") if text.startswith(f"{KEY} ") else ""
    theirs = _comment(exif.get_ifd(_EXIF).get(_COMMENT) or image.info.get("comment"))
    if image.format == "GIF" and theirs.startswith(f"{KEY} {{"):
        return {"parameters": "", KEY: theirs.removeprefix(f"{KEY} ")}
    return {"parameters": theirs, KEY: ours}


def _comment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else str(value or "").encode()
    if raw.startswith(b"UNICODE\0"):
        return raw[8:].decode("utf-16-be", "replace")
    return raw.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace")


def _table(path: Path, text: str) -> dict[str, Any]:
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise BadPicture(f"{path} has a recipe of unstir that is damaged; its picture is not")
    return table
