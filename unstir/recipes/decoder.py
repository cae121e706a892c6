"""The emoji model's decoder, taught on what its denoiser makes; encoder and denoiser stay.

    unstir train decoder --out runs/decoder           # of the shipped emoji model, or of --start

A denoiser's latents are a little beside those of real pictures, and a decoder that saw only the
latter draws ragged borders and halos there. So each scene is stirred part of the way and drawn
again by the denoiser, guided as usual; from that, and from the scene's own latent, the decoder
learns to make the scene (objectives/decoding.py). The run's folder is the model's with the new
autoencoder. Figures: `unstir/models/emoji/card.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unstir.codecs.latent import Latent
from unstir.conditions.tokens import Tokens
from unstir.core.find import find
from unstir.core.guidance.cfg import cfg
from unstir.core.noise import gaussian, seeds
from unstir.core.paths import path
from unstir.folders import cache_dir
from unstir.networks.layers import channels_last
from unstir.networks.one_pass import Critic, Rivals
from unstir.objectives.decoding import Decoding
from unstir.recipes import emoji
from unstir.recipes.cache import new_array, stored
from unstir.recipes.pipeline import Pictures, by_one, stages, training_set
from unstir.recipes.recipe import Events, Progress, Recipe, Source
from unstir.runtimes.export import replace_codec
from unstir.runtimes.model import Model, load
from unstir.training import distributed
from unstir.training.data import Dataset
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

SCENES = 16_000
BEGIN = (0.2, 0.6)
"""Times that scenes are stirred to: later ones come back as other pictures."""
STEPS, CHUNK = 3, 16
"""Of the way back, and scenes that take it together."""
FIRST_SEED = 2**41
"""Of the noise that stirs them."""
CRITIC = (24, 48, 96)

recipe = replace(
    emoji.recipe,
    name="decoder",
    title="Emoji scenes from what the denoiser makes",
    coder=None,
    repaints=False,
    trainer=Settings(
        steps=2_000, batch=32, optimizer="adamw", lr=5e-4, betas=(0.5, 0.99), warmup=100,
        cooldown=0.5, weight_decay=0, clip=0, ema=(0.1,),
    ),
)  # fmt: skip


def source() -> emoji.Scenes:
    """The emoji model's own."""
    return emoji.Scenes(cache_dir() / "emoji", SCENES)


def run(recipe: Recipe, source: Source, out: Path, base: Path) -> Events:
    """Teach the decoder of the model in `base` into `out`; the same call goes on after any
    stop."""
    group, cache, settings = (
        distributed.group(recipe.trainer.device),
        out / "cache",
        recipe.trainer,
    )
    codec = yield from stages(recipe, source, out, {"autoencoder": base})
    assert codec is not None
    model = load(base, threads=settings.threads)
    yield from by_one(group, _drawn(model, training_set(recipe, cache), cache / "drawn.npy"))
    net = Rivals(codec.decoder, Critic(12, recipe.size // 2, CRITIC))
    channels_last(net)
    data = Decoded(
        np.load(cache / "drawn.npy", mmap_mode="r"), stored(cache / "latents.npy"),
        Pictures(stored(cache / "pictures.npy")), Latent(**stored(cache / "latent.json")),
    )  # fmt: skip
    objective: Any = Decoding()
    for event in train(net, objective, data, settings, out / "denoiser"):
        yield Progress("decoder", event.step, event.steps, event)
    if group.first:
        net.load_state_dict(export_ema(out / "denoiser", settings.ema[-1]))
        training = {"ema": settings.ema[-1], "settings": settings.to_json()}
        replace_codec(base, out, codec, training)
    yield Progress("done", 1, 1)


def _drawn(model: Model, data: Dataset, file: Path) -> Events:
    """What the denoiser makes of each scene's latent, float16."""
    if file.exists():
        return
    n = len(data)
    with new_array(file, (n, *model.manifest.shape), np.float16) as out:
        for i in range(0, n, CHUNK):
            rows = np.arange(i, min(i + CHUNK, n))
            out[i : i + len(rows)] = drawn(model, data.batch(rows), i)
            yield Progress("drawn", i, n)


def drawn(model: Model, batch: Mapping[str, np.ndarray], first: int) -> np.ndarray:
    """Latents batch["x"] (B, C, h, w), stirred and drawn again by their captions; `first` is the
    number of the first."""
    x, rng = batch["x"], np.random.Generator(np.random.Philox(key=first))
    each = gaussian(seeds(FIRST_SEED + first, len(x)), x.shape[1:])
    levels = path(model.schedule, STEPS, start=float(rng.uniform(*BEGIN)))
    denoise = _guided(model, batch)
    begin = levels[0].alpha * x + levels[0].sigma * each(-1)
    *_, last = find("samplers", "dpmpp_2m")(denoise, begin.astype(np.float32), levels, noise=each)
    return last.x


def _guided(model: Model, batch: Mapping[str, np.ndarray]) -> Any:
    """The model's denoiser as `generate` guides it; captions at the length of its graph."""
    if model.condition is None or "tokens" not in batch:
        return model.denoise()
    states, mask = batch["tokens"], batch["token_mask"]
    lacks = (0, model.condition.length - mask.shape[1])
    told = Tokens(np.pad(states, ((0, 0), lacks, (0, 0))), np.pad(mask, ((0, 0), lacks)))
    return cfg(model.both(told, model.condition.null(1)), model.manifest.defaults["scale"])


class Decoded:
    """Codes and the pictures they should become: first what the denoiser drew, then the
    pictures' own."""

    def __init__(
        self, drawn: np.ndarray, own: np.ndarray, pictures: Pictures, latent: Latent
    ) -> None:
        self.codes, self.pictures, self.latent = (drawn, own), pictures, latent

    def __len__(self) -> int:
        return 2 * len(self.pictures)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        n = len(self.pictures)
        z = np.stack([self.codes[i // n][i % n] for i in indices]).astype(np.float32)
        return {"code": self.latent.restore(z), **self.pictures.batch(indices % n)}
