"""A named feature space of pictures: a network whose output is compared, with its preprocessing.

    space = features("efficientnet-lite0")        # a model folder of kind "features", or FILE.onnx
    space.name, space.sha256                      # printed beside every figure
    space([pixels, ...])                          # (N, 1280) float32

Preprocessing is a part of the space: the picture's middle square, resampled to the network's size
by Pillow on 8 bits with its antialiasing (the lack of which moved published Frechet distances;
Parmar et al. 2022), then (pixels / 255 - mean) / std for each channel. An output with positions,
(N, D, h, w), is averaged over them; one of tokens, (N, tokens, D), is refused, for whether the
first of them counts or their mean is the network's affair.

A graph of a person's own is FILE.onnx with FILE.json beside it:

    {"name": "dinov2-small-224", "size": 224, "mean": [0.485, ...], "std": [0.229, ...],
     "resize": "bicubic", "input": "pixels", "output": "features", "fid": false}

"input" and "output" default to the graph's first, "resize" to bicubic. "fid": true says that it is
the Inception network of FID, and only then a Frechet distance in it is called so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unstir.core.find import NotFound
from unstir.runtimes.checks import Bad, Fields
from unstir.runtimes.manifest import BadModel, Graph, read
from unstir.runtimes.onnx import Call, OnnxGraph, open_session
from unstir.runtimes.shelf import folder, shelf
from unstir.threads import default_threads

RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
KNOWN = ("name", "size", "mean", "std", "resize", "input", "output", "fid")
LONGEST = 2**20
"""Bytes of a FILE.json."""


@dataclass(frozen=True)
class Space:
    """A feature space; calling it takes pictures (H, W, 3) uint8 of any size."""

    name: str
    sha256: str  # of network and preprocessing
    size: tuple[int, int]  # height, width
    mean: np.ndarray
    std: np.ndarray
    resize: str
    run: Call
    fid: bool = False

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Features (N, D), float32."""
        return self.of_small([self.small(picture) for picture in pictures])

    def of_small(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """The same of what `small` gave."""
        out = self.run(np.stack([self._scaled(picture) for picture in pictures]))
        out = out.mean((2, 3)) if out.ndim == 4 else out
        if out.ndim != 2 or len(out) != len(pictures):
            raise BadModel(
                f"{self.name} gives {out.shape}; features are (pictures, width) or (pictures, "
                'width, h, w): name such an output by "output", or export the graph with one'
            )
        return out.astype(np.float32)

    def small(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the middle square at the network's size."""
        height, width = picture.shape[:2]
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        image = Image.fromarray(picture).crop((left, top, left + side, top + side))
        wanted = (self.size[1], self.size[0])
        if image.size != wanted:
            image = image.resize(wanted, RESAMPLING[self.resize])
        return np.array(image)

    def _scaled(self, small: np.ndarray) -> np.ndarray:
        """(3, H, W) float32, as the network takes it."""
        x = (small.astype(np.float32) / 255 - self.mean) / self.std
        return x.transpose(2, 0, 1).astype(np.float32)


def features(name_or_file: str, threads: int | None = None) -> Space:
    """The space of a name, a model folder or an ONNX graph; BadModel says what is wrong with
    it."""
    threads = threads or default_threads()
    path = Path(name_or_file)
    if path.suffix.lower() == ".onnx" and name_or_file not in shelf():
        return _of_graph(path, threads)
    return _of_folder(_found(name_or_file), threads)


def _found(name: str) -> Path:
    """The folder of a space, also by the name that stands beside its figures."""
    try:
        return folder(name)
    except NotFound:
        for place in shelf().values():
            with suppress(BadModel):
                if (said := read(place)).kind == "features" and said.name == name:
                    return place
        raise


def _of_folder(place: Path, threads: int) -> Space:
    manifest = read(place)
    if manifest.kind != "features":
        raise BadModel(
            f"{manifest.name} is of the kind {manifest.kind}; a feature space is of the kind "
            "features: efficientnet-lite0 is shipped, FILE.onnx is one of your own"
        )
    manifest.verify()
    try:
        said = Fields(
            Fields(manifest.raw).table("graphs").get("features") or {}, "graphs.features"
        )
        graph = Graph(said.text("file"), tuple(said.names("inputs", 1)),
                      tuple(said.names("outputs", 1)))  # fmt: skip
        if graph.file not in manifest.files:
            raise Bad(f'uses {graph.file!r}, which "files" does not list with its SHA-256')
        call = OnnxGraph(place / graph.file, graph, threads)
        return _space(Fields(manifest.raw), manifest.sha256, call)
    except Bad as error:
        raise BadModel(f"{place / 'model.json'} {error}") from None


def _of_graph(path: Path, threads: int) -> Space:
    beside = path.with_suffix(".json")
    for file in (path, beside):
        if not file.is_file():
            raise BadModel(
                f"{file} is not there; a feature space of your own is FILE.onnx with FILE.json "
                "beside it: name, size, mean, std (see docs/evaluation.md)"
            )
    said = _read(beside)
    try:
        said.only(KNOWN)
        graph = _graph(path, said, threads)
        return _space(said, _digest(path), OnnxGraph(path, graph, threads))
    except Bad as error:
        raise BadModel(f"{beside} {error}") from None


def _read(file: Path) -> Fields:
    try:
        if file.stat().st_size > LONGEST:
            raise ValueError(f"it has {file.stat().st_size:,} bytes")
        data = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{file} is not readable JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadModel(f"{file} should be an object {{ ... }}")
    return Fields(data)


def _graph(path: Path, said: Fields, threads: int) -> Graph:
    """Which input and output; the graph's own first where the file says nothing."""
    try:
        session = open_session(path, threads)
    except Exception as error:  # onnxruntime has no common base class for its errors
        raise BadModel(f"{path} is not an ONNX graph that onnxruntime can open: {error}") from None
    ins, outs = ([n.name for n in s] for s in (session.get_inputs(), session.get_outputs()))
    if len(ins) != 1:
        raise BadModel(f"{path} has the inputs {', '.join(ins)}; features are of one picture")
    if isinstance(batch := session.get_inputs()[0].shape[0], int):
        raise BadModel(f"{path} takes {batch} at once; export it with a batch of any size")
    chosen = [said.choice(key, there) if key in said.data else there[0]
              for key, there in (("input", ins), ("output", outs))]  # fmt: skip
    return Graph(path.name, (chosen[0],), (chosen[1],))


def _space(said: Fields, sha256: str, call: Call) -> Space:
    mean, std = said.numbers("mean"), said.numbers("std")
    if (len(mean), len(std)) != (3, 3) or min(std) <= 0:
        raise Bad(f"has mean {list(mean)} and std {list(std)}; give three of each, std above 0")
    whole = isinstance(said.data.get("size"), int)
    size = (said.count("size", 4096),) * 2 if whole else said.counts("size", 2, 2)
    resize = said.choice("resize", tuple(RESAMPLING)) if "resize" in said.data else "bicubic"
    return Space(
        said.title("name"), sha256, (size[0], size[1]), np.array(mean, np.float32),
        np.array(std, np.float32), resize, call, said.data.get("fid") is True,
    )  # fmt: skip


def _digest(path: Path) -> str:
    """Of the graph, its description, and weights that lie beside it, by whatever name the graph
    calls them."""
    graph, total = path.read_bytes(), hashlib.sha256()
    weights = (
        f for f in sorted(path.parent.iterdir()) if f not in (path, path.with_suffix(".json"))
    )
    weights = (f for f in weights if f.is_file() and f.name.encode() in graph)
    for file in (path, path.with_suffix(".json"), *weights):
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()
