"""Recipes: one file for each model this project trains, and `folder` for a person's own pictures.

    for progress in run("digits", Path("runs/digits")):
        print(progress.stage, progress.done, progress.total)

A recipe is a name (a file here) or a folder of pictures. No torch is imported until `run` begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unstir.recipes.recipe import Events, Recipe, Source
    from unstir.training.settings import Settings

NAMES = (
    "decoder", "digits", "emoji", "molecules", "molecules-h", "proteins", "smiles", "trace",
    "upscaler",
)  # fmt: skip
WORLDS = {
    "molecules": ("atoms", "recipe"),
    "molecules-h": ("atoms", "whole"),
    "proteins": ("proteins", "recipe"),
    "smiles": ("smiles", "recipe"),
}
"""What is no picture: the file of its recipe, and what it is called there."""
BOTH = ("threads", "device", "dtype", "compile")
OWN = ("batch", "lr", "muon_lr", "seed")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a person may change of a recipe; None leaves it as it is.

    Args:
        steps: optimizer steps of the denoiser.
        minutes: a time budget for the denoiser instead; it becomes a number of steps once.
        codec_steps: optimizer steps of the autoencoder; 0 keeps the one it begins from as it is.
        batch, lr, muon_lr, seed: of the denoiser's training.
        figures: samples that are measured at each preview of the denoiser.
        threads, device, dtype, compile: where and how both trainings run (see `Settings`).
    """

    steps: int | None = None
    minutes: float | None = None
    codec_steps: int | None = None
    batch: int | None = None
    lr: float | None = None
    muon_lr: float | None = None
    seed: int | None = None
    figures: int | None = None
    threads: int | None = None
    device: str | None = None
    dtype: str | None = None
    compile: bool | None = None


def run(what: str, out: Path, changes: Changes | None = None, start: str | None = None) -> Events:
    """Train the recipe or folder `what` into `out`; the same call goes on after any stop.

    `start` names a model whose weights to begin from. Raises ValueError for an unknown recipe, a
    folder without pictures, or settings that a run in `out` was not begun with.
    """
    from unstir.recipes.recipe import Progress
    from unstir.runtimes.shelf import folder as find_model

    if what == "upscaler":
        return _run_upscaler(out, changes or Changes(), start)
    if what in WORLDS:
        return _run_world(what, out, changes or Changes(), start)
    if what == "trace":
        return _run_trace(out, changes or Changes(), start or "emoji")
    if what == "decoder":
        return _run_decoder(out, changes or Changes(), start or "emoji")
    if Path(what).is_dir() and out.resolve().is_relative_to(Path(what).resolve()):
        raise ValueError(
            f"--out {out} lies in the folder of the pictures, where what the run draws would be "
            "learned from; give a folder beside it"
        )
    recipe, source, begin, report = _open(what)
    recipe = changed(recipe, changes or Changes())
    if start:
        begin = {part: find_model(start) for part in ("autoencoder", "denoiser")}
    from unstir.recipes.pipeline import run as pipeline

    told = [Progress("pictures", 0, len(source), report)] if report else []
    return chain(told, pipeline(recipe, source, out, begin))


def _run_upscaler(out: Path, changes: Changes, start: str | None) -> Events:
    from unstir.recipes import upscaler, upscaling
    from unstir.runtimes.shelf import folder as find_model

    begin = {"denoiser": find_model(start)} if start else {}
    return upscaling.run(changed(upscaler.recipe, changes), out, begin)


def _run_world(what: str, out: Path, changes: Changes, start: str | None) -> Events:
    from unstir.runtimes.shelf import folder as find_model

    if changes.codec_steps or changes.figures:
        raise ValueError(f"a model of {what} has no autoencoder and no figures of pictures")
    file, called = WORLDS[what]
    module: Any = import_module(f"unstir.recipes.{file}")
    recipe = getattr(module, called)
    recipe = replace(recipe, trainer=trained(recipe.trainer, changes))
    return module.run(recipe, out, find_model(start) if start else None)


def _run_trace(out: Path, changes: Changes, start: str) -> Events:
    from unstir.recipes import trace
    from unstir.runtimes.shelf import folder as find_model

    if changes.codec_steps or changes.figures:
        raise ValueError("a branch for lines leaves the autoencoder alone and measures nothing")
    base = _beside(out, find_model(start))
    return trace.run(changed(trace.recipe, changes), trace.source(), out, base)


def _run_decoder(out: Path, changes: Changes, start: str) -> Events:
    from unstir.recipes import decoder
    from unstir.runtimes.shelf import folder as find_model

    if changes.codec_steps or changes.figures:
        raise ValueError("a decoder is trained alone: give its --steps, and no --figures")
    return decoder.run(trained(decoder.TRAINER, changes), out, _beside(out, find_model(start)))


def _beside(out: Path, base: Path) -> Path:
    """The model that one is made from, which must stay as it is."""
    if out.resolve() == base.resolve():
        raise ValueError(f"--out is the folder of the model {base} itself; give another one")
    return base


def changed(recipe: Recipe, changes: Changes) -> Recipe:
    """The recipe with a person's numbers in it."""
    coder = None if changes.codec_steps == 0 else recipe.coder
    if coder is not None:
        steps = {} if changes.codec_steps is None else {"steps": changes.codec_steps}
        coder = replace(coder, **_given(changes, BOTH), **steps)
    trainer = trained(recipe.trainer, changes)
    figures = recipe.figures if changes.figures is None else changes.figures
    return replace(recipe, coder=coder, trainer=trainer, figures=figures)


def trained(settings: Settings, changes: Changes) -> Settings:
    """The settings of the denoiser's training, with a person's numbers in them."""
    own = _given(changes, BOTH + OWN)
    if changes.steps is not None and changes.minutes is not None:
        raise ValueError("steps and minutes both say how long to train; give one of them")
    if changes.steps is not None:
        own |= {"steps": changes.steps, "budget": None}
    if changes.minutes is not None:
        own |= {"steps": None, "budget": 60 * changes.minutes}
    return replace(settings, **own)


def _given(changes: Changes, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(changes, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _open(what: str) -> tuple[Recipe, Source, dict[str, Path], str]:
    """(recipe, source, where its parts begin from, what to tell of the source) of a recipe's name
    or a folder of pictures."""
    if what == "digits":
        from unstir.recipes import digits

        return digits.recipe, digits.Digits(), {}, ""
    if what == "emoji":
        from unstir.folders import cache_dir
        from unstir.recipes import emoji

        return emoji.recipe, emoji.Scenes(cache_dir() / "emoji"), {}, ""
    if Path(what).is_dir():
        from unstir.recipes import folder

        recipe, pictures, begin = folder.open_folder(Path(what))
        return recipe, pictures, begin, pictures.folder.report()
    raise ValueError(
        f"no recipe and no folder {what!r}; recipes are: {', '.join(NAMES)}; "
        "or give a folder of pictures"
    )
