"""Teach a student of a model, that draws in a few steps what the model draws in many.

    for progress in distill("emoji", out=Path("runs/student")):
        print(progress.stage, progress.done, progress.total)

The same call goes on where an earlier one stopped. How: recipes/student.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unstir.core.find import named
from unstir.folders import cache_dir
from unstir.recipes.recipe import Progress
from unstir.runtimes.manifest import Manifest, read
from unstir.runtimes.shelf import folder
from unstir.tasks.gallery import read_prompts
from unstir.tasks.request import BadRequest, whole
from unstir.tasks.train import check_out

CAPTIONS = 6_000
"""Scenes of the emoji model's own whose captions are drawn."""


def distill(
    model: str = "emoji",
    *,
    out: Path,
    objective: str = "trajectory",
    ways: int | None = None,
    steps: int | None = None,
    refine: int | None = None,
    further: bool = False,
    prompts: Path | None = None,
    seed: int | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> Iterator[Progress]:
    """Teach a student of a model, that draws in 1, 2 or 4 steps.

    Args:
        model: Name of a model, or its folder; it becomes the teacher.
        out: Folder of the run, and of the model with its student when it is done. The same
            command goes on after a stop.
        objective: What the student learns by: trajectory (steps of the teacher's ways), flow_map
            or consistency (whole ways; docs/speed.md).
        ways: How many of the teacher's ways from noise to picture the student sees.
        steps: Steps of the student's training; 0 with --further, for a student to be refined.
        refine: Steps in which then what it draws becomes distributed as what the model draws; 0
            leaves that out.
        further: Go on with the student that the model has; give another seed, for other ways.
        prompts: A text file with a prompt in each line, of the kind that the student is to draw;
            a model that was trained here brings those it was trained on.
        seed: Of the ways and of the training's order.
        threads: Threads to compute with.
        device: cpu, cuda, ...
    """
    if find_spec("torch") is None:
        raise ImportError("training needs torch: pip install 'unstir[train]'")
    _check_settings(ways, steps, refine, further, threads, device)
    base = folder(os.path.expanduser(model)).resolve()
    manifest = read(base)
    if manifest.kind != "image":
        raise BadRequest(f"{model} draws no pictures from noise; only such models are distilled")
    check_out(out)
    if out.resolve() == base:
        raise BadRequest(f"--out is the folder of {model} itself; give another one")
    from unstir.recipes.student import LEARNS, REFINER, TRAINER, Lesson, run

    named(LEARNS, objective, "objectives of students")
    asked = _prompts(manifest, prompts)
    given: dict[str, Any] = {"seed": seed, "threads": threads, "device": device}
    changes = {name: value for name, value in given.items() if value is not None}
    trainings = [
        None if count == 0 else replace(usual, steps=count or usual.steps, **changes)
        for usual, count in ((TRAINER, steps), (REFINER, refine))
    ]
    lesson = Lesson(
        objective=objective, further=further, trainer=trainings[0], refiner=trainings[1]
    )
    lesson = replace(lesson, ways=ways or lesson.ways)
    return run(lesson, asked[: lesson.ways], out, base)


def _check_settings(
    ways: int | None, steps: int | None, refine: int | None, further: bool, threads: int | None,
    device: str | None,
) -> None:  # fmt: skip
    if steps == 0 and not (further and refine != 0):
        raise BadRequest(
            "--steps 0 leaves only refining: give --further with it, and no --refine 0"
        )
    for name, value, least in (("ways", ways, 1), ("steps", steps, 0), ("refine", refine, 0)):
        if value is not None:
            whole(name, value, least, 10**8)
    if threads is not None:
        whole("threads", threads, 1, 1024)
    if device is not None:
        import_module("unstir.networks.device").device_of(device)


def _prompts(manifest: Manifest, file: Path | None) -> list[str]:
    """What the ways show: those of the file, of the run that made the model, or of the recipe."""
    said = manifest.condition
    if said is None:
        return []
    if file is not None:
        return [caption for caption, _ in read_prompts(file)]
    if said["name"] == "labels":
        return list(said["classes"])
    own = manifest.folder / "cache" / "conditions.json"
    if own.is_file():
        from unstir.recipes.cache import stored

        return list(dict.fromkeys(stored(own)))
    if manifest.name == "emoji":
        from unstir.recipes.emoji import Scenes

        scenes = Scenes(cache_dir() / "emoji", CAPTIONS, size=16)
        return list(dict.fromkeys(scenes.sample(i)[1] for i in range(CAPTIONS)))
    raise BadRequest(
        f"what {manifest.name} was trained on is not here; give a file with a prompt on each "
        "line: --prompts FILE"
    )
