"""Levers of training, each tried at equal cost: what is the effect?

    python benchmarks/levers.py RUN LEVER SEED      # RUN: of `unstir train emoji`, for its cache
    python benchmarks/levers.py RUN table           # all that were tried, beside "base"

Every trial begins from random weights, sees pictures worth the same FLOP (20,000 for the shipped
network, 3.5e13: eight to twenty minutes of a core), ends with its rate decayed and is measured
with averaged weights: the error of the network's answer on held-out scenes at fixed times and
noise, and the kernel distance of 256 samples, drawn as the recipe says, to 2,000 held-out scenes.
Nothing is repainted. What pays becomes part of the library; the rest lives here, so that it can
be tried again. Results: docs/log.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstir.codecs.seen import nothing
from unstir.conditions.manifest import from_manifest
from unstir.core.find import find
from unstir.core.parametrizations import to_x0
from unstir.core.schedules import from_json, level
from unstir.core.weights import TABLE
from unstir.datasets import emoji as data
from unstir.evaluation import Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import from_model
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.denoising import Denoising, Uncertain, logit_normal
from unstir.recipes import emoji
from unstir.recipes.pipeline import model_space, network_sizes, training_set
from unstir.recipes.preview import decode, sample
from unstir.recipes.recipe import Recipe
from unstir.recipes.start import warm
from unstir.runtimes.features import features
from unstir.runtimes.shelf import SHIPPED
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

RECIPE = replace(emoji.recipe, repaints=False)
PICTURES, SAMPLES, REAL, HELD = 20_000, 256, 2_000, 512
BASE = replace(
    emoji.recipe.trainer, steps=PICTURES // 64, batch=64, warmup=50, ema=(0.05, 0.1, 0.2),
    threads=1, preview_every=0, checkpoint_every="3min",
)  # fmt: skip
Objective = Callable[[nn.Module, dict[str, Tensor], Any], dict[str, Tensor]]


@dataclass(frozen=True)
class Lever:
    """What a trial changes."""

    trainer: Mapping[str, Any] = field(default_factory=dict)
    network: tuple[str, dict[str, Any]] | None = None
    times: tuple[float, float] | None = None
    objective: Callable[[Objective], Objective] | None = None
    weight: str = ""
    uncertain: bool = False
    batches: tuple[int, int] | None = None
    """Of the first and the second half of the pictures."""


class Chosen:
    """The numbers of an objective, whose noise of one shape is chosen, and remembered."""

    def __init__(self, rng: Any, shape: Any, choose: Callable[[Any], Tensor]) -> None:
        self.rng, self.shape, self.choose = rng, shape, choose
        self.last: Any = None

    def normal(self, shape: Any) -> Any:
        """Noise of a sample, or any other normal numbers."""
        if shape != self.shape:
            return self.rng.normal(shape)
        self.last = self.choose(self.rng)
        return self.last

    def uniform(self, *sizes: int) -> Any:
        """As the numbers give it."""
        return self.rng.uniform(*sizes)


def nearest_noise(base: Objective, draws: int = 4) -> Objective:
    """Each sample takes the nearest of a few noises (Li et al. 2024, immiscible diffusion)."""

    def objective(model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0 = batch["x"]

        def choose(rng: Any) -> Tensor:
            eps = torch.stack([rng.normal(x0.shape) for _ in range(draws)])
            best = (eps - x0).square().flatten(2).sum(2).argmin(0)
            return eps[best, torch.arange(len(x0))]

        return base(model, batch, Chosen(rng, x0.shape, choose))

    return objective


def contrastive(base: Objective, weight: float = 0.05) -> Objective:
    """Away from the neighbor's target (Stoica et al. 2025, contrastive flow matching)."""

    def objective(model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        x0 = batch["x"]
        noise = Chosen(rng, x0.shape, lambda rng: rng.normal(x0.shape))
        seen: list[Tensor] = []
        hook = model.register_forward_hook(lambda _m, _i, out: seen.append(out))
        parts = base(model, batch, noise)
        hook.remove()
        other = torch.roll(noise.last - x0, 1, 0)
        return parts | {"loss": parts["loss"] - weight * (seen[0] - other).square().mean()}

    return objective


def dispersive(base: Objective, weight: float = 0.25, heat: float = 1.0) -> Objective:
    """Features of the middle spread out over the batch (Wang & He 2025, dispersive loss)."""

    def objective(model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        seen: list[Tensor] = []
        hook = model.middle[-1].register_forward_hook(lambda _m, _i, out: seen.append(out))
        parts = base(model, batch, rng)
        hook.remove()
        h = seen[0].flatten(1)
        squares = torch.cdist(h, h).square() / h.shape[1]
        spread = torch.logsumexp(-squares / heat, (0, 1)) - 2 * np.log(len(h))
        return parts | {"loss": parts["loss"] + weight * spread}

    return objective


LEVERS: dict[str, Lever] = {
    "base": Lever(),
    "adamw": Lever(trainer={"optimizer": "adamw"}),
    "batch-32": Lever(trainer={"batch": 32}),
    "batch-128": Lever(trainer={"batch": 128}),
    "batch-grows": Lever(batches=(32, 128)),
    "rate-up": Lever(trainer={"muon_lr": 0.04, "lr": 2e-3}),
    "rate-down": Lever(trainer={"muon_lr": 0.01, "lr": 5e-4}),
    "earlier-times": Lever(times=(-0.4, 1.0)),
    "centered-times": Lever(times=(0.0, 1.0)),
    "later-times": Lever(times=(0.8, 1.0)),
    "min-snr": Lever(weight="min_snr"),
    "uncertainty": Lever(uncertain=True),
    "nearest-noise": Lever(objective=nearest_noise),
    "contrastive": Lever(objective=contrastive),
    "dispersive": Lever(objective=dispersive),
    "narrow": Lever(network=("unet", {**emoji.recipe.sizes, "widths": [96, 96]})),
    "wide": Lever(network=("unet", {**emoji.recipe.sizes, "widths": [160, 160]})),
    "transformer": Lever(network=("transformer", {"width": 192, "depth": 8})),
}


def trial(run: Path, name: str, seed: int) -> None:
    """Train and measure one lever; what was measured goes to RUN/levers/NAME-SEED.json."""
    torch.set_num_threads(1)
    lever, folder = LEVERS[name], run / "levers" / f"{name}-{seed}"
    recipe = RECIPE
    if lever.network:
        recipe = replace(recipe, network=lever.network[0], sizes=lever.network[1])
    torch.manual_seed(seed)
    net = build(recipe.network, network_sizes(recipe))
    channels_last(net)
    held = Held(recipe)
    flops = cost(net, held) / cost(build(RECIPE.network, network_sizes(RECIPE)), held)
    stretches = plan(lever, PICTURES / flops, seed)
    weight = TABLE[lever.weight or recipe.weight]
    times = logit_normal(*(lever.times or recipe.times))
    base = Denoising(from_json(recipe.schedule), recipe.parametrization, weight, times)
    objective: Any = lever.objective(base) if lever.objective else base
    model = Uncertain(net) if lever.uncertain else net
    seconds = 0.0
    for number, settings in enumerate(stretches):
        out, set_ = folder / str(number), training_set(recipe, run / "cache")
        for event in train(model, objective, set_, settings, out):
            if event.kind == "step" and event.step % 20 == 0:
                seconds += 20 * settings.batch / event.images_per_second
                speed = f"loss {event.loss:.3f}, {event.images_per_second:.0f} pictures/s"
                print(f"{name} {seed}: step {event.step} of {event.steps}, {speed}", flush=True)
    averages = {}
    for width in (0.05, 0.2, 0.1):  # the last is what is measured in full
        model.load_state_dict(export_ema(folder / str(len(stretches) - 1), width))
        with torch.inference_mode():
            averages[width] = held.error(net.eval(), recipe, run)
    steps, batch = sum(s.steps or 0 for s in stretches), stretches[0].batch
    row = {"lever": name, "seed": seed, "steps": steps, "batch": batch, "flops": flops,
           "seconds": seconds, "averages": averages, "error": averages[0.1],
           "kernel": held.kernel(net, recipe, run)}  # fmt: skip
    folder.with_suffix(".json").write_text(json.dumps(row, indent=1))
    print(row)


def plan(lever: Lever, pictures: float, seed: int) -> list[Settings]:
    """What to train with, one after the other; the rate decays at the end of all."""
    base = replace(BASE, **{**lever.trainer, "seed": seed})
    if not lever.batches:
        return [replace(base, steps=round(pictures / base.batch))]
    few, many = lever.batches
    steps = [round(pictures / 2 / batch) for batch in lever.batches]
    first = replace(base, batch=few, steps=steps[0], cooldown=0.0)
    last = replace(base, batch=many, steps=steps[1], cooldown=2 * base.cooldown, warmup=0)
    return [first, replace(last, seed=seed + 1000)]  # other scenes first, other noise


class Held:
    """Held-out scenes: their latents, conditions and pictures."""

    def __init__(self, recipe: Recipe, codec: Autoencoder | None = None) -> None:
        glyphs = data.load(cache_dir() / "emoji")
        scenes = [data.scene(glyphs, i, split="heldout") for i in range(REAL)]
        self.pictures = np.stack([s.image for s in scenes])
        shipped = {"autoencoder": SHIPPED / "emoji"}
        self.codec = codec or warm(Autoencoder(**recipe.codec or {}), shipped, "autoencoder")
        condition: Any = from_manifest(recipe.condition, SHIPPED)
        tokens = condition.encode([s.caption for s in scenes[:HELD]])
        self.tokens = [torch.from_numpy(tokens.states), torch.from_numpy(tokens.mask)]

    def kernel(self, net: nn.Module, recipe: Recipe, run: Path) -> list[float]:
        """The kernel distance of samples, and its interval."""
        with torch.inference_mode():
            made: list[np.ndarray] = []
            for first in range(0, SAMPLES, 64):
                tokens = [part[first : first + 64] for part in self.tokens]
                x = sample(recipe, net, tokens, "cpu", range(first, first + 64))
                made.extend(from_model(decode(self.codec, x, run).numpy()))
        space, known = features("efficientnet-lite0", 1), cache_dir() / "features"
        sides = [extracted(space, made, None), extracted(space, self.pictures, known)]
        rows = [np.concatenate([part.values for part in side]) for side in sides]
        (score,) = find("evaluation", "kernel")(Sets(*rows))
        return [score.value, score.low, score.high]

    def error(self, net: nn.Module, recipe: Recipe, run: Path) -> float:
        """Mean squared error of the flow at t = 1/16, 3/16, ..., 15/16."""
        statistics = json.loads((run / "cache" / "latent.json").read_text())
        mean, std = (torch.tensor(statistics[n])[:, None, None] for n in ("mean", "std"))
        x0 = (self.codec.encode(model_space(self.pictures[:HELD])) - mean) / std
        eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
        schedule, errors = from_json(recipe.schedule), []
        for t in (torch.arange(8) + 0.5) / 8:
            at = level(schedule, float(t))
            into = to_x0(recipe.parametrization, at)[2]
            xt = into * (at.alpha * x0 + at.sigma * eps)
            out = net(xt, t.expand(len(x0)), *self.tokens, extra=unseen(recipe, len(x0)))
            errors.append(float((out - (eps - x0)).square().mean()))
        return float(np.mean(errors))


def unseen(recipe: Recipe, count: int) -> Tensor | None:
    """What a network that repaints sees where all is to be drawn."""
    if not recipe.repaints:
        return None
    return torch.from_numpy(nothing(recipe.shape)).expand(count, -1, -1, -1)


def cost(net: nn.Module, held: Held) -> float:
    """FLOP of one evaluation, as torch counts them."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        tokens = (part[:1] for part in held.tokens)
        extra = unseen(RECIPE, 1)
        net(torch.zeros(1, 16, 8, 8), torch.zeros(1), *tokens, extra=extra)
    return float(counter.get_total_flops())


def table(run: Path) -> None:
    """Every lever beside the base of the same seeds."""
    rows = [json.loads(file.read_text()) for file in sorted((run / "levers").glob("*.json"))]
    base = {row["seed"]: row for row in rows if row["lever"] == "base"}
    if not base:
        sys.exit(f"{run} has no trial of base to stand beside the others: levers.py {run} base 0")
    for name in LEVERS:
        mine = [row for row in rows if row["lever"] == name and row["seed"] in base]
        if mine:
            error = _beside([(row["error"], base[row["seed"]]["error"]) for row in mine])
            kernel = _beside([(row["kernel"][0], base[row["seed"]]["kernel"][0]) for row in mine])
            print(f"{name:14} {mine[0]['steps']:5} steps  error {error}  kernel {kernel}")
    for width in next(iter(base.values()))["averages"]:
        pairs = [(row["averages"][width], row["error"]) for row in base.values()]
        print(f"base, average of width {width}  error {_beside(pairs)}")


def _beside(pairs: list[tuple[float, float]]) -> str:
    return ", ".join(f"{ours:.4f} ({100 * (ours / base - 1):+.1f} %)" for ours, base in pairs)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [run, "table"]:
            table(Path(run))
        case [run, lever, seed] if lever in LEVERS and seed.isdigit():
            trial(Path(run), lever, int(seed))
        case _:
            sys.exit(f"usage: python benchmarks/levers.py RUN {'|'.join(LEVERS)} SEED | RUN table")
