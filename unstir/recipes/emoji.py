"""The emoji text-to-image model that ships with unstir: 64 px pictures from 8 x 8 x 16 latents.

    unstir train emoji --out runs/emoji     # fetches the glyphs by npm, then trains all stages
    unstir train emoji --out runs/emoji     # the same command goes on where it stopped

Data: captioned scenes of Fluent Emoji 3D glyphs (docs/data.md). Text by the pretrained MiniLM
token states. The shipped model came about in more stretches than this recipe has, later ones on
scenes of other numbers (`Scenes(..., first=300_000)`; docs/log.md); its figures:
`unstir/models/emoji/card.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from unstir.datasets import emoji
from unstir.recipes.recipe import Recipe
from unstir.training.settings import Settings

SCENES = 100_000
LAST = 400_000
"""The number that the scenes of the shipped model's last stretch began at."""
LAST_SHARES = {"single": 0.16, "wearing": 0.16, "relation": 0.46, "count": 0.06, "holding": 0.16}
"""Their kinds: even more of two things."""

recipe = Recipe(
    name="emoji",
    title="Emoji scenes from text, 64 px",
    size=64,
    codec=dict(latent=16, widths=[32, 96, 128], encoder=[1, 1, 2], decoder=[1, 2, 3]),
    network="unet",
    sizes=dict(widths=[128, 128], blocks=2, attention=[0, 1], embedding=256),
    condition=dict(name="text", encoder="minilm", length=32, width=384),
    schedule=dict(name="flow", shift=1.0),
    parametrization="flow",
    times=(0.4, 1.0),
    repaints=True,
    coder=Settings(
        steps=1_700, batch=32, lr=2e-3, muon_lr=0.02, warmup=100, cooldown=0.4, ema=(0.1,)
    ),
    trainer=Settings(
        steps=10_000, batch=64, lr=1e-3, muon_lr=0.02, warmup=200, cooldown=0.4, preview_every=800
    ),
    defaults=dict(sampler="dpmpp_2m", steps=8, scale=3.0, spacing="uniform", enlarge="upscaler"),
    licences={
        "Fluent Emoji": "MIT, Copyright (c) Microsoft Corporation",
        "emojibase-data": "MIT, Copyright (c) Miles Johnson",
        "all-MiniLM-L6-v2": "Apache-2.0",
    },
)


class Scenes:
    """Composed scenes by index, from number `first` on; a pure function of the glyphs, the split
    and the seed."""

    def __init__(
        self, root: Path, count: int = SCENES, size: int = 64, split: str = "train",
        first: int = 0, shares: Mapping[str, float] = emoji.SHARES,
    ) -> None:  # fmt: skip
        self.glyphs, self.count, self.size, self.split = emoji.load(root), count, size, split
        self.first, self.shares = first, dict(shares)

    def __len__(self) -> int:
        return self.count

    @property
    def fingerprint(self) -> str:
        begin = f", from {self.first}" if self.first else ""
        return f"emoji, {self.split}, {self.size} px, {self.shares}{begin}"

    def sample(self, index: int, /) -> tuple[np.ndarray, str]:
        number = self.first + index
        scene = emoji.scene(
            self.glyphs, number, size=self.size, split=self.split, shares=self.shares
        )
        return scene.image, scene.caption
