"""What a picture was made from: everything needed to make it again, kept in the picture's own
file.

    recipe.to_json()            the table under the key "unstir" (modalities/image_text.py)
    recipe.command("cat.png")   ["unstir", "generate", "a cat", "--seed", "3", ...]

Nothing in it says when or where it was made, so the same command writes the same bytes. Every
value is pinned, defaults too: a later release may have better ones. `SCHEMA` is raised when a
reader of the old form could misunderstand the new one.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from unstir.modalities import a1111
from unstir.tasks.names import SPACING_LABELS, label

SCHEMA = 1
_SETTINGS = (
    "prompt", "negative", "steps", "evaluations", "sampler", "spacing", "scale", "guidance",
    "interval", "size", "enlarge", "pixels", "padded",
)  # fmt: skip
_OF_PICTURES = ("size", "enlarge", "pixels")


@dataclass(frozen=True)
class Recipe:
    """One picture's settings; `model` as it was asked for, `name` and `sha256` as its model.json
    says. `enlarge` is how a drawing was made larger than the model draws: "lanczos", or by the
    upscaler of that name, whose SHA-256 is `enlarger`; `tuned` is the digest of a path that was
    searched for (runtimes/tuned.py). Of an edit, `given` are the words before
    the prompt and `options` its own flags, by name, and `files` the SHA-256 of each file that was
    read."""

    prompt: str | None
    negative: str
    model: str
    name: str
    sha256: str
    seed: int
    steps: int
    evaluations: int
    sampler: str
    spacing: str
    scale: float | None
    guidance: str
    interval: tuple[float, float] | None
    pixels: tuple[int, int]  # 0 x 0 of what is no picture
    padded: bool
    runtime: str
    threads: int
    asked_threads: int | None
    device: str = "cpu"
    compiled: bool = False
    size: int | str | None = None
    enlarge: str | None = None
    enlarger: str = ""
    tuned: str = ""
    verb: str = "generate"
    given: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def command(self, file: str) -> list[str]:
        """The words of the command that makes this picture alone, in `file`."""
        about = {} if self.prompt is None else {"prompt": self.prompt}
        given = {**self.given, **about}
        words, named = ["unstir", self.verb], False
        for name, value in given.items():
            named = named or value.startswith("-")  # and after it no word may stand alone
            words += _argument(f"--{name}", value) if named else [value]
        for flag, value in self._flags():
            words += [flag] if value is True else _argument(flag, *map(str, _several(value)))
        return [*words, *_argument("--out", file)]

    def _flags(self) -> Iterator[tuple[str, Any]]:
        yield from ((f"--{name.replace('_', '-')}", v) for name, v in self.options.items())
        yield "--model", self.model
        yield "--seed", self.seed
        yield "--steps", self.steps
        yield "--sampler", self.sampler
        yield "--spacing", self.spacing
        optional = {
            "--scale": self.scale,
            "--size": self.size,
            "--enlarge": self.enlarge,
            "--negative": self.negative or None,
            "--guidance": None if self.guidance == "cfg" else self.guidance,
            "--interval": self.interval,
            "--runtime": None if self.runtime == "onnx" else self.runtime,
            "--device": None if self.device == "cpu" else self.device,
            "--compile": self.compiled or None,
            "--threads": self.asked_threads,
            "--padded": self.padded or None,
        }
        yield from ((flag, value) for flag, value in optional.items() if value is not None)

    def to_json(self, file: str) -> dict[str, Any]:
        """The table that is written into `file`."""
        enlarger = {"enlarger": {"name": self.enlarge, "sha256": self.enlarger}}
        return {
            "schema": SCHEMA,
            "command": self.command(file),
            "seed": self.seed,
            "model": {"name": self.name, "sha256": self.sha256},
            **(enlarger if self.enlarger else {}),
            **({"tuned": self.tuned} if self.tuned else {}),
            "settings": self._settings() | self._edit(),
            "runtime": self._runtime(),
            "versions": versions(self.runtime),
        }

    def _runtime(self) -> dict[str, Any]:
        said = {"name": self.runtime, "threads": self.threads}
        where = {"device": self.device, "compiled": self.compiled}
        return said | where if self.runtime == "torch" else said

    def _settings(self) -> dict[str, Any]:
        names = (n for n in _SETTINGS if any(self.pixels) or n not in _OF_PICTURES)
        return {name: getattr(self, name) for name in names}

    def _edit(self) -> dict[str, Any]:
        """What an edit was made from; nothing for a drawing."""
        files = {"files": dict(self.files)} if self.files else {}
        return {**self.given, **self.options, **files}

    def infotext(self) -> str:
        """The same for other programs, in A1111's grammar."""
        width, height = self.pixels
        values: Mapping[str, object] = {
            "Steps": self.steps,
            "Sampler": label(self.sampler),
            "Schedule type": SPACING_LABELS.get(self.spacing, self.spacing),
            "CFG scale": self.scale,
            "Seed": self.seed,
            "Size": f"{width}x{height}",
            "Model hash": self.sha256[:10],
            "Model": self.name,
            "Version": f"unstir {versions(self.runtime)['unstir']}",
        }
        return a1111.render(self.prompt or "", self.negative, values)


def _argument(flag: str, *values: str) -> list[str]:
    """The words of one argument; a value that looks like a flag is tied to its own."""
    return [f"{flag}={values[0]}"] if values[0].startswith("-") else [flag, *values]


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def versions(runtime: str = "onnx") -> dict[str, str]:
    """Of everything that computes."""
    names = ("unstir", "numpy", "pillow", "torch" if runtime == "torch" else "onnxruntime")
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    module = sys.modules.get(name)
    if module is not None and hasattr(module, "__version__"):
        return str(module.__version__)
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
