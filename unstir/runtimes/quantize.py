"""Graphs whose convolutions compute in 8 bits, from graphs in single precision.

    seen = watched("denoiser.onnx", feeds)            # what each convolution reads and writes
    quantize("denoiser.onnx", seen, candidates("denoiser.onnx", seen), "denoiser-int8.onnx")

Activations are unsigned 8-bit numbers between the least and the most that was seen, weights
signed ones with a scale for each output channel (Jacob et al. 2018; Krishnamoorthi 2018). Weights
go to +-63 only: processors without VNNI add two products in 16 bits, which would overflow. They
stay where they are stored, in half precision, and are rounded when the graph is opened. What
reads the first input and what writes the last output stay as they are, for little time and much
of the error is theirs, and so does what has one position only. Matrix products stay too: tried,
attention's cost all likeness.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from unstir.runtimes.checks import INT8
from unstir.runtimes.manifest import sha256_of
from unstir.runtimes.renewed import renewed, save

ACTIVATIONS, WEIGHTS = 255, 63
"""Steps of an activation's range, and the largest weight."""


@dataclass(frozen=True)
class Seen:
    """The least and the most of an activation, and its positions."""

    low: float
    high: float
    positions: int

    @property
    def scale(self) -> np.float32:
        return np.float32(max((self.high - self.low) / ACTIVATIONS, 1e-8))

    @property
    def zero(self) -> np.uint8:
        return np.uint8(np.clip(round(-self.low / float(self.scale)), 0, ACTIVATIONS))


def watched(graph: Path, feeds: Iterable[Mapping[str, np.ndarray]]) -> dict[str, Seen]:
    """What goes in and out of the convolutions that may compute in 8 bits, by name."""
    import onnxruntime

    model = onnx.load(graph)
    inner = _inner(model.graph)
    names = sorted({name for node in inner for name in (node.input[0], node.output[0])})
    if not names:
        return {}
    known = {output.name for output in model.graph.output}
    for name in names:
        if name not in known:
            model.graph.output.append(helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    seen: dict[str, Seen] = {}
    for given in feeds:
        found: Any = session.run(names, dict(given))
        for name, x in zip(names, found, strict=True):
            old = seen.get(name, Seen(0.0, 0.0, 1))
            low, high = min(old.low, float(x.min())), max(old.high, float(x.max()))
            seen[name] = Seen(low, high, int(np.prod(x.shape[2:])))
    return seen


def candidates(graph: Path, seen: Mapping[str, Seen]) -> list[str]:
    """The convolutions that may compute in 8 bits, by the names of what they write."""
    every = _inner(onnx.load(graph, load_external_data=False).graph)
    return [node.output[0] for node in every if seen[node.output[0]].positions > 1]


def quantize(graph: Path, seen: Mapping[str, Seen], chosen: Collection[str], out: Path) -> None:
    """Write the graph with the chosen of its `candidates` in 8 bits beside it."""
    weights = {w.name: numpy_helper.to_array(w) for w in onnx.load(graph).graph.initializer}
    model = onnx.load(graph, load_external_data=False)
    stored, nodes, constants, done = _stored(model.graph), [], {}, set()
    for node in model.graph.node:
        if node.output[0] not in chosen:
            nodes.append(node)
            continue
        x, w, y = node.input[0], node.input[1], node.output[0]
        scale = _scales(weights[stored[w]])
        added: list[Any] = []
        if x not in done:
            added += _rounded(x, x, f"{x}.near", seen[x], constants)
        if w not in done:
            added += _kept(w, scale, TensorProto.INT8, constants)
        done |= {x, w}
        near = [f"{x}.near", f"{w}.near"]
        if len(node.input) > 2:
            bias = node.input[2]
            added += _kept(bias, seen[x].scale * scale, TensorProto.INT32, constants)
            near.append(f"{bias}.near")
        exact = type(node)()
        exact.CopyFrom(node)
        exact.input[:], exact.output[:] = near, [f"{y}.exact"]
        nodes += [*added, exact, *_rounded(f"{y}.exact", y, y, seen[y], constants)]
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    onnx.save(model, out)


def listed(folder: Path, names: Mapping[str, Path]) -> None:
    """Take graphs in 8 bits, by the names of those they stand for, into a model folder; all that
    it had before go."""
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    graphs, files = manifest["graphs"], manifest["files"]
    for name in [name for name in graphs if name.endswith(INT8)]:
        del files[graphs.pop(name)["file"]]
    with renewed(folder) as new:
        for name, made in names.items():
            file = f"{name}{INT8}.onnx"
            made.replace(new / file)
            graphs[name + INT8] = graphs[name] | {"file": file}
            files[file] = sha256_of(new / file)
        save(new, manifest)


def _stored(graph: Any) -> dict[str, str]:
    """Each weight in single precision, and the name it is stored by (export.py)."""
    stored = {w.name for w in graph.initializer}
    casts = (n for n in graph.node if n.op_type == "Cast" and n.input[0] in stored)
    return {node.output[0]: node.input[0] for node in casts}


def _inner(graph: Any) -> list[Any]:
    """The convolutions between the first and the last one that change what lies beside each
    other."""
    weights = _stored(graph)
    every = [n for n in graph.node if n.op_type == "Conv" and n.input[1] in weights]
    sides = {w.name: w.dims[2:] for w in graph.initializer}
    wide = [n for n in every if max(sides[weights[n.input[1]]]) > 1]
    ends = [n.output[0] for n in (wide[:1] + wide[-1:])]
    return [n for n in every if n.output[0] not in ends]


def _scales(weight: np.ndarray) -> np.ndarray:
    """(O,) of each output channel."""
    largest = np.abs(weight.astype(np.float32)).reshape(len(weight), -1).max(1)
    return np.maximum(largest / WEIGHTS, np.float32(1e-8))


def _rounded(
    source: str, name: str, out: str, seen: Seen, constants: dict[str, np.ndarray]
) -> list[Any]:
    """Nodes that take an activation to the nearest of its 256 values."""
    how = [f"{name}.{out}.scale", f"{name}.{out}.zero"]
    constants |= {how[0]: np.asarray(seen.scale), how[1]: np.asarray(seen.zero)}
    return [
        helper.make_node("QuantizeLinear", [source, *how], [f"{out}.int8"]),
        helper.make_node("DequantizeLinear", [f"{out}.int8", *how], [out]),
    ]


def _kept(name: str, scale: np.ndarray, kind: int, constants: dict[str, np.ndarray]) -> list[Any]:
    """Nodes that take a weight or a bias to whole multiples of its channels' scales; they are
    computed once, when the graph is opened (QuantizeLinear would not be)."""
    shape = (-1, 1, 1, 1) if kind == TensorProto.INT8 else (-1,)
    constants |= {f"{name}.scale": scale.reshape(shape), f"{name}.scales": scale}
    steps = [f"{name}.{part}" for part in ("divided", "whole", "int8", "near")]
    return [
        helper.make_node("Div", [name, f"{name}.scale"], [steps[0]]),
        helper.make_node("Round", [steps[0]], [steps[1]]),
        helper.make_node("Cast", [steps[1]], [steps[2]], to=kind),
        helper.make_node("DequantizeLinear", [steps[2], f"{name}.scales"], [steps[3]], axis=0),
    ]
