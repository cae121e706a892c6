"""Trained networks -> a model folder that runs anywhere: ONNX graphs whose weights are a
safetensors file.

Every weight is stored once, in half precision: a graph's initializers are external data that
point into the safetensors file, cast to single precision when the graph is loaded. So torch and
onnxruntime read the same bytes, and a folder holds no code.

    write(folder, manifest, denoiser=net, autoencoder=codec)
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import struct
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn

from unstir.core.discrete.process import MASK
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.control import Controlled
from unstir.runtimes import tuned
from unstir.runtimes.checks import INT8
from unstir.runtimes.lean import TABLE, lean
from unstir.runtimes.renewed import renewed, save

OPSET = 18
FORMAT = 1
FREE = ("tokens", "token_mask")
"""Inputs whose second axis may be shorter than the condition's length; so may rows of tokens."""


def write(
    folder: Path, manifest: dict[str, Any], denoiser: nn.Module, autoencoder: Autoencoder | None
) -> dict[str, Any]:
    """Write weights, graphs and `model.json` into `folder`; returns the completed manifest.

    `manifest` holds what is known beforehand (see docs/model-folder.md); "graphs", "weights" and
    "files" are filled in here. Existing files of the same names are replaced, all at the end.
    """
    parts = {"denoiser": denoiser} | ({"autoencoder": autoencoder} if autoencoder else {})
    for net in parts.values():
        net.cpu()  # graphs are traced where their example inputs are
    nets: dict[str, nn.Module] = {"denoiser": denoiser}
    if autoencoder is not None:
        nets |= {"encoder": autoencoder.encoder, "decoder": autoencoder.decoder}
    with renewed(folder) as new:
        for name, net in parts.items():
            _weights(net, new / f"{name}.safetensors")
        graphs = {name: _own_graph(new, manifest, name, net) for name, net in nets.items()}
        weights = [f"{name}.safetensors" for name in parts]
        names = [*weights, *(g["file"] for g in graphs.values())]
        extra = [n for n in manifest.get("files", {}) if n not in names]
        digests = {n: _sha256(new / n) for n in names}
        digests |= {n: _sha256(folder / n) for n in extra if (folder / n).is_file()}
        done = manifest | {
            "format": FORMAT, "graphs": graphs, "weights": weights, "files": digests,
        }  # fmt: skip
        save(new, done)
    return done


def redraw(folder: Path) -> dict[str, Any]:
    """Write the graphs of a model folder anew from its weights, as this version writes them; those
    in 8 bits go, for they would be of the old ones."""
    from unstir.runtimes.torch import networks  # which itself needs no onnx

    with renewed(folder) as new:
        manifest = _copied(folder, new)
        _without_8_bits(manifest, [n for n in manifest["graphs"] if n.endswith(INT8)])
        for name, net in networks(new, manifest).items():
            graph = manifest["graphs"][name] = _own_graph(new, manifest, name, net)
            manifest["files"][graph["file"]] = _sha256(new / graph["file"])
        save(new, manifest)
    return manifest


def add_control(
    base: Path, out: Path, net: Controlled, said: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the model folder `base` with a branch beside its denoiser into `out`; its graph reads
    the denoiser's weights where they are. `said` is model.json's "control"."""
    with renewed(out) as new:
        manifest = _copied(base, new)
        manifest["control"] = said | {"training": training}
        _weights(net.cpu().control, new / "control.safetensors")
        return _added(new, manifest, "controlled", net, "control.safetensors")


def add_student(
    base: Path, out: Path, net: nn.Module, said: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the model folder `base` with a student of its denoiser into `out`. `said` is
    model.json's "student"."""
    with renewed(out) as new:
        manifest = _copied(base, new)
        manifest["student"] = said | {"training": training}
        _weights(net.cpu(), new / "student.safetensors")
        return _added(new, manifest, "student", net, "student.safetensors")


def replace_decoder(
    base: Path, out: Path, codec: Autoencoder, training: dict[str, Any]
) -> dict[str, Any]:
    """Write the model folder `base` into `out` with this autoencoder, whose encoder is its own
    but whose decoder is another one of the same sizes."""
    with renewed(out) as new:
        manifest = _copied(base, new)
        manifest["codec"]["decoder"] = {"training": training}
        _weights(codec.cpu(), new / "autoencoder.safetensors")
        return _added(new, manifest, "decoder", codec.decoder, "autoencoder.safetensors")


def add_letters(
    folder: Path, net: nn.Module, sizes: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the network that gives chains their letters into the folder of a model of chains."""
    with renewed(folder) as new:
        manifest = _copied(folder, new)
        manifest["protein"]["letters"] = {"sizes": sizes, "training": training}
        _weights(net.cpu(), new / "letters.safetensors")
        return _added(new, manifest, "letters", net, "letters.safetensors")


def _added(
    folder: Path, manifest: dict[str, Any], name: str, net: nn.Module, weights: str
) -> dict[str, Any]:
    """The manifest, and the folder, with one more graph and its weights."""
    graph = manifest["graphs"][name] = _own_graph(folder, manifest, name, net)
    _without_8_bits(manifest, [name + INT8])  # which would be of other weights
    manifest["weights"] = sorted({*manifest["weights"], weights})
    manifest["files"] |= {file: _sha256(folder / file) for file in (weights, graph["file"])}
    save(folder, manifest)
    return manifest


def _without_8_bits(manifest: dict[str, Any], names: list[str]) -> None:
    for name in names:
        if old := manifest["graphs"].pop(name, None):
            del manifest["files"][old["file"]]


def _copied(base: Path, new: Path) -> dict[str, Any]:
    """All files of a model folder in another one, with the paths that were searched for it, but
    for model.json, which is returned."""
    manifest = json.loads((base / "model.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        shutil.copyfile(base / file, new / file)
    if (base / tuned.FILE).is_file():
        shutil.copyfile(base / tuned.FILE, new / tuned.FILE)
    return manifest


def write_graph(
    folder: Path, name: str, net: nn.Module, inputs: dict[str, Tensor], output: str
) -> dict[str, Any]:
    """One network by itself: NAME.safetensors and NAME.onnx; returns the graph's entry."""
    offsets = _weights(net, folder / f"{name}.safetensors")
    return _graph(folder / f"{name}.onnx", net, inputs, output, offsets)


def _weights(net: nn.Module, path: Path) -> dict[str, tuple[str, int, int]]:
    """Save a network's parameters in half precision; name -> (file, offset, length).

    The network itself is rounded to what was saved, so that it equals what is loaded later.
    """
    with torch.no_grad():
        half = {k: v.detach().to(torch.float16).contiguous() for k, v in net.state_dict().items()}
        for k, v in net.state_dict().items():
            v.copy_(half[k].to(v.dtype))
    save_file(half, path, metadata={"format": "pt"})
    path.chmod(0o644)  # it writes files that only their owner can read
    return _offsets(path)


def _offsets(path: Path) -> dict[str, tuple[str, int, int]]:
    """name -> (file, offset, length) of each tensor in a safetensors file."""
    with path.open("rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
    return {
        name: (
            path.name,
            8 + size + e["data_offsets"][0],
            e["data_offsets"][1] - e["data_offsets"][0],
        )
        for name, e in header.items()
        if name != "__metadata__"
    }


WEIGHTS = {
    "denoiser": {"": "denoiser"},
    "student": {"": "student"},
    "letters": {"": "letters"},
    "controlled": {"net.": "denoiser", "control.": "control"},
    "encoder": {"": "autoencoder"},
    "decoder": {"": "autoencoder"},
}
"""Graph -> the file that each part of its network, by prefix, has its weights in."""


def _own_graph(
    folder: Path, manifest: dict[str, Any], name: str, net: nn.Module
) -> dict[str, Any]:
    """One of a model folder's graphs, whose weights are there already; its entry."""
    inside = f"{name}." if name in ("encoder", "decoder") else ""
    offsets = {
        prefix + key.removeprefix(inside): at
        for prefix, file in WEIGHTS[name].items()
        for key, at in _offsets(folder / f"{file}.safetensors").items()
        if key.startswith(inside)
    }
    output = {"encoder": "z", "decoder": "x"}.get(name, "out")
    return _graph(folder / f"{name}.onnx", net, _inputs(name, net, manifest), output, offsets)


def _inputs(name: str, net: nn.Module, manifest: dict[str, Any]) -> dict[str, Tensor]:
    """Something of the shape of everything that a graph takes."""
    shape, condition = manifest["shape"], manifest.get("condition")
    if name == "encoder":
        return {"x": torch.randn(2, 3, *manifest["size"])}
    if name == "decoder":
        return {"z": torch.randn(2, *shape)}
    if name == "letters":
        return {"x": torch.full((2, shape[1]), float(MASK)), "extra": torch.randn(2, 3, shape[1])}
    if manifest["kind"] == "string":
        inputs = {"x": torch.zeros(2, shape[0])}
    else:
        inputs = {"x": torch.randn(2, *shape), "t": torch.rand(2)}
    if condition:
        length = condition.get("length", 1)
        width = condition.get("width") or len(condition["classes"])
        inputs["tokens"] = torch.randn(2, length, width)
        inputs["token_mask"] = torch.ones(2, length)
    if extra := int(getattr(net.net if isinstance(net, Controlled) else net, "extra", 0)):
        inputs["extra"] = torch.randn(2, extra, *shape[1:])
    if name == "controlled":
        inputs["lines"] = torch.rand(2, 1, *manifest["size"])
    if name == "student":
        inputs["s"] = torch.rand(2)
    return inputs


def _graph(
    path: Path,
    net: nn.Module,
    inputs: dict[str, Tensor],
    output: str,
    offsets: dict[str, tuple[str, int, int]],
) -> dict[str, Any]:
    """Export one graph of any batch and any number of tokens, and point its weights into the
    safetensors file."""
    batch, words = torch.export.Dim("batch", min=1), torch.export.Dim("words", min=1)
    free = {n: words for n in inputs if n in FREE and inputs[n].shape[1] > 1}
    if "x" in inputs and inputs["x"].ndim == 2 and "extra" not in inputs:
        free["x"] = torch.export.Dim("pieces", min=1, max=inputs["x"].shape[1])
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, we do not
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net.eval(),
            kwargs=inputs,
            dynamic_shapes={n: {0: batch} | ({1: free[n]} if n in free else {}) for n in inputs},
            input_names=list(inputs),
            output_names=[output],
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
            custom_translation_table=TABLE,
        )
    assert program is not None
    lean(program.model, net.state_dict().keys())
    model = program.model_proto
    _external(model, offsets)
    onnx.save(model, path)
    entry = {"file": path.name, "inputs": list(inputs), "outputs": [output]}
    return entry | ({"free": list(free)} if free else {})


def _external(model: Any, offsets: dict[str, tuple[str, int, int]]) -> None:
    """Replace each float weight by a half-precision reference into the safetensors file and a
    Cast."""
    casts, kept = [], []
    for old in model.graph.initializer:
        if old.name not in offsets:
            kept.append(_inline(old))
            continue
        file, offset, length = offsets[old.name]
        new = TensorProto(name=old.name + ".half", data_type=TensorProto.FLOAT16, dims=old.dims)
        new.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("offset", offset), ("length", length)):
            new.external_data.add(key=key, value=str(value))
        kept.append(new)
        casts.append(helper.make_node("Cast", [new.name], [old.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    for field, values in (("initializer", kept), ("node", nodes)):
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(values)
    for field in ("metadata_props", "value_info"):
        model.graph.ClearField(field)
    model.ClearField("metadata_props")
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")


def _inline(tensor: Any) -> Any:
    """A constant of the graph itself, stored in the graph."""
    if tensor.data_location == TensorProto.EXTERNAL:
        raise ValueError(f"the constant {tensor.name!r} is outside the graph and not a weight")
    return numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
