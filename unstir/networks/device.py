"""Where networks run."""

from __future__ import annotations

import torch

from unstir.core.find import NotFound


def device_of(name: str) -> torch.device:
    """The device of a name; NotFound where torch knows none, ValueError where none that computes
    is here."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise NotFound(
            f"device is {name!r}, which torch does not know; give cpu or cuda"
        ) from None
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, ImportError):  # as what torch misses has it
        raise ValueError(f"device is {name!r}, but torch sees none here; give cpu") from None
    return device
