"""A model's decoder, trained further; encoder, denoiser, student and all else stay as they are.

    unstir train decoder --out runs/decoder                     # of the shipped emoji model
    unstir train decoder --start runs/mine --out runs/sharper   # of a model that was trained here

Codes stay what they are while a decoder goes on learning from pictures of the model's own kind: a
codec that was trained in short need not stay as it was. The run's folder is the model's with the
new decoder. Figures: `unstir/models/emoji/card.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unstir.folders import cache_dir
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.layers import channels_last
from unstir.objectives.autoencoder import Reconstruction
from unstir.recipes import emoji
from unstir.recipes.cache import new_array, stored
from unstir.recipes.pipeline import by_one, encoded, model_space
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.runtimes.export import replace_decoder
from unstir.runtimes.manifest import Manifest, read
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

SCENES = range(200_000, 280_000)
"""Of the emoji model's kind: others than it was trained on."""
CHUNK = 64
trainer = Settings(
    steps=5_000, batch=32, lr=1e-3, muon_lr=0.01, warmup=50, cooldown=0.6, ema=(0.1,)
)


def run(settings: Settings, out: Path, base: Path) -> Events:
    """Train the decoder of the model in `base` into `out`; the same call goes on after a stop."""
    group, cache, said = distributed.group(settings.device), out / "cache", read(base)
    if said.codec is None or said.codec["name"] != "autoencoder":
        raise ValueError(f"{said.name} has no autoencoder whose decoder could be trained")
    cache.mkdir(parents=True, exist_ok=True)
    codec = warm(Autoencoder(**said.codec["sizes"]), {"autoencoder": base}, "autoencoder")
    assert isinstance(codec, Autoencoder)
    yield from by_one(group, _pictures(said, cache / "pictures.npy"))
    pictures = stored(cache / "pictures.npy")
    yield from by_one(group, _codes(codec, pictures, cache / "codes.npy"))
    codec.encoder.requires_grad_(False)
    channels_last(codec)
    objective: Any = Reconstruction()
    data = Coded(pictures, stored(cache / "codes.npy"))
    for event in train(codec, objective, data, settings, out / "decoder"):
        yield Progress("decoder", event.step, event.steps, event)
    if group.first:
        codec.load_state_dict(export_ema(out / "decoder", settings.ema[-1]))
        training = {"ema": settings.ema[-1], "settings": settings.to_json()}
        replace_decoder(base, out, codec, training)
    yield Progress("done", 1, 1)


def _pictures(said: Manifest, file: Path) -> Events:
    """Those that the model was trained on, uint8 (N, H, W, 3): of its run, or of its recipe."""
    if file.exists():
        return
    own = said.folder / "cache" / "pictures.npy"
    if own.is_file():
        file.symlink_to(own.resolve())
    elif said.name == "emoji":
        scenes = emoji.Scenes(cache_dir() / "emoji", SCENES.stop)
        n, side = len(SCENES), scenes.size
        with new_array(file, (n, side, side, 3), np.uint8) as pictures:
            for i, number in enumerate(SCENES):
                pictures[i] = scenes.sample(number)[0]
                if i % CHUNK == 0:
                    yield Progress("pictures", i, n)
    else:
        raise ValueError(
            f"the pictures that {said.name} was trained on are not here: {own} is missing"
        )


def _codes(codec: Autoencoder, pictures: np.ndarray, file: Path) -> Events:
    """Raw codes of the pictures, float16: the encoder does not change."""
    if file.exists():
        return
    n = len(pictures)
    shape = encoded(codec, model_space(pictures[:1])).shape[1:]
    with new_array(file, (n, *shape), np.float16) as codes:
        for i in range(0, n, CHUNK):
            codes[i : i + CHUNK] = encoded(codec, model_space(pictures[i : i + CHUNK]))
            yield Progress("codes", i, n)


class Coded:
    """Pictures in model space and their codes."""

    def __init__(self, pictures: np.ndarray, codes: np.ndarray) -> None:
        self.pictures, self.codes = pictures, codes

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        x, code = self.pictures[indices], self.codes[indices]
        return {"x": model_space(x).numpy(), "code": code.astype(np.float32)}
