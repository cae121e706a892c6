"""The upscaler that ships with unstir: pictures of any kind to four times their size.

    unstir train upscaler --out runs/upscaler     # fetches glyphs by npm and photographs by pip
    unstir upscale photo.jpg -o large.png

A diffusion model of what bicubic resampling leaves out (`codecs/residual.py`), told the small
picture in further channels (Saharia et al. 2021, SR3). It learns from pieces of emoji scenes at
256 px and of photographs. A piece's small picture is the large one's block means, or for half of
the scenes what the emoji model's autoencoder makes of them; half get noise, whose strength the
network is told (noise augmentation: Ho et al. 2022). The network predicts x0: what is missing
is nothing over most of a picture, and the other parametrizations would have it carry 48 channels
of noise through its 48. Figures: its card.
"""

from __future__ import annotations

from unstir.recipes.recipe import Recipe
from unstir.training.settings import Settings

recipe = Recipe(
    name="upscaler",
    title="Pictures to four times their size",
    size=256,
    codec=None,
    network="unet",
    sizes=dict(widths=[48, 80, 112], blocks=1, attention=[], embedding=192, extra=4),
    condition=None,
    schedule=dict(name="flow", shift=1.0),
    parametrization="x0",
    times=(0.0, 1.0),
    coder=None,
    trainer=Settings(
        steps=5_000, batch=16, lr=1e-3, muon_lr=0.02, warmup=200, cooldown=0.5, ema=(0.1,),
        preview_every=1_000,
    ),
    defaults=dict(sampler="dpmpp_2m", steps=3, scale=1.0, spacing="uniform"),
    licences={
        "Fluent Emoji": "MIT, Copyright (c) Microsoft Corporation",
        "photographs of scikit-image": "public domain and CC0",
        "photographs of lomiri-wallpapers": "CC BY 4.0, Aitzol Berasategi, Trevor 'Freespace', "
        "Jakub Mede; CC0, Clemens Engelhardt",
    },
    factor=4,
)  # fmt: skip
