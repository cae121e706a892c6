"""`model.json`: what a model folder says of itself, read and checked before a byte of weights is
used.

    manifest = read(folder)       # complete, of a format we know, with safe file names
    manifest.verify()             # every file: present, its SHA-256 as written, headers sound

Anything wrong raises `BadModel`, which names the file and what to do. A format number is raised
whenever a reader of the old one could misunderstand the new one; `_UPGRADES` then turns old text
into new, so that old folders load for ever, and newer ones are refused with a wish to update.
Nothing here runs code from a model folder, and pickles are refused by name. The format is
described in docs/model-folder.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unstir.runtimes.checks import INT8, Bad, Fields
from unstir.runtimes.consistency import check
from unstir.runtimes.tensors import BadTensors, read_header

FORMAT = 1
LONGEST = 4 * 2**20
"""Bytes of a model.json; class names and licences fit many times over."""
KINDS = ("image", "upscaler", "molecule", "protein", "string", "text-encoder", "features")
DRAWING = ("image", "upscaler", "molecule", "protein", "string")
"""Kinds with a denoiser."""
_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Format n -> the function that rewrites its text as format n + 1."""
_SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_TRAINING = ("cache", "codec", "denoiser")
"""What a run makes in its folder before there is a model.json (`recipes.pipeline`)."""
_CODE = (
    ".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle", ".py", ".npy", ".npz", ".joblib", ".dill",
)  # fmt: skip


class BadModel(ValueError):
    """A model folder that cannot be used; the message names the file, what is wrong and what to
    do."""


@dataclass(frozen=True)
class Graph:
    """One ONNX graph of the folder and the order of its inputs and outputs; `free` are the inputs
    that may have fewer tokens than the condition."""

    file: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    free: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """A model.json in Python. Fields that a kind of model does not have are empty."""

    folder: Path
    sha256: str  # of model.json itself, and so of everything it lists
    kind: str
    name: str
    title: str
    files: Mapping[str, str]
    weights: tuple[str, ...] = ()
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    network: Mapping[str, Any] | None = None
    codec: Mapping[str, Any] | None = None
    condition: Mapping[str, Any] | None = None
    upscale: Mapping[str, Any] | None = None
    molecule: Mapping[str, Any] | None = None
    protein: Mapping[str, Any] | None = None
    string: Mapping[str, Any] | None = None
    control: Mapping[str, Any] | None = None
    student: Mapping[str, Any] | None = None
    schedule: Mapping[str, Any] = field(default_factory=dict)
    parametrization: str = ""
    shape: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    def current(self, name: str) -> str:
        """The present name of something the folder calls `name`: its aliases are {old:
        present}."""
        return self.aliases.get(name, name)

    @property
    def repaints(self) -> bool:
        """Whether the network is told a picture around a hole (`codecs.seen`)."""
        return self.kind == "image" and "extra" in self.graphs["denoiser"].inputs

    @property
    def eight_bits(self) -> bool:
        """Whether it has graphs in 8 bits (quantize.py)."""
        return any(name.endswith(INT8) for name in self.graphs)

    @property
    def bytes(self) -> int:
        """What the listed files take on disk."""
        return sum(p.stat().st_size for p in map(self.path, self.files) if p.is_file())

    def path(self, file: str) -> Path:
        """Where a listed file lies."""
        return self.folder / file

    def verify(self) -> None:
        """Check every listed file against its SHA-256, and every header of weights."""
        for file, digest in self.files.items():
            path = self.path(file)
            if not path.is_file():
                raise self._bad(file, "is missing", "copy the folder again, whole")
            if sha256_of(path) != digest:
                what = "has another SHA-256 than model.json says: damaged, or exchanged"
                raise self._bad(file, what, "copy the folder again, whole")
        for file in self.weights:
            try:
                read_header(self.path(file))
            except BadTensors as error:
                raise self._bad(
                    file, str(error), "ask its author for safetensors weights"
                ) from None

    def _bad(self, file: str, what: str, way_out: str) -> BadModel:
        return BadModel(f"{self.path(file)} {what}; {way_out}")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(folder: str | Path) -> Manifest:
    """The manifest of a model folder, its contents checked (its files only by `verify`)."""
    folder = Path(folder)
    path = folder / "model.json"
    try:
        text = _text(folder, path)
    except OSError as error:
        raise BadModel(
            f"{path} cannot be read ({error.strerror}); allow it, or move the folder away"
        ) from None
    try:
        data = json.loads(text, parse_constant=_no_constant)
        if not isinstance(data, dict):
            raise Bad("should be an object { ... }")
        return _manifest(folder, hashlib.sha256(text).hexdigest(), _upgraded(data))
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, Bad) else f"is not readable JSON: {error}"
        raise BadModel(f"{path} {what}") from None


def _text(folder: Path, path: Path) -> bytes:
    if folder.is_file():
        raise BadModel(f"{folder} is a file; a model is a folder with a model.json in it")
    if not folder.is_dir():
        raise BadModel(f"{folder} does not exist; `unstir models` lists the models there are")
    if not path.is_file() and any((folder / part).is_dir() for part in _TRAINING):
        raise BadModel(
            f"{folder} is an unfinished training; give the same `unstir train` command again"
        )
    if not path.is_file():
        kind = (
            "a diffusers folder" if (folder / "model_index.json").exists() else "no model folder"
        )
        raise BadModel(f"{folder} is {kind}: it has no model.json; see docs/model-folder.md")
    if path.stat().st_size > LONGEST:
        raise BadModel(f"{path} has {path.stat().st_size} bytes; the limit is {LONGEST}")
    return path.read_bytes()


def _no_constant(name: str) -> float:
    raise Bad(f"holds {name}, which is not a number")


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    number = data.get("format")
    if type(number) is not int or number < 1:
        raise Bad(f'has "format": {number!r}; a model folder of unstir says "format": {FORMAT}')
    if number > FORMAT:
        raise Bad(f"has format {number}; this unstir reads up to {FORMAT}: please update unstir")
    for old in range(number, FORMAT):
        data = _UPGRADES[old](data)
    return data


def _manifest(folder: Path, sha256: str, data: dict[str, Any]) -> Manifest:
    fields = Fields(data)
    kind = fields.choice("kind", KINDS)
    common = Manifest(
        folder=folder, sha256=sha256, kind=kind, raw=data,
        name=fields.title("name"), title=fields.text("title", ""), files=_files(fields),
        licences=fields.table("licences"), aliases=fields.texts("aliases"),
    )  # fmt: skip
    if kind not in DRAWING:
        return common
    fields.only(Manifest.__dataclass_fields__.keys() - {"folder", "sha256", "raw"} | {"format"})
    manifest = replace(
        common,
        weights=tuple(fields.names("weights")),
        graphs=_graphs(fields.table("graphs")),
        network=fields.part("network", none=True),
        codec=fields.part("codec", none=True),
        condition=fields.part("condition", none=True),
        upscale=fields.table("upscale") if kind == "upscaler" else None,
        molecule=fields.table("molecule") if kind == "molecule" else None,
        protein=fields.table("protein") if kind == "protein" else None,
        string=fields.table("string") if kind == "string" else None,
        control=fields.part("control", none=True),
        student=fields.table("student") or None,
        schedule=fields.part("schedule"),
        parametrization=fields.text("parametrization"),
        shape=fields.counts("shape", 2, 4),
        size=fields.counts("size", 1, 3),
        defaults=fields.table("defaults"),
        training=fields.table("training"),
    )
    check(manifest)
    return manifest


def _files(fields: Fields) -> Mapping[str, str]:
    files = fields.texts("files")
    for file, digest in files.items():
        _check_file(file)
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise Bad(f"gives {file} the SHA-256 {digest[:80]!r}; it has 64 hex digits")
    return files


def _check_file(file: str) -> None:
    parts = file.split("/")
    if not all(_SAFE_PART.fullmatch(p) and not p.endswith(".") for p in parts) or len(parts) > 4:
        raise Bad(f"lists the file {file[:80]!r}; plain names inside the folder are read")
    if file.lower().endswith(_CODE):
        raise Bad(f"lists {file}, of a kind that can run code; weights are safetensors and ONNX")


def _graphs(table: Mapping[str, Any]) -> dict[str, Graph]:
    graphs = {}
    for name, entry in table.items():
        if not isinstance(entry, dict):
            raise Bad(f"has a graph {name!r} that is not an object with file, inputs and outputs")
        part = Fields(entry, f"graphs.{name}")
        names = tuple(part.names("inputs")), tuple(part.names("outputs"))
        free = tuple(part.names("free")) if "free" in entry else ()
        graphs[name] = Graph(part.text("file"), *names, free)
    return graphs
