"""The torch runtime: the same model folder, run by the networks it was trained with.

For training machines and GPUs; the same calls as the ONNX graphs, numpy in and numpy out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.networks.control import Control, Controlled
from unstir.networks.unet import UNet

Graph = Callable[..., np.ndarray]


def load_graphs(
    folder: Path, manifest: dict[str, Any], device: str = "cpu", threads: int | None = None
) -> dict[str, Graph]:
    """name of the graph -> function of its inputs in order, numpy float32 in and out."""
    if threads:
        torch.set_num_threads(threads)
    net = _network(folder, manifest["network"], "denoiser", device)
    inputs = manifest["graphs"]["denoiser"]["inputs"]
    graphs = {"denoiser": _function(net, device, inputs)}
    if said := manifest.get("control"):
        control = Control(**said["sizes"])
        _given(control, folder, "control")
        inputs = manifest["graphs"]["controlled"]["inputs"]
        assert isinstance(net, UNet)
        beside = Controlled(net, control).to(device).eval()
        graphs["controlled"] = _function(beside, device, inputs)
    if manifest.get("student"):
        said = manifest["network"]
        entry = {"name": said["name"], "sizes": said["sizes"] | {"leaps": True}}
        student = _network(folder, entry, "student", device)
        graphs["student"] = _function(student, device, manifest["graphs"]["student"]["inputs"])
    if letters := (manifest.get("protein") or {}).get("letters"):
        entry = {"name": "letters", "sizes": letters["sizes"]}
        writer = _network(folder, entry, "letters", device)
        graphs["letters"] = _function(writer, device, manifest["graphs"]["letters"]["inputs"])
    if manifest.get("codec"):
        codec = _network(folder, manifest["codec"], "autoencoder", device)
        assert isinstance(codec, Autoencoder)
        graphs |= {
            "encoder": _function(codec.encoder, device, ["x"]),
            "decoder": _function(codec.decoder, device, ["z"]),
        }
    return graphs


def _network(folder: Path, entry: dict[str, Any], file: str, device: str) -> nn.Module:
    net = build(entry["name"], entry["sizes"])
    _given(net, folder, file)
    return net.to(device).eval()


def _given(net: nn.Module, folder: Path, file: str) -> None:
    weights = load_file(folder / f"{file}.safetensors")
    net.load_state_dict({k: v.float() for k, v in weights.items()}, strict=True)


def _function(net: nn.Module, device: str, names: Sequence[str]) -> Graph:
    def run(*inputs: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            tensors = [torch.tensor(np.asarray(a, np.float32)).to(device) for a in inputs]
            return net(**dict(zip(names, tensors, strict=True))).cpu().numpy()

    return run
