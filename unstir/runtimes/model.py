"""A trained model, ready to run: networks as functions of numpy arrays, whatever runtime is behind
them.

    model = load("emoji")                           # or a folder; onnxruntime, no torch
    cat, nothing = model.condition.encode(["a cat"]), model.condition.null(1)
    both = model.both(cat, nothing)                 # for guidance (core/guidance)
    for step in sampler(cfg(both, 3.0), x, path): ...
    pixels = model.decode(step.x)                   # (B, 3, H, W) in [-1, 1]

The network's raw output F becomes an estimate of the clean sample by the parametrization's row,
``x0 = skip x + out F(into x)`` (core/parametrizations); latents are shifted and scaled in
`codecs.latent` only.

With `padded` every network runs on exactly `CHUNK` samples at a time, the last chunk filled up by
repetition. Each sample is then the same to the last bit whatever stands beside it; without it,
rounding may differ.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unstir.codecs.latent import Latent
from unstir.codecs.seen import nothing, seen
from unstir.conditions.manifest import from_manifest
from unstir.conditions.tokens import Condition, Tokens
from unstir.core.levels import Both, Denoise, Level
from unstir.core.parametrizations import denoiser
from unstir.core.schedules import Schedule, from_json
from unstir.runtimes.manifest import BadModel, Manifest, read
from unstir.runtimes.onnx import Call, load_graphs
from unstir.runtimes.shelf import SHIPPED, folder, shelf
from unstir.threads import default_threads

_ARE = {
    "image": "a model of pictures",
    "upscaler": "an upscaler",
    "molecule": "a model of molecules",
    "protein": "a model of proteins",
    "string": "a model of strings",
    "text-encoder": "a text encoder, a part of models",
    "features": "a feature space",
}
_DOES = {
    "image": "makes no pictures",
    "upscaler": "enlarges no pictures",
    "molecule": "draws no molecules",
    "protein": "draws no proteins",
    "string": "writes no strings",
}
CHUNK = 4
"""Samples that a padded model runs at a time."""
WORDS = 8
"""Tokens that nobody has are cut off, but for these and their multiples."""
Runtime = Literal["onnx", "int8", "torch"]
"""onnxruntime, the same with convolutions in 8 bits (quantize.py), or torch."""


@dataclass(frozen=True)
class Model:
    """A model folder with its networks behind it; threads may share one.

    `around` (1, C + 1, h, w) is what a model that repaints sees (`codecs.seen`); None: nothing.
    `lines` (1, 1, H, W) in [0, 1] is what it draws along, if it has a branch for that.
    """

    folder: Path
    manifest: Manifest
    graphs: Mapping[str, Call]
    condition: Condition | None
    runtime: Runtime
    threads: int
    padded: bool = False
    device: str = "cpu"
    compiled: bool = False
    around: np.ndarray | None = None
    lines: np.ndarray | None = None

    @property
    def schedule(self) -> Schedule:
        """The forward process it was trained on."""
        return from_json(self.manifest.schedule)

    def net(
        self,
        x: np.ndarray,
        t: Any,
        tokens: Any = None,
        token_mask: Any = None,
        extra: np.ndarray | None = None,
        s: float | None = None,
    ) -> np.ndarray:
        """The network's raw output F(x, t, condition); t is one time, or one per sample; `extra`
        are its further channels, as those of a small picture to enlarge. With `s` its student's,
        which is told the time it goes to."""
        if np.ndim(t) > 1:
            raise ValueError(
                f"times are {np.shape(t)}; an exported network takes one a sample. For times per "
                "element (timemap) call the torch network itself"
            )
        name = "controlled" if self.lines is not None else "denoiser" if s is None else "student"
        graph = self.manifest.graphs[name]
        given = {"x": x, "t": np.broadcast_to(np.asarray(t, np.float32), (len(x),))}
        if tokens is not None:
            words = None if self.padded or not graph.free else longest(token_mask)
            given["tokens"] = _rows(tokens, len(x))[:, :words]
            given["token_mask"] = _rows(token_mask, len(x))[:, :words]
        if extra is None and self.manifest.repaints:
            extra = nothing(self.manifest.shape) if self.around is None else self.around
        if extra is not None:
            given["extra"] = _rows(extra, len(x))
        if self.lines is not None:
            given["lines"] = _rows(self.lines, len(x))
        if s is not None:
            given["s"] = np.full(len(x), s, np.float32)
        if missing := [key for key in graph.inputs if key not in given]:
            what = "its further channels" if missing[0] == "extra" else "a condition"
            raise ValueError(f"{self.manifest.name} needs {missing[0]}: give it {what}")
        return self._run(name, *(given[key] for key in graph.inputs))

    def denoise(self, tokens: Tokens | None = None) -> Denoise[np.ndarray]:
        """x_t -> E[x_0 | x_t, tokens] for the samplers; one row of tokens for all, or one per
        sample."""
        condition = (tokens.states, tokens.mask) if tokens else ()
        return denoiser(lambda x, t: self.net(x, t.t, *condition), self.manifest.parametrization)

    def leap(self, tokens: Tokens | None, path: Sequence[Level]) -> Denoise[np.ndarray]:
        """What the model's student takes for the clean sample: a straight step by it (ddim) from
        one level of the path goes where the student goes, to the next. Of a flow, with the
        student's u(x, t, s) = (x_s - x_t) / (s - t), that is x_t - t u."""
        condition = (tokens.states, tokens.mask) if tokens else (None, None)
        following = {a.t: b.t for a, b in pairwise(path)}
        return lambda x, t: x - t.t * self.net(x, t.t, *condition, s=following[t.t])

    def both(self, pos: Tokens, neg: Tokens) -> Both[np.ndarray]:
        """x_t -> the estimates with `pos` and with `neg`, in one run of the network over twice the
        samples. Where lines are told, `neg` is not told them: guidance makes more of them too."""
        if self.lines is not None:
            with_lines, without = self.denoise(pos), replace(self, lines=None).denoise(neg)
            return lambda x, level: (with_lines(x, level), without(x, level))

        def at(x: np.ndarray, level: Level) -> tuple[np.ndarray, np.ndarray]:
            count = len(x)
            x0 = self.denoise(paired(pos, neg, count))(np.concatenate([x, x]), level)
            return x0[:count], x0[count:]

        return at

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Model space -> pictures (B, 3, H, W) in [-1, 1]."""
        return z if self.latent is None else self._run("decoder", self.latent.restore(z))

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Pictures (B, 3, H, W) in [-1, 1] -> model space."""
        return x if self.latent is None else self.latent.normalize(self._run("encoder", x))

    def seeing(self, x: np.ndarray, mask: np.ndarray) -> Model:
        """The same model, told a picture (3, H, W) in [-1, 1] and where it is hidden (H, W)."""
        return replace(self, around=seen(self.encode, x[None], mask[None]))

    def tracing(self, lines: np.ndarray) -> Model:
        """The same model, told lines (H, W) in [0, 1] to draw along."""
        return replace(self, lines=lines[None, None])

    @property
    def latent(self) -> Latent | None:
        """The statistics of its codec; None for a model of pixels."""
        codec = self.manifest.codec
        return Latent(codec["mean"], codec["std"]) if codec else None

    def _run(self, name: str, *arrays: np.ndarray) -> np.ndarray:
        if name not in self.graphs:
            raise BadModel(f"{self.folder} has no {name}; it has {', '.join(self.graphs)}")
        call = self.graphs[name]
        return _in_chunks(call, arrays) if self.padded else call(*arrays)


def load(
    name_or_folder: str | os.PathLike[str],
    runtime: Runtime = "onnx",
    threads: int | None = None,
    padded: bool = False,
    kind: str = "image",
    device: str = "cpu",
    compile: bool = False,
) -> Model:
    """The model of a name or folder, verified to the last byte; BadModel says what is wrong with
    it, or that it is of another kind. For the torch runtime, `device` is where it runs, as "cuda",
    and `compile` lets torch compile the networks, once for each number of samples."""
    if runtime != "torch" and (device != "cpu" or compile):
        what = "nothing compiled" if compile else f"on the CPU, not on {device!r}"
        raise ValueError(f"onnxruntime runs {what}; take the runtime torch")
    place = folder(name_or_folder)
    manifest = read(place)
    if manifest.kind != kind:
        raise BadModel(f"{manifest.name} is {_ARE[manifest.kind]}; it {_DOES[kind]}")
    manifest.verify()
    threads = threads or default_threads()
    graphs = _graphs(place, manifest, runtime, threads, device, compile)
    condition = _condition(manifest, threads)
    return Model(place, manifest, graphs, condition, runtime, threads, padded, device, compile)


def _graphs(
    place: Path, manifest: Manifest, runtime: str, threads: int, device: str, compile: bool
) -> Mapping[str, Call]:
    if runtime == "int8" and not manifest.eight_bits:
        raise BadModel(
            f"{manifest.name} has no graphs in 8 bits; `unstir quantize` makes them of a model of "
            "your own"
        )
    if runtime != "torch":
        return load_graphs(place, manifest, threads, runtime == "int8")
    try:
        torch = import_module("unstir.runtimes.torch")
    except ModuleNotFoundError as error:
        raise ImportError("the torch runtime needs torch: pip install 'unstir[train]'") from error
    return torch.load_graphs(place, manifest.raw, device, threads, compile)


def _condition(manifest: Manifest, threads: int) -> Condition | None:
    """The condition that model.json describes; its own files are verified as it opens them."""
    said = manifest.condition
    if said is None:
        return None
    try:
        models = shelf()[said["encoder"]].parent if said["name"] == "text" else SHIPPED
        return from_manifest(said, models, threads=threads)
    except KeyError:
        raise BadModel(
            f"{manifest.name} needs the text encoder {said['encoder']!r}, which is not among the "
            "models (`unstir models`); get its folder from where this model came from"
        ) from None
    except (OSError, ValueError) as error:
        raise BadModel(f"the condition of {manifest.name}: {error}") from error


def paired(pos: Tokens, neg: Tokens, count: int) -> Tokens:
    """`count` rows of the one, then as many of the other."""
    states = np.concatenate([_rows(c.states, count) for c in (pos, neg)])
    mask = np.concatenate([_rows(c.mask, count) for c in (pos, neg)])
    return Tokens(states, mask)


def _rows(array: Any, count: int) -> np.ndarray:
    """One row per sample, from one per sample or one for all."""
    return np.broadcast_to(array, (count, *np.shape(array)[1:]))


def longest(mask: np.ndarray) -> int:
    """Tokens that hold all of the condition, a multiple of `WORDS` if there are so many."""
    there = np.flatnonzero(np.any(mask, 0))
    return WORDS * (int(there[-1]) // WORDS + 1) if there.size else WORDS


def _in_chunks(call: Call, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """`call` over pieces of exactly CHUNK samples."""
    count, parts = len(arrays[0]), []
    for first in range(0, count, CHUNK):
        rows = np.minimum(np.arange(first, first + CHUNK), count - 1)
        parts.append(call(*(a[rows] for a in arrays)))
    return np.concatenate(parts)[:count]
