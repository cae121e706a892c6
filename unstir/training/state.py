"""What a run must remember: weights, optimizer and averages as named tensors.

A shared (tied) weight is kept once, under its first name. Buffers that the network does not save
(persistent= False) are computed by its constructor and not kept.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unstir.training.checkpoint import Checkpoint, CheckpointError, Tensors
from unstir.training.ema import Ema
from unstir.training.optimizer import Optimizer


def parameters(model: nn.Module) -> dict[str, Tensor]:
    """Trained weights by name, each once."""
    return {n: p for n, p in model.named_parameters() if p.requires_grad}


def persistent(model: nn.Module) -> dict[str, Tensor]:
    """Every tensor of the model's state, each once, under its first name."""
    again = tied(model)
    return {n: t.detach() for n, t in model.state_dict().items() if n not in again}


def tied(model: nn.Module) -> dict[str, str]:
    """Further names of shared tensors -> the name each is kept under."""
    first: dict[int, str] = {}
    names = {name: id(tensor) for name, tensor in model.state_dict(keep_vars=True).items()}
    return {n: first[i] for n, i in names.items() if first.setdefault(i, n) != n}


def gather(model: nn.Module, optimizer: Optimizer, ema: Ema) -> Tensors:
    """All tensors of a run."""
    parts = {"model": persistent(model), "optimizer": optimizer.state(), "ema": ema.state()}
    return {
        part: {n: t.detach().cpu() for n, t in tensors.items()} for part, tensors in parts.items()
    }


@torch.no_grad()
def scatter(saved: Checkpoint, model: nn.Module, optimizer: Optimizer, ema: Ema) -> None:
    """Put a checkpoint's tensors back, in place.

    Raises:
        CheckpointError: it belongs to another model, naming the first tensor that differs.
    """
    own, kept = persistent(model), saved.tensors["model"]
    for name in [*own, *kept]:
        have, want = kept.get(name), own.get(name)
        if have is None or want is None or have.shape != want.shape:
            shapes = [None if t is None else tuple(t.shape) for t in (have, want)]
            raise CheckpointError(
                f"{saved.path} is of another model: {name} is {shapes[0]}, not {shapes[1]}; "
                "train the same model, or into a new folder"
            )
    for name, tensor in own.items():
        tensor.copy_(kept[name])
    try:
        optimizer.load(saved.tensors["optimizer"])
        ema.load(saved.tensors["ema"])
    except KeyError as error:
        raise CheckpointError(
            f"{saved.path} has another optimizer for {error}: the weights were divided otherwise; "
            "go on with the version that wrote it, or train into a new folder"
        ) from error
