"""What a recipe is: the frozen values from which a model is trained. No code, no logic: see
`pipeline` for that.

A recipe's module holds one value named `recipe` and its expected figures in the docstring; a
variant is `replace(recipe, ...)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from unstir.training.settings import Settings


class Source(Protocol):
    """Pictures to learn from: index-addressed, so that the order of training is a pure
    function."""

    def __len__(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Another text where any picture or condition is another."""
        ...

    def sample(self, index: int, /) -> tuple[np.ndarray, Any]:
        """A picture, uint8 (H, W, 3), and its caption (str) or label (int); None where there is
        none."""
        ...


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run.

    Args:
        name, title: of the model.
        size: side of the pictures, in pixels.
        codec: sizes of the autoencoder; None trains the denoiser on pixels.
        network, sizes: which denoiser, and its constructor's arguments beyond channels and tokens.
        condition: as in `model.json`; None for a model without.
        schedule, parametrization: of the forward process.
        times: mean and deviation of the logit-normal training times.
        coder, trainer: settings of the two trainings.
        defaults: sampler, steps, scale and spacing that `generate` uses.
        licences: of the data, by name.
        weight: of the loss at each level, a row of core/weights.py.
        uncertain: learn besides how much each level counts (objectives/denoising.Uncertain).
        figures: samples that are measured at each preview (see `figures`); 0 = none.
        factor: how many times larger an upscaler makes a picture; 1 for other models.
        repaints: the network is told pictures around holes (see `masks`), and draws from nothing
            where all is hidden.
    """

    name: str
    title: str
    size: int
    codec: dict[str, Any] | None
    network: str
    sizes: dict[str, Any]
    condition: dict[str, Any] | None
    schedule: dict[str, Any]
    parametrization: str
    times: tuple[float, float]
    coder: Settings | None
    trainer: Settings
    defaults: dict[str, Any]
    licences: dict[str, str] = field(default_factory=dict)
    weight: str = "uniform"
    uncertain: bool = False
    figures: int = 0
    factor: int = 1
    repaints: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the space the denoiser works in."""
        if self.codec is None:
            side = self.size // self.factor
            return (3 * self.factor**2, side, side)
        side = self.size >> len(self.codec["widths"])
        return (self.codec["latent"], side, side)


@dataclass(frozen=True)
class Progress:
    """What a running recipe tells: the stage, how far it is, and the trainer's event if there is
    one."""

    stage: str
    done: int
    total: int
    event: Any = None


Events = Iterator[Progress]
