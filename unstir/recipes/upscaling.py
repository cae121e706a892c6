"""From pictures to an upscaler's model folder: large scenes and photographs -> pieces -> denoiser.

Stages and resuming are those of `pipeline`; what differs is what a sample is: a piece of a large
picture beside the small one (see `crops`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unstir.codecs.residual import Residual, enlarge, shrink
from unstir.core.find import find
from unstir.core.noise import gaussian
from unstir.core.parametrizations import denoiser
from unstir.core.paths import path
from unstir.core.schedules import from_json
from unstir.datasets import emoji, photos
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, to_model, write
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.recipes.cache import new_array
from unstir.recipes.crops import SIDE, Crops
from unstir.recipes.pipeline import by_one, network_sizes
from unstir.recipes.recipe import Events, Progress, Recipe
from unstir.recipes.start import warm
from unstir.runtimes import export
from unstir.runtimes.model import load
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.snapshots import export_ema

SCENES, CHUNK, MEASURED, SHOWN = 2_000, 50, 512, 6


def run(recipe: Recipe, out: Path, start: Mapping[str, Path] | None = None) -> Events:
    """Train into the folder `out`; the same call goes on after any stop."""
    group, cache = distributed.group(recipe.trainer.device), out / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _scenes(cache, recipe.size, recipe.factor))
    data = _crops(recipe, cache)
    net = warm(build(recipe.network, network_sizes(recipe)), start or {}, "denoiser")
    channels_last(net)
    times = logit_normal(*recipe.times)
    objective = Denoising(from_json(recipe.schedule), recipe.parametrization, times=times)
    show = preview(recipe, data, out / "samples")
    for event in train(net, objective, data, recipe.trainer, out / "denoiser", preview=show):
        yield Progress("denoiser", event.step, event.steps, event)
    if group.first:
        width = recipe.trainer.ema[-1]
        net.load_state_dict(export_ema(out / "denoiser", width))
        export.write(out, _manifest(recipe, data.residual, width), net, None)
    yield Progress("done", 1, 1)


def _scenes(cache: Path, size: int, factor: int) -> Events:
    """Emoji scenes at full size, and what the emoji model's autoencoder makes of small ones."""
    if (cache / "soft.npy").exists():
        return
    glyphs, codec = emoji.load(cache_dir() / "emoji", size), load("emoji")
    small = size // factor
    with new_array(cache / "scenes.npy", (SCENES, size, size, 3), np.uint8) as large:
        for i in range(SCENES):
            large[i] = emoji.scene(glyphs, i, size=size).image
            if i % CHUNK == 0:
                yield Progress("pictures", i, SCENES)
    scenes = np.load(cache / "scenes.npy", mmap_mode="r")
    with new_array(cache / "soft.npy", (SCENES, small, small, 3), np.uint8) as soft:
        for i in range(0, SCENES, CHUNK):
            x = shrink(to_model(scenes[i : i + CHUNK]), factor)
            soft[i : i + CHUNK] = from_model(codec.decode(codec.encode(x)))
            yield Progress("latents", i, SCENES)


def _crops(recipe: Recipe, cache: Path) -> Crops:
    """All pieces, with the deviation of the first of them."""
    large, soft = (np.load(cache / f"{name}.npy", mmap_mode="r") for name in ("scenes", "soft"))
    taken = list(photos.load(cache_dir() / "photos").values())
    plain = Crops(large, soft, taken, Residual(recipe.factor, 1.0))
    std = float(plain.batch(np.arange(MEASURED))["x"].std())
    return Crops(large, soft, taken, Residual(recipe.factor, std))


def preview(recipe: Recipe, data: Crops, folder: Path) -> Any:
    """What `train` calls with the averaged network: small, enlarged, drawn and real pieces."""

    def draw(net: nn.Module, step: int) -> Path:
        pieces = [data.piece(i) for i in range(SHOWN)]
        high, low, told = (np.stack(part) for part in zip(*pieces, strict=True))
        extra = torch.from_numpy(told)
        device = next(net.parameters()).device

        def out(x: np.ndarray, t: Any) -> np.ndarray:
            time = torch.full((len(x),), t.t, device=device)
            return (
                net(torch.from_numpy(x).to(device), time, None, None, extra.to(device))
                .cpu()
                .numpy()
            )

        denoise = denoiser(out, recipe.parametrization)
        said, shape = recipe.defaults, (recipe.shape[0], SIDE, SIDE)
        noise, levels = (
            gaussian(range(SHOWN), shape),
            path(from_json(recipe.schedule), said["steps"]),
        )
        x = levels[0].sigma * noise(-1)
        for state in find("samplers", said["sampler"])(denoise, x, levels, noise=noise):
            x = state.x
        clear = low[:, :3]
        rows = [enlarge(clear, recipe.factor), data.residual.restore(x, clear), high]
        place = folder / f"{step:06d}.png"
        folder.mkdir(parents=True, exist_ok=True)
        write(place, np.concatenate([np.concatenate(list(from_model(row)), 1) for row in rows]))
        return place

    return draw


def _manifest(recipe: Recipe, residual: Residual, width: float) -> dict[str, Any]:
    return {
        "kind": "upscaler",
        "name": recipe.name,
        "title": recipe.title,
        "network": {"name": recipe.network, "sizes": network_sizes(recipe)},
        "codec": None,
        "condition": None,
        "upscale": {"factor": residual.factor, "std": residual.std},
        "schedule": recipe.schedule,
        "parametrization": recipe.parametrization,
        "shape": list(recipe.shape),
        "size": [recipe.size, recipe.size],
        "defaults": recipe.defaults,
        "licences": recipe.licences,
        "aliases": {},
        "training": {"ema": width, "settings": recipe.trainer.to_json()},
    }
