"""The training signal of a decoder that must make pictures of what a denoiser makes.

    x' = decode(z + s eps),  s ~ U(0, noise)
    loss = |x' - x| + gradients + mean square + fooling * (game of x' and x)

The code z is not the picture's own but comes from a denoiser that was begun at a noisy version of
it, so it has that network's faults, and x is what it should have become. Where z leaves open what
x was, the mean of all answers is a blur; the critic of a GAN (objectives/gan.py) asks for one of
them (Esser et al. 2021, VQGAN). Each game is that of a picture with its own original.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from unstir.networks.one_pass import Rivals
from unstir.objectives.autoencoder import slopes
from unstir.objectives.gan import play


@dataclass(frozen=True)
class Decoding:
    """objective(model, batch, rng): batch["code"] (B, C, h, w) raw codes, batch["x"] (B, 3, H, W)
    pictures in [-1, 1]; the model's generator decodes.

    Args:
        noise: largest deviation of what disturbs the code besides.
        gradient, square: weights of the terms, as in objectives/autoencoder.py.
        fooling: weight of the game for the decoder.
        penalty: gamma of the critic's gradient penalties.
        patch: side of the blocks whose pixels are channels to the critic.
    """

    noise: float = 0.2
    gradient: float = 1.0
    square: float = 2.0
    fooling: float = 0.02
    penalty: float = 1.0
    patch: int = 2

    def __call__(self, model: Rivals, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x, z = batch["x"], batch["code"]
        s = self.noise * rng.uniform(len(z)).reshape(-1, 1, 1, 1)
        made = model.generator(z + s * rng.normal(z.shape))
        difference = made - x
        parts = {
            "absolute": difference.abs().mean(),
            "gradient": slopes(difference),
            "square": difference.square().mean(),
        }
        real, shown = (F.pixel_unshuffle(y, self.patch) for y in (x, made))
        game = play(model.critic, real, shown)
        loss = (
            parts["absolute"]
            + self.gradient * parts["gradient"]
            + self.square * parts["square"]
            + self.fooling * game["generator"]
            + game["critic"]
            + self.penalty / 2 * game["steepness"]
        )
        return {"loss": loss, **parts, **game}
