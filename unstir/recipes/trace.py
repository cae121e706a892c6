"""A branch that lets the emoji model draw along given lines; the model itself stays as it is.

    unstir train trace --out runs/trace               # beside the shipped emoji model
    unstir trace photo.png "a red fox" -o fox.png     # once it is part of the model

The branch (`networks/control.py`) learns on the emoji model's own scenes, each told the edges of
its picture (`modalities/edges.py`): more of them or fewer, thin or as thick as strokes of a pen.
The run's folder is the model's with the branch in it. Figures: `unstir/models/emoji/card.md`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.schedules import from_json
from unstir.folders import cache_dir
from unstir.modalities.edges import edges
from unstir.networks.build import build
from unstir.networks.control import Control, Controlled
from unstir.networks.layers import channels_last
from unstir.networks.unet import UNet
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.recipes import emoji
from unstir.recipes.cache import stored
from unstir.recipes.pipeline import network_sizes, stages, training_set
from unstir.recipes.recipe import Events, Progress, Recipe, Source
from unstir.recipes.start import warm
from unstir.runtimes.export import add_control
from unstir.runtimes.manifest import read
from unstir.training import distributed
from unstir.training.data import Dataset
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

STRENGTHS = (0.08, 0.32)
"""The weakest and the strongest edge that may be the least one of a picture."""
THICK = 0.3
"""Share of the pictures whose lines are three pixels wide and soft."""

recipe = replace(
    emoji.recipe,
    name="trace",
    title="Emoji scenes along given lines",
    coder=None,
    trainer=Settings(
        steps=2_000, batch=64, lr=1e-3, muon_lr=0.02, warmup=100, cooldown=0.5, ema=(0.1,)
    ),
)


def source() -> emoji.Scenes:
    """The emoji model's own."""
    return emoji.Scenes(cache_dir() / "emoji")


def sizes(recipe: Recipe) -> dict[str, Any]:
    """The branch's constructor arguments."""
    net = network_sizes(recipe)
    cell = recipe.size // recipe.shape[-1]
    names = "channels", "widths", "embedding"
    return {**{name: net[name] for name in names}, "cell": cell, "blocks": 2}


def run(recipe: Recipe, source: Source, out: Path, base: Path) -> Events:
    """Train the branch beside the model in `base` into `out`; the same call goes on after any
    stop."""
    if (read(base).network or {}).get("sizes") != network_sizes(recipe):
        raise ValueError(
            f"{base} has another network than the emoji model, beside which the branch is made; "
            "give a model of the recipe emoji as the start"
        )
    begin = {"autoencoder": base, "denoiser": base}
    yield from stages(recipe, source, out, begin)
    unet = warm(build(recipe.network, network_sizes(recipe)), begin, "denoiser")
    assert isinstance(unet, UNet)
    net = Controlled(unet, Control(**sizes(recipe)))
    channels_last(net)
    cache, settings = out / "cache", recipe.trainer
    data = Lined(training_set(recipe, cache), stored(cache / "pictures.npy"))
    times = logit_normal(*recipe.times)
    objective = Denoising(from_json(recipe.schedule), recipe.parametrization, times=times)
    for event in train(net, objective, data, settings, out / "denoiser"):
        yield Progress("denoiser", event.step, event.steps, event)
    if distributed.group(settings.device).first:
        net.load_state_dict(export_ema(out / "denoiser", settings.ema[-1]))
        training = {"ema": settings.ema[-1], "settings": settings.to_json()}
        add_control(base, out, net, {"name": "edges", "sizes": sizes(recipe)}, training)
    yield Progress("done", 1, 1)


class Lined:
    """Samples with the lines of their pictures: a pure function of picture and index."""

    def __init__(self, data: Dataset, pictures: np.ndarray) -> None:
        self.data, self.pictures = data, pictures

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        found = [lines(self.pictures[i], int(i)) for i in indices]
        return self.data.batch(indices) | {"lines": np.stack(found)[:, None]}


def lines(pixels: np.ndarray, index: int) -> np.ndarray:
    """Edges of a picture, (H, W) in [0, 1], as strict and as thick as `index` has it."""
    rng = np.random.Generator(np.random.Philox(key=index))
    low, high = np.log(STRENGTHS)
    found = edges(pixels, float(np.exp(rng.uniform(low, high))))
    return softened(found) if rng.random() < THICK else found


def softened(lines: np.ndarray) -> np.ndarray:
    """Strokes of about three pixels, whose borders are gray."""
    p = np.pad(lines, 1)
    rows = p[:-2] + 2 * p[1:-1] + p[2:]
    return np.minimum((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4, 1)
