"""Begin from weights that exist: a shipped model is a better start than noise for a similar
task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
ENTRY = "enter.weight"
"""The layer that further channels of a denoiser come in by."""


def warm(net: Net, start: Mapping[str, Path], part: str) -> Net:
    """Give `net` the weights of `part` ("denoiser" or "autoencoder") from the model folder
    start[part], if any."""
    if part not in start:
        return net
    path = start[part] / f"{part}.safetensors"
    if not path.is_file():
        raise ValueError(f"{start[part]} has no {path.name} to start from; leave out the start")
    weights = {k: v.float() for k, v in load_file(path).items()}
    own = {k: tuple(v.shape) for k, v in net.state_dict().items()}
    weights = _idle(net, weights) | getattr(net, "adapted", dict)(weights)
    if ENTRY in own and ENTRY in weights:
        weights[ENTRY] = _widened(weights[ENTRY], own[ENTRY])
    given = {k: tuple(v.shape) for k, v in weights.items()}
    if own != given:
        names = sorted(k for k in own.keys() | given.keys() if own.get(k) != given.get(k))
        raise ValueError(
            f"{path} is of another network ({len(names)} tensors differ, first {names[0]!r}); "
            "start from a model with the same sizes"
        )
    net.load_state_dict(weights)
    return net


def _idle(net: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The net's own weights of its parts that begin as nothing, where the given network has none
    of that part."""
    parts = [name + "." for name in getattr(net, "idle", ())]
    new = tuple(part for part in parts if not any(k.startswith(part) for k in weights))
    return {k: v for k, v in net.state_dict().items() if new and k.startswith(new)}


def _widened(weight: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Zeros for input channels that the given network did not have: they change nothing yet."""
    more = shape[1] - weight.shape[1]
    if more <= 0 or weight.shape[0] != shape[0] or weight.shape[2:] != shape[2:]:
        return weight
    return torch.cat([weight, weight.new_zeros(shape[0], more, *shape[2:])], 1)
