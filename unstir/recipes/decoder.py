"""A model's decoder, trained further; encoder, denoiser, student and all else stay as they are.

    unstir train decoder --out runs/decoder                     # of the shipped emoji model
    unstir train decoder --start runs/mine --out runs/sharper   # of a model that was trained here

Codes stay what they are while a decoder goes on learning from pictures of the model's own kind: a
codec that was trained in short need not stay as it was. The run's folder is the model's with the
new decoder. Figures: `unstir/models/emoji/card.md`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from unstir.folders import cache_dir
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.layers import channels_last
from unstir.objectives.autoencoder import Reconstruction
from unstir.recipes import emoji
from unstir.recipes.cache import new_array, stored
from unstir.recipes.pipeline import Pictures, by_one
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.runtimes.export import replace_decoder
from unstir.runtimes.manifest import Manifest, read, sha256_of
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

SCENES = range(200_000, 280_000)
"""Numbers of the scenes that the emoji model's decoder learns from."""
CHUNK = 64
TRAINER = Settings(
    steps=5_000, batch=32, lr=1e-3, muon_lr=0.01, warmup=50, cooldown=0.6, ema=(0.1,)
)


def run(settings: Settings, out: Path, base: Path) -> Events:
    """Train the decoder of the model in `base` into `out`; the same call goes on after a stop."""
    group, cache, said = distributed.group(settings.device), out / "cache", read(base)
    if said.codec is None or said.codec["name"] != "autoencoder":
        raise ValueError(f"{said.name} has no autoencoder whose decoder could be trained")
    cache.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _begun(said, cache))
    pictures = stored(_place(said, cache))
    if pictures.shape[1:3] != tuple(said.size):
        raise ValueError(
            f"the pictures of {said.name} are {pictures.shape[1:3]} and it draws {said.size}"
        )
    codec = warm(Autoencoder(**said.codec["sizes"]), {"autoencoder": base}, "autoencoder")
    codec.encoder.requires_grad_(False)
    channels_last(codec)
    objective: Any = Reconstruction()
    for event in train(codec, objective, Pictures(pictures), settings, out / "decoder"):
        yield Progress("decoder", event.step, event.steps, event)
    if group.first:
        codec.load_state_dict(export_ema(out / "decoder", settings.ema[-1]))
        training = {
            "start": sha256_of(base / "model.json"), "ema": settings.ema[-1],
            "settings": settings.to_json(), "before": said.codec.get("decoder"),
        }  # fmt: skip
        replace_decoder(base, out, codec, training)
    yield Progress("done", 1, 1)


def _begun(said: Manifest, cache: Path) -> Events:
    """What the run needs in its cache: which model it began from, its captions, and scenes where
    no run has kept pictures."""
    mark, model = cache / "model.sha256", sha256_of(said.folder / "model.json")
    if any(cache.iterdir()) and (mark.read_text() if mark.exists() else "") != model:
        raise ValueError(f"the run in {cache.parent} is of another model; give another --out")
    mark.write_text(model)
    captions = said.folder / "cache" / "conditions.json"
    if captions.is_file():  # which a student of this model will be asked
        shutil.copyfile(captions, cache / captions.name)
    if _place(said, cache).exists():
        return
    scenes = emoji.Scenes(cache_dir() / "emoji", SCENES.stop, size=said.size[0])
    with new_array(cache / "pictures.npy", (len(SCENES), *said.size, 3), np.uint8) as pictures:
        for i, number in enumerate(SCENES):
            pictures[i] = scenes.sample(number)[0]
            if i % CHUNK == 0:
                yield Progress("pictures", i, len(SCENES))


def _place(said: Manifest, cache: Path) -> Path:
    """Where the pictures are that it learns from, uint8 (N, H, W, 3): in the run that trained the
    model, or new scenes in this one."""
    own = said.folder / "cache" / "pictures.npy"
    if own.is_file():
        return own
    if said.name != "emoji":
        raise ValueError(
            f"the pictures that {said.name} was trained on are not here ({own} is missing); give "
            "the folder of the run that trained it as the start"
        )
    return cache / "pictures.npy"
