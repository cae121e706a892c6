"""Latents on unit statistics: the one place where a latent is shifted and scaled.

An autoencoder's raw code has its own mean and deviation in each channel; diffusion wants zero and
one (Rombach et al. 2022, section D.1; Karras et al. 2024, per channel). They are measured once on
training data and stored in the model's `model.json`.

    codec = measure(codes);  z = codec.normalize(code);  code = codec.restore(z)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Latent:
    """Mean and deviation of each channel of a raw code (B, C, *space)."""

    mean: Sequence[float]
    std: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or not all(s > 0 for s in self.std):
            raise ValueError(
                f"latent statistics need one mean and one positive deviation a channel; "
                f"there are {len(self.mean)} means and deviations {list(self.std)}"
            )

    def normalize(self, code: Any) -> Any:
        """Raw code -> the model's space. numpy or torch."""
        return (code - self._like(self.mean, code)) * self._like([1 / s for s in self.std], code)

    def restore(self, z: Any) -> Any:
        """The model's space -> raw code, as the decoder takes it."""
        return z * self._like(self.std, z) + self._like(self.mean, z)

    def _like(self, values: Sequence[float], x: Any) -> Any:
        if x.shape[1] != len(values):
            raise ValueError(f"the code has {x.shape[1]} channels; the statistics {len(values)}")
        column = np.asarray(values, np.float32).reshape(1, -1, *[1] * (x.ndim - 2))
        return column if isinstance(x, np.ndarray) else x.new_tensor(column)


def measure(codes: Iterable[np.ndarray]) -> Latent:
    """Mean and deviation per channel over batches of raw codes (B, C, *space)."""
    count, total, square = 0, 0.0, 0.0
    for code in codes:
        flat = np.moveaxis(np.asarray(code, np.float64), 1, 0).reshape(code.shape[1], -1)
        count, total, square = (
            count + flat.shape[1], total + flat.sum(1), square + (flat**2).sum(1),
        )  # fmt: skip
    if not count:
        raise ValueError("no codes to measure: the data set gave no batch")
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 1e-12))
    return Latent([float(v) for v in np.atleast_1d(mean)], [float(v) for v in np.atleast_1d(std)])
