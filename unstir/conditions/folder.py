"""The folder of a text encoder: model.json of kind "text-encoder", vocab.txt and one ONNX graph.

    folder = EncoderFolder.read(models / "minilm")
    folder.checked("vocab.txt")        # the path, once its SHA-256 is seen to be the manifest's

Every file is checked against the manifest before it is used, so a damaged copy is named as such
instead of giving strange pictures.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class EncoderFolder:
    """What a text encoder's model.json says: sizes, the graph, the SHA-256 of each file."""

    path: Path
    width: int
    positions: int
    graph: str
    files: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> EncoderFolder:
        """Raises FileNotFoundError without a model.json, ValueError for one that is of no use."""
        file = path / "model.json"
        if not file.is_file():
            raise FileNotFoundError(f"no text encoder in {path}: there is no model.json")
        try:
            told = json.loads(file.read_bytes())
            return cls._from(path, told)
        except (KeyError, TypeError, AttributeError, RecursionError, UnicodeDecodeError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"is malformed ({error})"
            raise ValueError(f"{file} {what}: copy the folder anew") from None
        except ValueError as error:
            raise ValueError(f"{file} cannot be used: {error}; copy the folder anew") from None

    @classmethod
    def _from(cls, path: Path, told: Mapping[str, Any]) -> EncoderFolder:
        if told["kind"] != "text-encoder":
            raise ValueError(f"it describes a model of kind {told['kind']!r}, not a text-encoder")
        if told["format"] != FORMAT:
            raise ValueError(f"its format is {told['format']!r}; this unstir reads {FORMAT}")
        graph, files = told["graphs"]["encoder"]["file"], dict(told["files"])
        for name in (graph, "vocab.txt"):
            if not PLAIN.fullmatch(name) or name not in files:
                raise ValueError(f"{name!r} is no plain name with a SHA-256 in its list of files")
        return cls(path, _size(told, "width"), _size(told, "positions"), graph, files)

    def checked(self, name: str) -> Path:
        """The path of a file, once its SHA-256 is seen to be the manifest's."""
        file = self.path / name
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing: copy the folder anew")
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != self.files[name]:
            raise ValueError(
                f"{file} is damaged or was exchanged: its SHA-256 begins with {found[:12]}, "
                f"model.json says {str(self.files[name])[:12]}; copy the folder anew"
            )
        return file


def _size(told: Mapping[str, Any], key: str) -> int:
    value = told[key]
    if type(value) is not int or not 1 <= value <= 65536:
        raise ValueError(f'its "{key}" is {value!r}, not a whole number above 0')
    return value
