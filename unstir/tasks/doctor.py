"""Is everything all right here? A list of checks, each with a way out where it failed.

for check in doctor(): print(check.ok, check.name, check.found)
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from unstir import threads
from unstir.folders import cache_dir, config_dir, data_dir
from unstir.tasks.generate import generate
from unstir.tasks.models import models
from unstir.tasks.picture import Picture
from unstir.tasks.recipe import versions


@dataclass(frozen=True)
class Check:
    """One thing looked at; `ok` is None where it is only told."""

    name: str
    found: str
    ok: bool | None = None
    way_out: str = ""


def doctor() -> list[Check]:
    """Check that everything works here."""
    return [*_machine(), *_packages(), *_folders(), *_models(), _picture()]


def _machine() -> Iterator[Check]:
    yield Check("system", f"{platform.system()} {platform.machine()}")
    share = threads.quota()
    quota = "no quota" if share is None else f"quota {share:g}"
    counts = f"{os.cpu_count()} CPUs, {threads.affinity()} usable, {quota}"
    yield Check("threads", f"{threads.default_threads()} ({counts})")
    free = shutil.disk_usage(Path.cwd()).free
    yield Check(
        "disk", f"{free / 2**30:.1f} GB free here", free > 100 * 2**20, "make room on this disk"
    )


def _packages() -> Iterator[Check]:
    for name, version in versions().items():
        yield Check(name, version)
    there = find_spec("torch") is not None
    found = "installed" if there else "not installed; needed for training only"
    yield Check("torch", found + ("" if there else ": pip install 'unstir[train]'"))


def _folders() -> Iterator[Check]:
    """A folder that cannot be used is no fault: drawing needs none of them."""
    places = {"data": data_dir(), "models": data_dir() / "models", "cache": cache_dir(),
              "settings": config_dir()}  # fmt: skip
    for name, path in places.items():
        nearest = next(p for p in (path, *path.absolute().parents) if os.path.exists(p))
        able = "" if os.access(nearest, os.W_OK) else ", read-only"
        yield Check(f"{name} folder", f"{path}{_there(path)}{able}")


def _there(path: Path) -> str:
    try:
        os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return ", not made yet"
    except OSError as error:
        return f", cannot be read ({error.strerror}): what is in it is not found"
    return ""


def _models() -> Iterator[Check]:
    for entry in models(verify=True):
        what, _, way_out = entry.problem.rpartition("; ")
        found = what or way_out or f"{entry.title}; every file as it was made"
        yield Check(f"model {entry.name}", found, not entry.problem, way_out if what else "")


def _picture() -> Check:
    """Draw with the default model or, without it, the first that draws, in two evaluations."""
    usual = (generate.__kwdefaults__ or {})["model"]
    able = [e.name for e in models() if e.manifest and e.manifest.kind == "image"]
    name = usual if usual in able else next(iter(able), None)
    if name is None:
        return Check("drawing", "no model that draws is here", False, "train one: unstir train")
    try:
        condition = next(e.manifest for e in models() if e.name == name)
        prompt = "" if condition and condition.condition else None
        *_, picture = generate(prompt, model=name, steps=3, seed=0).events()
        assert isinstance(picture, Picture)
        spread = float(np.std(picture.native))
        return Check("drawing", f"{name} draws", spread > 0, "its pictures are empty")
    except Exception as error:  # whatever it is, the doctor's task is to tell
        return Check("drawing", f"{name} fails: {error}", False, "run `unstir generate --debug`")
