"""unstir: diffusion models, proven and small. Diffusion stirs structure into noise; this un-stirs
it.

    import unstir
    unstir.generate("a cat wearing a hat", seed=3)[0].save("cat.png")

Importing it costs nothing: each name below is imported when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""onnxruntime from 1.29 on reports to its maker unless told not to before it is loaded
(microsoft/onnxruntime#27379), and keeps an identifier in the home folder. unstir sends nothing."""

__version__ = "0.1.0"

_LAZY = {
    "generate": "unstir.tasks.generate",
    "inpaint": "unstir.tasks.inpaint",
    "interpolate": "unstir.tasks.interpolate",
    "edit": "unstir.tasks.edit",
    "vary": "unstir.tasks.vary",
    "trace": "unstir.tasks.trace",
    "upscale": "unstir.tasks.upscale",
    "outpaint": "unstir.tasks.outpaint",
    "load": "unstir.runtimes.model",
    "Model": "unstir.runtimes.model",
    "Picture": "unstir.tasks.picture",
}
__all__ = [
    "Model", "Picture", "__version__", "edit", "generate", "inpaint", "interpolate", "load",
    "outpaint", "trace", "upscale", "vary",
]  # fmt: skip

if TYPE_CHECKING:
    from unstir.runtimes.model import Model, load
    from unstir.tasks.edit import edit
    from unstir.tasks.generate import generate
    from unstir.tasks.inpaint import inpaint
    from unstir.tasks.interpolate import interpolate
    from unstir.tasks.outpaint import outpaint
    from unstir.tasks.picture import Picture
    from unstir.tasks.trace import trace
    from unstir.tasks.upscale import upscale
    from unstir.tasks.vary import vary


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'unstir' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
