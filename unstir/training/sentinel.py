"""Finds where a number stopped being finite: which step, which sample, which module.

Watching every activation would cost every step. A step that went wrong is instead run once more,
on the same batch and the same noise, with a hook on every module: this costs nothing until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class NotFinite(RuntimeError):
    """NaN or infinity too many times in a row. Exit code 4."""

    exit_code = 4


def finite(value: Any) -> bool:
    """True unless a floating tensor within `value` holds NaN or infinity."""
    if isinstance(value, Tensor):
        return not value.is_floating_point() or bool(torch.isfinite(value).all())
    if isinstance(value, Mapping):
        return all(finite(v) for v in value.values())
    return all(finite(v) for v in value) if isinstance(value, (tuple, list)) else True


def bad_weight(tensors: Mapping[str, Tensor]) -> str | None:
    """The first tensor that is not finite."""
    return next((name for name, t in tensors.items() if not finite(t)), None)


def bad_sample(batch: Mapping[str, Tensor], indices: np.ndarray) -> str | None:
    """The first sample of a batch that is not finite."""
    for name, field in batch.items():
        if not finite(field):
            good = torch.isfinite(field.reshape(len(field), -1)).all(1)
            return f"field {name!r} of sample {indices[int(good.int().argmin())]} of the data"
    return None


def bad_module(model: nn.Module, run: Callable[[], Any]) -> str | None:
    """The first module whose output is not finite while `run` is run."""
    found: list[str] = []

    def watch(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not found and not finite(output):
                found.append(f"the output of {name} ({type(module).__name__})")

        return hook

    hooks = [m.register_forward_hook(watch(n or "the model")) for n, m in model.named_modules()]
    try:
        with torch.no_grad():
            result = run()
    finally:
        for hook in hooks:
            hook.remove()
    if not found and not finite(result):
        return "the loss, from finite outputs of every module,"
    return found[0] if found else None


def bad_gradient(weights: Mapping[str, Tensor]) -> str | None:
    """The parameter nearest to the loss (the last one) whose gradient is not finite."""
    wrong = [n for n, p in weights.items() if p.grad is not None and not finite(p.grad)]
    return f"the gradient of {wrong[-1]}" if wrong else None
