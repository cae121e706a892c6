"""Where the work is done: device, threads, autocast; and how much work a sample is."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, shape_wrapper

from unstir.networks.device import device_of
from unstir.training.settings import Settings


def prepare(settings: Settings, local: int = 0) -> torch.device:
    """The device of this process; sets torch's threads where the settings name a number."""
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    device = device_of(settings.device)
    if device.type == "cuda":
        device = torch.device("cuda", local if device.index is None else device.index)
        torch.cuda.set_device(device)
    return device


def autocast(settings: Settings, device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision where the settings ask for it."""
    if settings.dtype is None:
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, settings.dtype))


def work(step: nn.Module, *inputs: object) -> float:
    """Floating-point operations of loss and gradient (multiply and add are two), by doing them."""
    training = step.training
    step.eval()
    with Counter() as counter:
        result = step(*inputs)
        loss: Tensor = result["loss"] if isinstance(result, dict) else result
        loss.backward()
    step.zero_grad(set_to_none=True)
    step.train(training)
    return float(counter.total)


class Counter(TorchDispatchMode):
    """Adds up the operations of what runs inside it, by torch's own table. Its own counter also
    follows modules, whose hooks refuse gradients of gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        packet: Any = getattr(func, "_overloadpacket", None)
        formula = ATTENTION.get(packet) or flop_registry.get(packet)
        if formula is not None:
            self.total += int(formula(*args, **kwargs, out_val=out))
        return out


def _attention(q: torch.Size, k: torch.Size, *_: object, **__: object) -> int:
    return 2 * 2 * math.prod(q) * k[-2]


def _attention_backward(
    _: torch.Size, q: torch.Size, k: torch.Size, *__: object, **___: object
) -> int:
    return (
        5 * 2 * math.prod(q) * k[-2]
    )  # the scores again, and a product for each of four gradients


_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
ATTENTION = {
    _flash: shape_wrapper(_attention),
    _flash_backward: shape_wrapper(_attention_backward),
}
"""Attention on CPUs, which torch's counter leaves out."""


def environment(device: torch.device) -> dict[str, object]:
    """What the last bit of a result may depend on."""
    return {
        "torch": torch.__version__,
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
