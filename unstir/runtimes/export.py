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

OPSET = 18
FORMAT = 1


def write(
    folder: Path, manifest: dict[str, Any], denoiser: nn.Module, autoencoder: Autoencoder | None
) -> dict[str, Any]:
    """Write weights, graphs and `model.json` into `folder`; returns the completed manifest.

    `manifest` holds what is known beforehand (see docs/model-folder.md); "graphs", "weights" and
    "files" are filled in here. Existing files of the same names are replaced; model.json is
    written last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"denoiser": denoiser} | ({"autoencoder": autoencoder} if autoencoder else {})
    for net in parts.values():
        net.cpu()  # graphs are traced where their example inputs are
    offsets = {name: _weights(net, folder / f"{name}.safetensors") for name, net in parts.items()}
    graphs = {"denoiser": _denoiser(folder, denoiser, manifest, offsets["denoiser"])}
    if autoencoder is not None:
        graphs |= _codec(folder, autoencoder, manifest, offsets["autoencoder"])
    weights = [f"{name}.safetensors" for name in parts]
    names = [*weights, *(g["file"] for g in graphs.values())]
    extra = [n for n in manifest.get("files", {}) if n not in names and (folder / n).is_file()]
    done = manifest | {
        "format": FORMAT,
        "graphs": graphs,
        "weights": weights,
        "files": {n: _sha256(folder / n) for n in (*names, *extra)},
    }
    _save(folder, done)
    return done


def _save(folder: Path, manifest: dict[str, Any]) -> None:
    """model.json, whole or not at all."""
    temporary = folder / "model.json.tmp"
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / "model.json")


def add_control(
    base: Path, out: Path, net: Controlled, said: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the model folder `base` with a branch beside its denoiser into `out`; its graph reads
    the denoiser's weights where they are. `said` is model.json's "control"."""
    manifest = _copied(base, out)
    own = _weights(net.cpu().control, out / "control.safetensors")
    offsets = {f"control.{name}": at for name, at in own.items()}
    offsets |= {f"net.{name}": at for name, at in _offsets(out / "denoiser.safetensors").items()}
    inputs = _inputs(net.net, manifest) | {"lines": torch.rand(2, 1, *manifest["size"])}
    graph = _graph(out / "controlled.onnx", net, inputs, "out", offsets, "")
    manifest["control"] = said | {"training": training}
    manifest["graphs"]["controlled"] = graph
    files = "control.safetensors", graph["file"]
    manifest["weights"] = sorted({*manifest["weights"], files[0]})
    manifest["files"] |= {name: _sha256(out / name) for name in files}
    _save(out, manifest)
    return manifest


def add_student(
    base: Path, out: Path, net: nn.Module, said: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the model folder `base` with a student of its denoiser into `out`. `said` is
    model.json's "student"."""
    manifest = _copied(base, out)
    inputs = _inputs(net, manifest) | {"s": torch.rand(2)}
    manifest["student"] = said | {"training": training}
    return _added(out, manifest, "student", net, inputs)


def add_letters(
    folder: Path, net: nn.Module, sizes: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Write the network that gives chains their letters into the folder of a model of chains."""
    manifest = _copied(folder, folder)
    longest = manifest["shape"][1]
    inputs = {"x": torch.full((2, longest), float(MASK)), "extra": torch.randn(2, 3, longest)}
    manifest["protein"]["letters"] = {"sizes": sizes, "training": training}
    return _added(folder, manifest, "letters", net, inputs)


def _added(
    folder: Path, manifest: dict[str, Any], name: str, net: nn.Module, inputs: dict[str, Tensor]
) -> dict[str, Any]:
    """The manifest, and the folder, with one more network."""
    manifest["graphs"][name] = write_graph(folder, name, net.cpu(), inputs, "out")
    files = f"{name}.safetensors", f"{name}.onnx"
    manifest["weights"] = sorted({*manifest["weights"], files[0]})
    manifest["files"] |= {file: _sha256(folder / file) for file in files}
    _save(folder, manifest)
    return manifest


def _copied(base: Path, out: Path) -> dict[str, Any]:
    """All files of a model folder in another one, but for model.json, which is returned."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((base / "model.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        if (base / file).resolve() != (out / file).resolve():
            shutil.copyfile(base / file, out / file)
    return manifest


def write_graph(
    folder: Path, name: str, net: nn.Module, inputs: dict[str, Tensor], output: str
) -> dict[str, Any]:
    """One network by itself: NAME.safetensors and NAME.onnx; returns the graph's entry."""
    offsets = _weights(net, folder / f"{name}.safetensors")
    return _graph(folder / f"{name}.onnx", net, inputs, output, offsets, "")


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


def _denoiser(
    folder: Path,
    net: nn.Module,
    manifest: dict[str, Any],
    offsets: dict[str, tuple[str, int, int]],
) -> dict[str, Any]:
    inputs = _inputs(net, manifest)
    return _graph(folder / "denoiser.onnx", net, inputs, "out", offsets, "")


def _inputs(net: nn.Module, manifest: dict[str, Any]) -> dict[str, Tensor]:
    """Something of the shape of everything that a denoiser takes."""
    shape, condition = manifest["shape"], manifest.get("condition")
    if manifest["kind"] == "string":
        inputs = {"x": torch.zeros(2, shape[0])}
    else:
        inputs = {"x": torch.randn(2, *shape), "t": torch.rand(2)}
    if condition:
        length = condition.get("length", 1)
        width = condition.get("width") or len(condition["classes"])
        inputs["tokens"] = torch.randn(2, length, width)
        inputs["token_mask"] = torch.ones(2, length)
    if extra := int(getattr(net, "extra", 0)):
        inputs["extra"] = torch.randn(2, extra, *shape[1:])
    return inputs


def _codec(
    folder: Path,
    net: Autoencoder,
    manifest: dict[str, Any],
    offsets: dict[str, tuple[str, int, int]],
) -> dict[str, dict[str, Any]]:
    code = {"z": torch.randn(2, *manifest["shape"])}
    image = {"x": torch.randn(2, 3, *manifest["size"])}
    encode = _graph(folder / "encoder.onnx", net.encoder, image, "z", offsets, "encoder.")
    decode = _graph(folder / "decoder.onnx", net.decoder, code, "x", offsets, "decoder.")
    return {"encoder": encode, "decoder": decode}


def _graph(
    path: Path,
    net: nn.Module,
    inputs: dict[str, Tensor],
    output: str,
    offsets: dict[str, tuple[str, int, int]],
    prefix: str,
) -> dict[str, Any]:
    """Export one graph with a free batch size and point its weights into the safetensors file."""
    batch = torch.export.Dim("batch", min=1)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, we do not
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net.eval(),
            kwargs=inputs,
            dynamic_shapes={name: {0: batch} for name in inputs},
            input_names=list(inputs),
            output_names=[output],
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _external(model, offsets, prefix)
    onnx.save(model, path)
    return {"file": path.name, "inputs": list(inputs), "outputs": [output]}


def _external(model: Any, offsets: dict[str, tuple[str, int, int]], prefix: str) -> None:
    """Replace each float weight by a half-precision reference into the safetensors file and a
    Cast."""
    casts, kept = [], []
    for old in model.graph.initializer:
        if prefix + old.name not in offsets:
            kept.append(_inline(old))
            continue
        file, offset, length = offsets[prefix + old.name]
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
