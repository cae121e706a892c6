"""Sample grids while a denoiser trains: the same seeds and conditions each time, so that progress
can be seen.

The grid of step 1000 is `samples/001000.png` in the run's folder; conditions.txt beside it names
its cells.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unstir.codecs.latent import Latent
from unstir.codecs.seen import nothing
from unstir.conditions.tokens import Condition
from unstir.core.find import find
from unstir.core.guidance.cfg import cfg
from unstir.core.levels import Both, Level
from unstir.core.noise import gaussian
from unstir.core.parametrizations import denoiser, highest
from unstir.core.paths import path
from unstir.core.schedules import from_json
from unstir.modalities.images import from_model, write
from unstir.networks.autoencoder import Autoencoder
from unstir.recipes.recipe import Recipe

SIDE = 4
"""The grid has SIDE x SIDE samples."""


def preview(
    recipe: Recipe, codec: Autoencoder | None, condition: Condition | None, out: Path
) -> Callable[[nn.Module, int], Path]:
    """What `train` calls with the averaged network: it draws the grid and returns its path."""
    folder = out / "samples"
    tokens = _tokens(condition, out, folder)

    def draw(net: nn.Module, step: int) -> Path:
        device = next(net.parameters()).device
        x = sample(recipe, net, [None if t is None else t.to(device) for t in tokens], device)
        pixels = from_model(decode(codec, x, out).cpu().numpy())
        place = folder / f"{step:06d}.png"
        folder.mkdir(parents=True, exist_ok=True)
        write(place, grid(pixels))
        return place

    return draw


def sample(
    recipe: Recipe,
    net: nn.Module,
    tokens: list[Any],
    device: torch.device | str,
    seeds: Sequence[int] = range(SIDE * SIDE),
) -> torch.Tensor:
    """Samples of these seeds in model space with the recipe's default sampler, steps and
    guidance."""
    said = recipe.defaults
    run = find("samplers", said["sampler"])
    steps = sys.modules[run.__module__].COST.steps_for(said["steps"])
    noise = gaussian(seeds, recipe.shape, to=lambda a: torch.from_numpy(a).to(device))
    schedule = from_json(recipe.schedule)
    levels = path(schedule, steps, start=highest(recipe.parametrization, schedule))
    x = levels[0].sigma * noise(-1)
    for step in run(cfg(_both(recipe, net, tokens), said["scale"]), x, levels, noise=noise):
        x = step.x
    return x


def _both(recipe: Recipe, net: nn.Module, tokens: list[Any]) -> Both[torch.Tensor]:
    hidden = torch.from_numpy(nothing(recipe.shape)) if recipe.repaints else None

    def raw(x: torch.Tensor, t: Level, with_condition: bool) -> torch.Tensor:
        states, mask = tokens
        given = (None, None) if states is None else (states, mask * float(with_condition))
        extra = None if hidden is None else hidden.to(x).expand(len(x), -1, -1, -1)
        return net(x, torch.full((len(x),), t.t, device=x.device), *given, extra)

    pos = denoiser(lambda x, t: raw(x, t, True), recipe.parametrization)
    neg = denoiser(lambda x, t: raw(x, t, False), recipe.parametrization)
    return lambda x, t: (pos(x, t), neg(x, t))


def grid(pixels: np.ndarray) -> np.ndarray:
    """(SIDE^2, H, W, 3) -> one picture (SIDE * H, SIDE * W, 3)."""
    _, h, w, c = pixels.shape
    rows = pixels.reshape(SIDE, SIDE, h, w, c).transpose(0, 2, 1, 3, 4)
    return rows.reshape(SIDE * h, SIDE * w, c)


def _tokens(condition: Condition | None, out: Path, folder: Path) -> list[Any]:
    """The tokens of the first different conditions of the training set."""
    if condition is None:
        return [None, None]
    raw = json.loads((out / "cache" / "conditions.json").read_text())
    different = list(dict.fromkeys(raw))[: SIDE * SIDE]
    chosen = [different[i % len(different)] for i in range(SIDE * SIDE)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conditions.txt").write_text("\n".join(map(str, chosen)) + "\n", encoding="utf-8")
    tokens = condition.encode(chosen)
    return [torch.from_numpy(tokens.states), torch.from_numpy(tokens.mask)]


def decode(codec: Autoencoder | None, x: torch.Tensor, out: Path) -> torch.Tensor:
    """Model space -> pictures in [-1, 1]."""
    if codec is None:
        return x
    statistics = json.loads((out / "cache" / "latent.json").read_text())
    return codec.to(x.device).decode(Latent(**statistics).restore(x))
