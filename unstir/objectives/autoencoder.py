"""Training signal of the autoencoder of latent diffusion: reconstruct, from a code that was
disturbed.

    z = encode(x);  x' = decode(z + s eps),  s ~ U(0, noise)
    loss = |x' - x| + gradients + mean square + moments

Noise on the code makes neighbors decode to neighbors, which is what a denoiser needs (a VAE of
fixed variance; Kingma & Welling 2014; noise-robust codes as in Yang et al. 2025, l-DeTok).
`moments` holds each channel at zero mean and unit variance over the batch, KL(N(m, v) || N(0,
1)), so that the noise has a meaning and cannot be outgrown. The gradient term compares
neighboring differences and keeps edges sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor


class Coder(Protocol):
    """A network with two halves."""

    def encode(self, x: Tensor, /) -> Tensor: ...

    def decode(self, z: Tensor, /) -> Tensor: ...


@dataclass(frozen=True)
class Reconstruction:
    """objective(model, batch, rng): batch["x"] is (B, C, H, W) in [-1, 1]."""

    noise: float = 0.2
    gradient: float = 1.0
    square: float = 2.0
    moments: float = 0.01

    def __call__(self, model: Coder, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x = batch["x"]
        z = model.encode(x)
        s = self.noise * rng.uniform(x.shape[0]).reshape(-1, 1, 1, 1)
        difference = model.decode(z + s * rng.normal(z.shape)) - x
        mean, var = z.mean((0, 2, 3)), z.var((0, 2, 3))
        parts = {
            "absolute": difference.abs().mean(),
            "gradient": slopes(difference),
            "square": difference.square().mean(),
            "moments": 0.5 * (mean.square() + var - 1 - var.log()).mean(),
        }
        loss = (
            parts["absolute"]
            + self.gradient * parts["gradient"]
            + self.square * parts["square"]
            + self.moments * parts["moments"]
        )
        return {"loss": loss, **parts}


def slopes(x: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical neighbors."""
    across, along = x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]
    return 0.5 * (across.abs().mean() + along.abs().mean())
