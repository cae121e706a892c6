"""What a step of training costs: this library's, and diffusers' own network in a loop of its kind.

    python -m benchmarks.throughput emoji 64 5

Ours is the recipe's step as `unstir train` takes it: noise, U-Net, gradients, clipping, Muon,
AdamW, averages. Beside it the same network in a plain loop (AdamW, averages by diffusers), and
their `UNet2DConditionModel` of the same widths and blocks in it. They take turns in one process,
on one thread; medians, with the least and the most. Operations are counted by torch's table.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed import peaks
from unstir.core.schedules import from_json
from unstir.networks.build import build
from unstir.networks.layers import channels_last
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.recipes.pipeline import network_sizes
from unstir.recipes.recipe import Recipe
from unstir.training.data import Arrays
from unstir.training.devices import Counter
from unstir.training.loop import train

WORDS, SAMPLES = 12, 512
"""Tokens of a caption, and samples that batches are taken from."""
Step = Callable[[], object]


def main(name: str, batch: int, repeats: int) -> None:
    """Print a row for each kind of step."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe: Recipe = import_module(f"unstir.recipes.{name}").recipe
    fields = made_up(recipe)
    nets = {
        "unstir": channels_last(network(recipe)),
        "the same network, plain loop": network(recipe),
        "diffusers' network, plain loop": theirs(recipe),
    }
    steps = {
        kind: (ours(recipe, net, fields, batch) if kind == "unstir" else plain(net, fields, batch))
        for kind, net in nets.items()
    }
    gflop = {kind: counted(step) / batch for kind, step in steps.items()}
    seconds: dict[str, list[float]] = {kind: [] for kind in steps}
    for _ in range(repeats):
        for kind, step in steps.items():
            begin = time.perf_counter()
            step()
            seconds[kind].append(time.perf_counter() - begin)
    peak = peaks()
    print(f"Batches of {batch}, one thread; convolutions reach {peak['conv']:.0f} GFLOP/s and "
          f"matrix products {peak['gemm']:.0f}.\n")  # fmt: skip
    print("| | parameters (M) | GFLOP a sample | samples/s | GFLOP/s | of the last one's rate |")
    print("|---" * 6 + "|")
    last = statistics.median(seconds[list(seconds)[-1]])
    for kind, taken in seconds.items():
        millions = sum(p.numel() for p in nets[kind].parameters()) / 1e6
        rates = sorted(batch / s for s in taken)
        rate = f"{statistics.median(rates):.1f} ({rates[0]:.1f} to {rates[-1]:.1f})"
        speed = gflop[kind] * statistics.median(rates)
        ratio = last / statistics.median(taken)
        print(f"| {kind} | {millions:.1f} | {gflop[kind]:.2f} | {rate} | {speed:.0f} "
              f"| {ratio:.2f} |")  # fmt: skip


def counted(step: Step) -> float:
    """GFLOP of a step that is not the first, which makes what is made once."""
    step()
    with Counter() as counter:
        step()
    return counter.total / 1e9


def made_up(recipe: Recipe) -> dict[str, np.ndarray]:
    """Latents and token states of the recipe's shapes."""
    rng = np.random.default_rng(0)
    sizes = network_sizes(recipe)
    side = recipe.size // 2 ** len(recipe.codec["widths"]) if recipe.codec else recipe.size
    fields = {"x": rng.standard_normal((SAMPLES, sizes["channels"], side, side))}
    if sizes.get("extra"):
        fields["extra"] = rng.standard_normal((SAMPLES, sizes["extra"], side, side))
    if sizes.get("tokens"):
        fields["tokens"] = rng.standard_normal((SAMPLES, WORDS, sizes["tokens"]))
        fields["token_mask"] = np.ones((SAMPLES, WORDS))
    return {name: values.astype(np.float32) for name, values in fields.items()}


def network(recipe: Recipe) -> nn.Module:
    return build(recipe.network, network_sizes(recipe))


def ours(recipe: Recipe, net: nn.Module, fields: dict[str, np.ndarray], batch: int) -> Step:
    """The next step of `train`."""
    settings = replace(recipe.trainer, steps=10_000, batch=batch, threads=1, preview_every=0)
    times = logit_normal(*recipe.times)
    objective = Denoising(from_json(recipe.schedule), recipe.parametrization, times=times)
    events = train(net, objective, Arrays(**fields), settings)
    steps: Iterator[Any] = (event for event in events if event.kind == "step")
    return lambda: next(steps)


def plain(net: nn.Module, fields: dict[str, np.ndarray], batch: int) -> Step:
    """A loop as tutorials have it."""
    from diffusers.training_utils import EMAModel

    data = {name: torch.from_numpy(values) for name, values in fields.items()}
    optimizer, average = torch.optim.AdamW(net.parameters(), 1e-3), EMAModel(net.parameters())

    def step() -> None:
        rows = torch.randint(SAMPLES, (batch,))
        given = {name: values[rows] for name, values in data.items()}
        x, t = given.pop("x"), torch.sigmoid(torch.randn(batch))
        noise = torch.randn_like(x)
        mixed = torch.lerp(x, noise, t[:, None, None, None])
        loss = F.mse_loss(net(mixed, t, **given), noise - x)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        average.step(net.parameters())

    return step


class Theirs(nn.Module):
    """diffusers' network, called as ours is."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, x: Tensor, t: Tensor, tokens: Tensor, token_mask: Tensor, extra: Tensor | None = None
    ) -> Tensor:
        x = x if extra is None else torch.cat([x, extra], 1)
        return self.net(x, 1000 * t, tokens, encoder_attention_mask=token_mask).sample


def theirs(recipe: Recipe) -> nn.Module:
    """Of the same widths, blocks, heads and conditions."""
    from diffusers import UNet2DConditionModel

    sizes = network_sizes(recipe)
    levels = len(sizes["widths"])
    return Theirs(
        UNet2DConditionModel(
            in_channels=sizes["channels"] + sizes.get("extra", 0), out_channels=sizes["channels"],
            block_out_channels=tuple(sizes["widths"]), layers_per_block=sizes["blocks"],
            down_block_types=("CrossAttnDownBlock2D",) * levels,
            up_block_types=("CrossAttnUpBlock2D",) * levels, norm_num_groups=8,
            cross_attention_dim=sizes["tokens"],
            attention_head_dim=tuple(width // 32 for width in sizes["widths"]),  # heads, in truth
        )
    )  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case [name, batch, repeats] if batch.isdigit() and repeats.isdigit():
            main(name, int(batch), int(repeats))
        case _:
            sys.exit("usage: python -m benchmarks.throughput RECIPE BATCH REPEATS")
