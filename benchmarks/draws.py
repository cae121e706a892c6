"""This library's ways to draw, and diffusers' loops around the same networks: rows of a table.

    for row in rows("emoji"): row.one(told(model, ["a cat"]), [7])      # one thread; row.all: all

diffusers' rows run our U-Net and decoder in torch under their schedulers for flows, guided at the
model's own scale and told as many words as ours; Euler's method is what DDIM is for a flow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unstir.codecs.latent import Latent
from unstir.codecs.seen import nothing
from unstir.conditions.tokens import Tokens
from unstir.core.noise import gaussian
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.recipes.start import warm
from unstir.runtimes.manifest import Manifest, read
from unstir.runtimes.model import Model, load, longest, paired
from unstir.runtimes.shelf import folder
from unstir.tasks.process import STUDENT, Process, resolve
from unstir.threads import default_threads

PROMPT = "a cat wearing a hat"
OURS: dict[str, dict[str, Any]] = {
    "student, 1 step": {"steps": 1, "sampler": STUDENT},
    "student, 2 steps": {"steps": 2, "sampler": STUDENT},
    "student, 4 steps": {"steps": 4, "sampler": STUDENT},
    "3 steps": {"steps": 3},
    "4 steps": {"steps": 4},
    "5 steps": {"steps": 5},
    "8 steps": {"steps": 8},
    "15 steps": {"steps": 15},
    "25 steps": {"steps": 25},
}
ONCE = ("3 steps", "4 steps", "25 steps")
"""Those that are drawn in one runtime only."""
THEIRS = {
    "DDIM, 50 steps": ("FlowMatchEulerDiscreteScheduler", 50, {}),
    "DPM++ 2M, 20 steps": ("DPMSolverMultistepScheduler", 20, {"flow": True}),
    "UniPC, 10 steps": ("UniPCMultistepScheduler", 10, {"flow": True}),
}
Both = tuple[Tokens | None, Tokens | None]
"""What is drawn, one row or one for each picture, and its absence."""
Draw = Callable[[Both, Sequence[int]], np.ndarray]
"""Draws pictures (N, 3, H, W) of these seeds."""


@dataclass(frozen=True)
class Row:
    """One way to draw: on one thread, and on all; `files` of the model, by SHA-256, are what it
    draws with."""

    title: str
    evaluations: int
    files: dict[str, str]
    one: Draw
    all: Draw


def rows(which: str) -> list[Row]:
    """Every way that the model has."""
    place, threads = folder(which), default_threads()
    found = []
    for runtime in ("onnx", "int8", "torch") if read(place).eight_bits else ("onnx", "torch"):
        models = [load(place, threads=n, runtime=runtime) for n in (1, threads)]
        for title, asked in OURS.items():
            taught = asked.get("sampler") == STUDENT
            if (runtime != "onnx" and title in ONCE) or (
                taught and not models[0].manifest.student
            ):
                continue
            way = resolve(models[0], taught=taught, **asked)
            draws = [ours(model, way) for model in models]
            runs = way.evaluations(not taught and models[0].condition is not None)
            network = "student" if taught else "denoiser"
            files = of(models[0].manifest, network, runtime == "int8")
            found.append(Row(f"unstir, {runtime}, {title}", runs, files, *draws))
    for title, (name, steps, more) in THEIRS.items():
        model = load(place, runtime="torch")
        draw = theirs(model, name, steps, more)
        files = of(model.manifest, "denoiser", False)
        found.append(Row(f"diffusers, {title}", 2 * steps, files, draw, draw))
    return found


def of(manifest: Manifest, network: str, eight_bits: bool) -> dict[str, str]:
    """The files that decide what a network of the model draws, by SHA-256."""
    names = [f"{part}.safetensors" for part in (network, "autoencoder")]
    if eight_bits:
        names += [f"{part}-int8.onnx" for part in (network, "decoder")]
    return {name: manifest.files[name] for name in names if name in manifest.files}


def told(model: Model, prompts: Sequence[str]) -> Both:
    """Prompts, as the model is told them."""
    if model.condition is None:
        return None, None
    return model.condition.encode(prompts), model.condition.null(len(prompts))


def asked(model: Model) -> str:
    """A prompt, or a class of a model of classes."""
    return (model.manifest.condition or {}).get("classes", [PROMPT])[0]


def ours(model: Model, way: Process) -> Draw:
    """From noise to pixels by this library."""

    def draw(both: Both, seeds: Sequence[int]) -> np.ndarray:
        denoise = way.denoiser(model, *both)
        *_, last = way.walk(denoise, seeds, model.manifest.shape)
        return model.decode(last.x)

    return draw


def theirs(model: Model, name: str, steps: int, more: dict[str, Any]) -> Draw:
    """From noise to pixels by diffusers' scheduler of that name around our networks in torch."""
    import diffusers

    said = model.manifest
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True} if more else {}
    scheduler: Any = getattr(diffusers, name)(num_train_timesteps=1000, **flow)
    net = build(said.network["name"], said.network["sizes"]).eval()  # type: ignore[index]
    warm(net, {"denoiser": model.folder}, "denoiser")
    codec = Autoencoder(**said.codec["sizes"]).eval() if said.codec else None
    if codec is not None:
        warm(codec, {"autoencoder": model.folder}, "autoencoder")
    latent = Latent(said.codec["mean"], said.codec["std"]) if said.codec else None
    scale = said.defaults.get("scale", 1.0)

    def given(both: Both, n: int) -> dict[str, Tensor]:
        more: dict[str, Tensor] = {}
        if None not in both:
            pair = paired(both[0], both[1], n)  # type: ignore[arg-type]
            words = longest(pair.mask) if said.graphs["denoiser"].free else None
            more["tokens"] = torch.from_numpy(pair.states[:, :words])
            more["token_mask"] = torch.from_numpy(pair.mask[:, :words])
        if said.repaints:
            more["extra"] = torch.tensor(nothing(said.shape)).expand(2 * n, -1, -1, -1)
        return more

    @torch.inference_mode()
    def draw(both: Both, seeds: Sequence[int]) -> np.ndarray:
        scheduler.set_timesteps(steps)
        n, more = len(seeds), given(both, len(seeds))
        x = torch.from_numpy(gaussian(seeds, said.shape)(-1))
        for t in scheduler.timesteps:
            when = (t / 1000).expand(2 * n).float()
            pos, neg = net(torch.cat([x, x]), when, **more).chunk(2)
            x = scheduler.step(neg + scale * (pos - neg), t, x).prev_sample
        x = x if codec is None or latent is None else codec.decode(latent.restore(x))
        return x.numpy()

    return draw
