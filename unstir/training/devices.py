"""Where the work is done: device, threads, autocast; and how much work a sample is."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from unstir.training.settings import Settings


def prepare(settings: Settings, local: int = 0) -> torch.device:
    """The device of this process; sets torch's threads where the settings name a number."""
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    device = torch.device(settings.device)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("device is 'cuda', but torch sees none here; use device='cpu'")
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
    with FlopCounterMode(display=False) as counter:
        result = step(*inputs)
        loss: Tensor = result["loss"] if isinstance(result, dict) else result
        loss.backward()
    step.zero_grad(set_to_none=True)
    step.train(training)
    return float(counter.get_total_flops())


def environment(device: torch.device) -> dict[str, object]:
    """What the last bit of a result may depend on."""
    return {
        "torch": torch.__version__,
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
