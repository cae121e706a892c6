"""The torch runtime: the same model folder, run by the networks it was trained with.

For training machines and GPUs; the same calls as the ONNX graphs, numpy in and numpy out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build

Graph = Callable[..., np.ndarray]


def load_graphs(
    folder: Path, manifest: dict[str, Any], device: str = "cpu", threads: int | None = None
) -> dict[str, Graph]:
    """name of the graph -> function of its inputs in order, numpy float32 in and out."""
    if threads:
        torch.set_num_threads(threads)
    net = _network(folder, manifest["network"], "denoiser", device)
    graphs = {"denoiser": _function(net, device)}
    if manifest.get("codec"):
        codec = _network(folder, manifest["codec"], "autoencoder", device)
        assert isinstance(codec, Autoencoder)
        graphs |= {
            "encoder": _function(codec.encoder, device),
            "decoder": _function(codec.decoder, device),
        }
    return graphs


def _network(folder: Path, entry: dict[str, Any], file: str, device: str) -> nn.Module:
    net = build(entry["name"], entry["sizes"])
    weights = load_file(folder / f"{file}.safetensors")
    net.load_state_dict({k: v.float() for k, v in weights.items()}, strict=True)
    return net.to(device).eval()


def _function(net: nn.Module, device: str) -> Graph:
    def run(*inputs: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            tensors = [torch.tensor(np.asarray(a, np.float32)) for a in inputs]
            return net(*(a.to(device) for a in tensors)).cpu().numpy()

    return run
