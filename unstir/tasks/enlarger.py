"""What makes a drawing larger than its model draws it: an upscaler.

enlarge = enlarger("upscaler")
large = enlarge.pixels(native, seed=3)              # (H, W, 3) -> (f H, f W, 3) uint8
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstir.modalities.source import Source
from unstir.runtimes.manifest import read
from unstir.runtimes.model import Runtime
from unstir.runtimes.shelf import folder
from unstir.tasks.enlarge import Enlargement
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.run import Run
from unstir.tasks.upscale import residual_of

NOISE = 0.1
"""How noisy drawings are taken to be, as by `unstir upscale --no-exact --noise 0.1`."""


@dataclass(frozen=True)
class Enlarger:
    """An upscaler, ready to run."""

    ready: Prepared

    @property
    def sha256(self) -> str:
        """Of its model.json."""
        return self.ready.model.manifest.sha256

    def pixels(self, native: np.ndarray, seed: int) -> np.ndarray:
        """The picture (H, W, 3) uint8 times the upscaler's factor, its noise that of `seed`."""
        model, source = self.ready.model, Source("", native, None, None, "")
        residual, tile = residual_of(model.manifest), model.manifest.shape[1:]
        factor, (width, height) = residual.factor, source.size
        job = Enlargement(
            self.ready.way, seed, source, factor, residual, (tile[0], tile[1]), False, NOISE
        )
        recipe = self.ready.recipe(pixels=(factor * width, factor * height))
        return Run(model, job, recipe, 1)[0].native


def enlarger(
    name: str, runtime: Runtime = "onnx", threads: int | None = None, device: str = "cpu",
    compile: bool = False,
) -> Enlarger:  # fmt: skip
    """The upscaler of that name, in 8 bits only if it has such graphs; ValueError where there is
    none."""
    asked: dict[str, Any] = {"n": 1, "seed": 0, "threads": threads, "runtime": runtime}
    asked |= {"device": device, "compile": compile}
    if runtime == "int8" and not read(folder(os.path.expanduser(name))).eight_bits:
        asked["runtime"] = "onnx"
    return Enlarger(prepare(None, "", model=name, kind="upscaler", **asked))
