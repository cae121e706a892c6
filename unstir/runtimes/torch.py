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
from unstir.networks.device import device_of
from unstir.networks.unet import UNet

Graph = Callable[..., np.ndarray]
_COMPILING = ("torch._dynamo.exc", "torch._inductor.exc")
"""Where the errors of compiling are from; they have no public name."""


def load_graphs(
    folder: Path,
    manifest: dict[str, Any],
    device: str = "cpu",
    threads: int | None = None,
    compile: bool = False,
) -> dict[str, Graph]:
    """name of the graph -> function of its inputs in order, numpy float32 in and out. Compiled
    networks are compiled when they are first called."""
    if threads:
        torch.set_num_threads(threads)
    place, graphs = device_of(device), {}
    for name, net in networks(folder, manifest).items():
        if compile:
            net.compile()
        graphs[name] = _function(net.to(place), place, manifest["graphs"][name]["inputs"])
    return graphs


def networks(folder: Path, manifest: dict[str, Any]) -> dict[str, nn.Module]:
    """The network behind each graph, with its weights."""
    said = manifest["network"]
    net = _network(folder, said, "denoiser")
    nets = {"denoiser": net}
    if branch := manifest.get("control"):
        control = Control(**branch["sizes"])
        _given(control, folder, "control")
        assert isinstance(net, UNet)
        nets["controlled"] = Controlled(net, control).eval()
    if manifest.get("student"):
        entry = {"name": said["name"], "sizes": said["sizes"] | {"leaps": True}}
        nets["student"] = _network(folder, entry, "student")
    if letters := (manifest.get("protein") or {}).get("letters"):
        nets["letters"] = _network(folder, {"name": "letters"} | letters, "letters")
    if manifest.get("codec"):
        codec = _network(folder, manifest["codec"], "autoencoder")
        assert isinstance(codec, Autoencoder)
        nets |= {"encoder": codec.encoder, "decoder": codec.decoder}
    return nets


def _network(folder: Path, entry: dict[str, Any], file: str) -> nn.Module:
    net = build(entry["name"], entry["sizes"])
    _given(net, folder, file)
    return net.eval()


def _given(net: nn.Module, folder: Path, file: str) -> None:
    weights = load_file(folder / f"{file}.safetensors")
    net.load_state_dict({k: v.float() for k, v in weights.items()}, strict=True)


def _function(net: nn.Module, device: torch.device, names: Sequence[str]) -> Graph:
    def run(*inputs: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            tensors = [torch.tensor(np.asarray(a, np.float32)).to(device) for a in inputs]
            try:
                return net(**dict(zip(names, tensors, strict=True))).cpu().numpy()
            except RuntimeError as error:
                if type(error).__module__ not in _COMPILING:
                    raise
                why = str(error).strip().partition("\n")[0]
                raise OSError(
                    f"torch cannot compile here ({why}); install what it misses, as a C++ "
                    "compiler, or leave compile out"
                ) from error

    return run
