"""Networks that make a sample in one pass, beside the denoisers: those of GANs and VAEs.

    generator = Generator(channels=3, side=32, latent=64, widths=(48, 96))
    x = generator(z, tokens, token_mask)              # z (B, latent) -> (B, channels, side, side)
    d = Critic(channels=3, side=32, widths=(48, 96))(x, tokens, token_mask)         # (B,)
    net = Variational(channels=3, side=32, latent=64, widths=(48, 96))
    mean, logvar = net.encode(x, tokens, token_mask);  x = net.decode(z, tokens, token_mask)

They are built of the U-Net's own layers, so that what a comparison finds is not the layers' doing.
z enters twice: as the coarsest grid, and as what scales and shifts every block (AdaGN; as styles
do in Karras et al. 2019). The condition adds to the latter, and to the critic by projection
(Miyato & Koyama 2018). No layer looks across the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from unstir.networks.layers import ResBlock, TokenEmbedding, conv, norm


class Pooled(nn.Module):
    """Tokens (B, L, D) and their mask -> one vector (B, width); none -> zeros."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.embed = TokenEmbedding(tokens, width) if tokens else None

    def forward(self, tokens: Tensor | None, mask: Tensor | None) -> Tensor | float:
        if self.embed is None or tokens is None or mask is None:
            return 0.0
        return self.embed(tokens, mask)[2]


class Generator(nn.Module):
    """z (B, latent) -> x (B, channels, side, side); see the module's docstring.

    Args:
        widths: channels of each level, finest first; each next level has half the resolution.
        blocks: residual blocks of a level.
        tokens: width of the condition's token states; 0 for none.
    """

    outer = ("enter", "leave")

    def __init__(
        self, channels: int, side: int, latent: int = 64, widths: Sequence[int] = (32, 64),
        blocks: int = 1, tokens: int = 0, embedding: int = 64,
    ) -> None:  # fmt: skip
        super().__init__()
        self.start, width = coarsest(side, widths), widths[-1]
        self.enter = nn.Linear(latent, width * self.start**2)
        self.style = nn.Sequential(
            nn.Linear(latent, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.condition = Pooled(tokens, embedding)
        self.levels, self.up = nn.ModuleList(), nn.ModuleList()
        for at in reversed(widths):
            given = [width, *[at] * (blocks - 1)]
            self.levels.append(nn.ModuleList(ResBlock(c, at, embedding, 2) for c in given))
            width = at
        self.up.extend(conv(2, w, w) for w in reversed(widths[1:]))
        self.leave = nn.Sequential(norm(width), nn.SiLU(), conv(2, width, channels))

    def forward(
        self, z: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> Tensor:
        h = self.enter(z).reshape(len(z), -1, self.start, self.start)
        style = F.silu(self.style(z) + self.condition(tokens, token_mask))[..., None, None]
        for number, blocks in enumerate(self.levels):
            if number:
                h = self.up[number - 1](F.interpolate(h, scale_factor=2.0, mode="nearest"))
            for block in blocks:  # type: ignore[union-attr]
                h = block(h, style)
        return self.leave(h)


class Trunk(nn.Module):
    """x (B, channels, side, side) -> features (B, width), the generator's mirror image."""

    outer = ("enter", "leave")

    def __init__(
        self, channels: int, side: int, widths: Sequence[int], blocks: int, out: int
    ) -> None:
        super().__init__()
        width = widths[0]
        self.enter = conv(2, channels, width)
        layers: list[nn.Module] = []
        for level, at in enumerate(widths):
            layers += [ResBlock(c, at, 0, 2) for c in [width, *[at] * (blocks - 1)]]
            if level + 1 < len(widths):
                layers.append(conv(2, at, at, stride=2))
            width = at
        self.layers = nn.Sequential(*layers)
        self.leave = nn.Linear(width * coarsest(side, widths) ** 2, out)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(F.silu(self.layers(self.enter(x))).flatten(1))


class Critic(nn.Module):
    """How real each x is, (B,), without bounds; see the module's docstring."""

    outer = Trunk.outer

    def __init__(
        self, channels: int, side: int, widths: Sequence[int] = (32, 64), blocks: int = 1,
        tokens: int = 0, embedding: int = 64,
    ) -> None:  # fmt: skip
        super().__init__()
        self.trunk = Trunk(channels, side, widths, blocks, embedding)
        self.condition = Pooled(tokens, embedding)
        self.score = nn.Linear(embedding, 1)

    def forward(
        self, x: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> Tensor:
        f = self.trunk(x)
        told = self.condition(tokens, token_mask)
        return self.score(F.silu(f))[:, 0] + (told * f).sum(1) / f.shape[1] ** 0.5


class Rivals(nn.Module):
    """A generator and its critic, trained together (objectives/gan.py)."""

    outer = Trunk.outer

    def __init__(self, generator: nn.Module, critic: nn.Module) -> None:
        super().__init__()
        self.generator, self.critic = generator, critic

    def forward(self, z: Tensor, *condition: Tensor | None) -> Tensor:
        return self.generator(z, *condition)


class Variational(nn.Module):
    """An encoder to a Gaussian over z (B, latent), and a generator back."""

    outer = Trunk.outer

    def __init__(
        self, channels: int, side: int, latent: int = 64, widths: Sequence[int] = (32, 64),
        blocks: int = 1, tokens: int = 0, embedding: int = 64,
    ) -> None:  # fmt: skip
        super().__init__()
        self.trunk = Trunk(channels, side, widths, blocks, embedding)
        self.condition = Pooled(tokens, embedding)
        self.moments = nn.Linear(embedding, 2 * latent)
        self.generator = Generator(channels, side, latent, widths, blocks, tokens, embedding)

    def encode(self, x: Tensor, *condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), (B, latent) each."""
        told = self.condition(*condition) if condition else 0.0
        mean, logvar = self.moments(F.silu(self.trunk(x) + told)).chunk(2, 1)
        return mean, logvar.clamp(-12, 4)

    def decode(self, z: Tensor, *condition: Tensor | None) -> Tensor:
        """The mean of p(x | z)."""
        return self.generator(z, *condition)

    def forward(self, z: Tensor, *condition: Tensor | None) -> Tensor:
        return self.decode(z, *condition)


def coarsest(side: int, widths: Sequence[int]) -> int:
    """Side of the last level's grid."""
    step = 2 ** (len(widths) - 1)
    if side % step:
        raise ValueError(f"side {side} does not divide by {step}: {len(widths)} levels halve it")
    return side // step
