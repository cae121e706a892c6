"""Train a recipe, or a model of a person's own pictures, into a folder that `generate --model`
takes.

    for progress in train("pictures/", out=Path("runs/mine")):
        print(progress.stage, progress.done, progress.total)

The same call goes on where an earlier one stopped. What a recipe is: recipes/recipe.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unstir.core.find import named
from unstir.recipes import NAMES
from unstir.recipes.recipe import Progress
from unstir.tasks.request import BadRequest, number, whole
from unstir.training.settings import instead

_OURS = {"cache", "codec", "denoiser", "model.json"}
"""What a run leaves first in its folder; another folder with files in it is not ours to fill."""


def train(
    what: str,
    *,
    out: Path,
    steps: int | None = None,
    minutes: float | None = None,
    codec_steps: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    muon_lr: float | None = None,
    seed: int | None = None,
    figures: int | None = None,
    start: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    dtype: str | None = None,
    compile: bool = False,
) -> Iterator[Progress]:
    """Train a recipe, or a model of your own pictures.

    Args:
        what: A recipe (decoder, digits, emoji, molecules, molecules-h, proteins, smiles,
            trace, upscaler), or a folder of pictures: captioned by metadata.jsonl or .txt files,
            sorted into class folders, or neither.
        out: Folder of the run, and of the model when it is done. The same command goes on
            after a stop.
        steps: Steps of the denoiser's training (of the recipe decoder: the decoder's); without
            it, what suits recipe and data.
        minutes: A time budget instead of steps.
        codec_steps: Steps of the autoencoder's training; 0 keeps that of --start as it is.
        batch: Samples of one step.
        lr: Peak learning rate of AdamW.
        muon_lr: Peak learning rate of Muon.
        seed: Of data order, noise and dropout.
        figures: Samples to measure at each preview (kernel distance, precision, recall),
            into log.jsonl; 256 say something.
        start: A model whose weights to begin from, or for decoder and trace, to be part of.
        device: cpu, cuda, ...
        threads: Threads to compute with.
        dtype: bfloat16 computes in it where it is safe; for GPUs that have it.
        compile: Let torch compile the networks.
    """
    if find_spec("torch") is None:
        raise ImportError("training needs torch: pip install 'unstir[train]'")
    _check_length(steps, minutes)
    _check_settings(
        steps=steps, codec_steps=codec_steps or None, batch=batch, lr=lr, muon_lr=muon_lr,
        seed=seed, figures=figures, threads=threads, dtype=dtype, device=device,
    )  # fmt: skip
    _check_what(what)
    check_out(out)
    from unstir.recipes import Changes, run

    changes = Changes(
        steps=steps, minutes=minutes, codec_steps=codec_steps, batch=batch, lr=lr,
        muon_lr=muon_lr, seed=seed, figures=figures, threads=threads, device=device,
        dtype=dtype, compile=compile or None,
    )  # fmt: skip
    return run(what, out, changes, start)


def _check_length(steps: int | None, minutes: float | None) -> None:
    if steps is not None and minutes is not None:
        raise BadRequest("steps and minutes both say how long to train; give one of them")
    if minutes is not None:
        number("minutes", minutes, 0.01, 1e6)


def _check_settings(figures: int | None, device: str | None, **given: Any) -> None:
    if figures:
        whole("figures", figures, 16, 100_000)
    if device is not None:
        import_module("unstir.networks.device").device_of(device)
    for name, value in given.items():
        better = value is not None and instead(name.removeprefix("codec_"), value)
        if better:
            raise BadRequest(f"{name} is {value!r}; give {better}")


def _check_what(what: str) -> None:
    """A word that is neither a recipe nor anything on the disk is a slip of the pen."""
    if os.sep not in what and not os.path.exists(what):
        named(dict.fromkeys(NAMES), what, "recipes, and no such folder here")


def check_out(out: Path) -> None:
    """A run needs a folder that is new, or that of an earlier run."""
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file; a run needs a folder")
    inside = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if inside and not inside & _OURS:
        raise BadRequest(f"{out} holds other files; give a new folder, or one of an earlier run")
    nearest = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise PermissionError(f"nothing can be written in {nearest}; give another --out")
