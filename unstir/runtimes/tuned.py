"""`tuned.json` beside a model: paths that were searched for it (tasks/tune.py).

    found = find(manifest, sampler="dpmpp_2m", steps=6, scale=3.0, guidance="cfg")
    found.times                        # 1.0, ..., 0.0

A file is used as long as the model has the denoiser that its paths were searched with, graph and
weights; one that is damaged is told of.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from unstir.core.parametrizations import highest
from unstir.core.schedules import from_json
from unstir.modalities.files import replacing
from unstir.runtimes.checks import Bad, Fields
from unstir.runtimes.manifest import BadModel, Manifest

FILE, FORMAT = "tuned.json", 1


@dataclass(frozen=True)
class Tuned:
    """A path for one sampler, number of its steps, scale and guidance; `error` is how far it ended
    from the exact walk, and `plain` how far the model's usual path did."""

    sampler: str
    steps: int
    scale: float
    guidance: str
    times: tuple[float, ...]
    error: float
    plain: float

    @property
    def key(self) -> tuple[str, int, float, str]:
        return self.sampler, self.steps, self.scale, self.guidance


def find(
    manifest: Manifest, sampler: str, steps: int, scale: float, guidance: str
) -> Tuned | None:
    """The path for just these, if there is one."""
    for path in read(manifest):
        if path.key == (sampler, steps, scale, guidance):
            return path
    return None


def read(manifest: Manifest) -> list[Tuned]:
    """All paths of a model; none where there is no file, or it is another denoiser's."""
    file = manifest.folder / FILE
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise BadModel(f"{file} is not readable JSON ({error}); {_WAY_OUT}") from None
    if not isinstance(data, dict) or data.get("denoiser") != _denoiser(manifest):
        return []
    try:
        if data.get("format") != FORMAT:
            raise Bad(f"has format {data.get('format')!r}, not {FORMAT}")
        paths = data.get("paths")
        if not isinstance(paths, list):
            raise Bad('has no list "paths"')
        top = highest(manifest.parametrization, from_json(manifest.schedule))
        return [_checked(Fields(entry if isinstance(entry, dict) else {}), top) for entry in paths]
    except Bad as error:
        raise BadModel(f"{file} {error}; {_WAY_OUT}") from None


def digest(times: Iterable[float]) -> str:
    """What tells one path from another: the SHA-256 of its times."""
    return hashlib.sha256(json.dumps([float(t) for t in times]).encode()).hexdigest()


def _denoiser(manifest: Manifest) -> list[str]:
    """The SHA-256 of the graph that is walked, and of its weights, which are a file of their own
    (export.py)."""
    graph = manifest.graphs["denoiser"].file
    names = (graph, str(Path(graph).with_suffix(".safetensors")))
    return [manifest.files[name] for name in names if name in manifest.files]


_WAY_OUT = "delete it, or run `unstir tune` again"


def _checked(said: Fields, top: float) -> Tuned:
    times = said.numbers("times")
    steps = said.count("steps", 1000)
    falls = all(s < t for t, s in pairwise(times))
    whole = math.isclose(times[0], top, abs_tol=1e-6) and times[-1] == 0
    if len(times) != steps + 1 or not falls or not whole:
        raise Bad(
            f"has {len(times)} times from {times[0]:g} to {times[-1]:g} for {steps} steps; one "
            f"more than steps fall from {top:g} to 0"
        )
    return Tuned(
        said.text("sampler"), steps, said.number("scale"), said.text("guidance"), times,
        said.number("error"), said.number("plain"),
    )  # fmt: skip


def write(manifest: Manifest, paths: Iterable[Tuned]) -> Path:
    """Make these the model's paths, in place of all that its file had."""
    file = manifest.folder / FILE
    if not os.access(manifest.folder, os.W_OK):
        raise PermissionError(
            f"nothing can be written in {manifest.folder}; copy the model folder and tune the copy"
        )
    rows = [asdict(path) for path in sorted(paths, key=lambda path: path.key)]
    text = json.dumps({"format": FORMAT, "denoiser": _denoiser(manifest), "paths": rows}, indent=1)
    with replacing(file) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return file
