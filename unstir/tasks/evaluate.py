"""How good are these pictures? A model or a folder against real ones, in a named feature space.

    *_, report = evaluate("emoji", against="emoji", n=1000)
    for score in report.scores: print(score.name, score.value, score.low, score.high)

The metrics are the files of unstir/evaluation (docs/evaluation.md); the floor beside them is what
one half of the real pictures scores against the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from unstir.core.find import NotFound, find, names
from unstir.folders import cache_dir
from unstir.modalities.image_folder import BadFolder
from unstir.runtimes.features import features as feature_space
from unstir.runtimes.manifest import BadModel
from unstir.runtimes.model import Model, load
from unstir.runtimes.shelf import shelf
from unstir.tasks import process
from unstir.tasks.comparison import Caption, Plan, Progress, Report, compare
from unstir.tasks.gallery import (
    SETS,
    Drawn,
    Gallery,
    first_of,
    opened,
    prompts_of,
    read_prompts,
    whole_folder,
)  # fmt: skip
from unstir.tasks.generate import untaught
from unstir.tasks.prepared import Prepared
from unstir.tasks.request import MOST_SEED, BadRequest, whole, words
from unstir.tasks.subject import Subject

DRAWN = 1000
"""Pictures a model draws where no number is asked for."""
MOST = 1_000_000
Make = Callable[[list[Caption]], Gallery]
"""The generated pictures, once the captions of the reference are known."""
FIRST = ("frechet", "kernel", "precision_recall", "density_coverage", "copies")
"""The order of rows; other metrics follow by name."""


def evaluate(
    what: str,
    *,
    against: str,
    n: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    sampler: str | None = None,
    scale: float | None = None,
    spacing: str | None = None,
    prompts: str | Path | None = None,
    split: str | None = None,
    training: str | None = None,
    most: int = 5000,
    features: str = "efficientnet-lite0",
    metrics: str | None = None,
    by_group: bool = False,
    real_floor: bool = True,
    cache: bool = True,
    threads: int | None = None,
) -> Iterator[Progress | Report]:
    """Compare pictures with real ones.

    Args:
        what: A model, which then draws, or a folder of pictures.
        against: Real pictures: a folder, or a data set (emoji, digits).
        n: How many pictures: a model draws 1,000 without it, of a folder all are taken.
        seed: Of what is drawn (picture i has SEED + i), of the choice among files, and of
            the intervals.
        steps: Budget of calls of the denoiser for each picture.
        sampler: How the model walks from noise to picture.
        scale: Strength of the guidance.
        spacing: How the steps are spread: tuned or uniform, to compare them; or karras, ...
        prompts: File with a prompt on each line; else the captions of the reference.
        split: Part of the reference: heldout, train, or another folder inside.
        training: What the model was trained on, for the copy check: a folder or a data
            set; a data set as the reference brings its own.
        most: Pictures that are taken of the reference and of the training set at most; copies
            of others are not found.
        features: The space to compare in: efficientnet-lite0, or FILE.onnx of your own.
        metrics: Some of them, with commas between: frechet, kernel, precision_recall,
            density_coverage, copies.
        by_group: Also for each class, prompt or kind of scene by itself.
        real_floor: Also compare one half of the reference with the other.
        cache: Keep features in the cache folder.
        threads: Threads to compute with.
    """
    settings = {name: _plain(value) for name, value in locals().items()}
    _check_numbers(seed, most, n, threads)
    chosen = _metrics(metrics, training)
    listed = None if prompts is None else read_prompts(prompts)
    space = feature_space(os.path.expanduser(features), threads)
    asked = {"steps": steps, "sampler": sampler, "scale": scale, "spacing": spacing}
    side, more, notes, making = _generated(what, n, seed, listed, threads, asked)
    real = opened(against, most=most, split=split, size=side, seed=seed)
    learned = _training(against, training, chosen, metrics, most, side, seed)
    store = cache_dir() / "features" if cache else None
    parts = space, real, making(real), learned, chosen, by_group, real_floor, seed, store
    return compare(Plan(*parts, settings | more, notes))


def _check_numbers(seed: int, most: int, n: int | None, threads: int | None) -> None:
    whole("seed", seed, 0, MOST_SEED - MOST)
    whole("most", most, 1, MOST)
    for name, value, highest in (("n", n, MOST), ("threads", threads, 1024)):
        if value is not None:
            whole(name, value, 1, highest)


def _generated(
    what: str, count: int | None, seed: int, listed: list[Caption] | None, threads: int | None,
    asked: dict[str, Any],
) -> tuple[int, dict[str, Any], list[str], Callable[[Gallery], Make]]:  # fmt: skip
    """Pixels of the shorter side, how they are drawn, what is to be told of that, and what makes
    them, given the reference."""
    if _is_folder(what):
        given = [name for name, value in {**asked, "prompts": listed}.items() if value is not None]
        if given:
            raise BadRequest(
                f"{what} is a folder of pictures: nothing is drawn, so no --{given[0]}"
            )
        pictures = whole_folder(what, most=count or MOST, seed=seed)
        return 64, {}, [], lambda real: lambda captions: pictures
    model, n = _loaded(what, threads), count or DRAWN
    way = process.resolve(model, **asked, taught=True)
    ready = Prepared(model, way, Subject(None, ""), seed, what, threads)
    few = asked["sampler"] is None and asked["steps"] is not None
    notes = untaught(ready, (asked["spacing"], asked["scale"], None, "cfg")) if few else ()
    said = _walked(model, way) | {"n": n}
    side = min(model.manifest.size)
    return side, said, list(notes), lambda real: _drawn(model, way, listed, real, n, seed)


def _loaded(what: str, threads: int | None) -> Model:
    """The model; where there is none of the name, a folder of pictures would do as well."""
    place = Path(os.path.expanduser(what))
    if place.is_file():
        raise BadFolder(f"{what} is a file; give the folder that it is in, or a model")
    try:
        return load(str(place), threads=threads)
    except (NotFound, BadModel) as error:
        if place.exists() or what in shelf():
            raise
        raise type(error)(f"{what} is no folder of pictures, and {error}") from None


def _walked(model: Model, way: process.Process) -> dict[str, Any]:
    """What draws, and how."""
    said = {"steps": way.steps, "sampler": way.name, "scale": way.scale, "spacing": way.spacing}
    return said | {"model_sha256": model.manifest.sha256}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _drawn(
    model: Model, way: process.Process, listed: list[Caption] | None, real: Gallery, n: int,
    seed: int,
) -> Make:  # fmt: skip
    name = model.manifest.name
    if model.condition is None and listed is not None:
        raise BadRequest(f"{name} takes no prompt: it draws without one; leave --prompts out")
    if model.condition is not None and listed is None and not real.captioned:
        unused = f" ({first_of(real.unused)})" if real.unused else ""
        raise BadRequest(
            f"{name} draws what it is told, and {real.name} has no captions{unused}; "
            "give a file with a prompt on each line: --prompts FILE"
        )
    return lambda captions: Drawn(model, way, prompts_of(model, listed or captions, n), seed)


def _metrics(asked: str | None, training: str | None) -> list[str]:
    there = names("evaluation")
    if asked is None:
        return sorted(there, key=lambda name: (*FIRST, name).index(name))
    listed = words("metrics", asked).split(",")
    chosen = list(dict.fromkeys(name.strip() for name in listed if name.strip()))
    for name in chosen:
        find("evaluation", name)
    if not chosen:
        raise BadRequest(f"metrics is {asked!r}; there are: {', '.join(there)}")
    if training is not None and "copies" not in chosen:
        raise BadRequest(
            f"only copies looks at training pictures, and metrics is {asked!r}; leave --training "
            "out, or name copies too"
        )
    return chosen


def _is_folder(what: str) -> bool:
    """Whether it is a folder of pictures, not a model or the run of one."""
    place = Path(os.path.expanduser(what))
    models = [place / "model.json", place / "model" / "model.json"]
    if not place.is_dir() or any(m.is_file() for m in models) or what in shelf():
        return False
    if (place / "cache" / "conditions.json").is_file() or (place / "denoiser").is_dir():
        raise BadRequest(f"{what} is a run that has no model yet; train it to its end first")
    return True


def _training(
    against: str, asked: str | None, chosen: list[str], metrics: str | None, most: int,
    side: int, seed: int,
) -> Gallery | None:  # fmt: skip
    """The training pictures, where the copy check is asked for and they can be had."""
    if "copies" not in chosen:
        return None
    if asked is not None or against in SETS:
        return opened(asked or against, most=most, split="train", size=side, seed=seed)
    if metrics is not None:
        raise BadRequest(
            "copies needs the pictures the model was trained on: --training FOLDER or a data set"
        )
    return None
