"""Figures while a denoiser trains: at each preview, so many samples against real pictures.

A line of RUN/denoiser/log.jsonl: {"step": 1000, "figures": {"features": "efficientnet-lite0-224",
"n": 256, "kernel": [value, low, high], "precision": [...], "recall": [...]}}

Samples and real pictures are the same number, with the same conditions, drawn by lot once from
the training set; the seeds are the same each time, so that what changes is the network. The
metrics are those that mean something at a few hundred samples (docs/evaluation.md); being
measured against pictures that were learned from, they cannot tell learning from copying: `unstir
evaluate` can.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unstir.conditions.tokens import Condition
from unstir.core.find import find
from unstir.evaluation import Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import from_model
from unstir.networks.autoencoder import Autoencoder
from unstir.recipes.preview import decode, sample
from unstir.recipes.recipe import Recipe
from unstir.runtimes.features import Space, features

METRICS = ("kernel", "precision_recall")
SPACE = "efficientnet-lite0"
GROUP = 64
"""Samples that are drawn together."""


@dataclass(frozen=True)
class Shown:
    """What a preview made: a grid of samples, and figures for the log."""

    path: Path
    figures: dict[str, Any]


def with_figures(
    show: Callable[[nn.Module, int], Path],
    recipe: Recipe,
    codec: Autoencoder | None,
    condition: Condition | None,
    out: Path,
) -> Callable[[nn.Module, int], Shown]:
    """`show`, and then figures of `recipe.figures` samples."""

    @cache
    def real() -> tuple[Space, np.ndarray, list[int]]:
        space = features(SPACE, recipe.trainer.threads)
        pictures = np.load(out / "cache" / "pictures.npy", mmap_mode="r")
        lot = np.random.default_rng(recipe.trainer.seed).permutation(len(pictures))
        rows = sorted(int(row) for row in lot[: recipe.figures])
        known = cache_dir() / "features"  # a run that goes on has them
        return space, _features(space, [np.asarray(pictures[row]) for row in rows], known), rows

    def draw(net: nn.Module, step: int) -> Shown:
        space, reference, rows = real()
        made: list[np.ndarray] = []
        for first in range(0, len(rows), GROUP):
            part = rows[first : first + GROUP]
            device = next(net.parameters()).device
            tokens = _tokens(condition, out, part, device)
            x = sample(recipe, net, tokens, device, range(first, first + len(part)))
            made.extend(from_model(decode(codec, x, out).cpu().numpy()))
        sets = Sets(_features(space, made, None), reference)
        scores = [score for name in METRICS for score in find("evaluation", name)(sets)]
        said = {score.name: [score.value, score.low, score.high] for score in scores}
        figures = {"features": space.name, "n": len(rows), **said}
        return Shown(show(net, step), figures)

    return draw


def _features(space: Space, pictures: list[np.ndarray], known: Path | None) -> np.ndarray:
    return np.concatenate([part.values for part in extracted(space, pictures, known)])


def _tokens(
    condition: Condition | None, out: Path, rows: list[int], device: torch.device
) -> list[Any]:
    if condition is None:
        return [None, None]
    raw = json.loads((out / "cache" / "conditions.json").read_text())
    tokens = condition.encode([raw[row] for row in rows])
    return [torch.from_numpy(part).to(device) for part in (tokens.states, tokens.mask)]
