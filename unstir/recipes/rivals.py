"""Diffusion, its student, GAN and VAE on equal terms: the same data, layers and training work.

    for event in contest(world, "gan", Path("runs/compare/gan-0"), seed=0, rate=1.0): ...
    net = loaded(world, "gan", Path("runs/compare/gan-0"))
    x, labels = sample(net, world, "gan", n=1000, seed=7)

Each trains until it has used the world's budget of floating-point operations. The student's is
split: half for a teacher, a quarter for the teacher's ways from noise to data, a quarter for
itself. `rate` multiplies the usual learning rates.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstir.core.find import find
from unstir.core.guidance.keep import keep
from unstir.core.levels import Level
from unstir.core.noise import gaussian
from unstir.core.parametrizations import denoiser
from unstir.core.paths import path
from unstir.core.schedules import flow
from unstir.recipes.players import PLAYERS, data, latent, told, work
from unstir.recipes.worlds import World
from unstir.training.data import Arrays
from unstir.training.devices import Counter
from unstir.training.events import Event
from unstir.training.loop import train
from unstir.training.snapshots import export_ema

SAMPLER, CHUNK, WIDTH = "dpmpp_2m", 256, 0.1
"""WIDTH: of the averaged weights that are measured (sigma_rel)."""
TAUGHT = 0.5
"""Share of the student's work that trains its teacher; half of the rest goes into the ways."""
EVALUATIONS = 10
"""Of the network for each of the teacher's ways."""
FIRST_WAY = 2**40
"""Of the seeds that the teacher's ways begin from; far from those that are measured."""


def contest(
    world: World, family: str, out: Path, seed: int = 0, rate: float = 1.0,
    threads: int | None = None, preview: Any = None, previews: int = 0,
    choices: dict[str, Any] | None = None,
) -> Iterator[Event]:  # fmt: skip
    """Train one; the same call goes on after any stop. `choices` are keywords of its player."""
    spent, learned = world.budget, data(world)
    torch.manual_seed(seed)
    player = PLAYERS[family](world, **(choices or {}))
    if family == "student":
        half = replace(world, budget=TAUGHT * spent)
        yield from contest(half, "diffusion", out / "teacher", seed, rate, threads)
        teacher = loaded(world, "diffusion", out / "teacher")
        spent *= (1 - TAUGHT) / 2
        learned = _ways(teacher, world, seed, spent, out)
        player.net.load_state_dict(teacher.state_dict())
    steps = work(player, world, spent).steps
    every = max(1, steps // previews) if previews else 0
    lr, muon = player.settings.lr * rate, player.settings.muon_lr * rate
    settings = replace(
        player.settings, steps=steps, seed=seed, lr=lr, muon_lr=muon, ema=(WIDTH,), log_every=1,
        threads=threads, preview_every=every,
    )  # fmt: skip
    yield from train(player.net, player.objective, learned, settings, out, preview=preview)


def _ways(teacher: nn.Module, world: World, seed: int, spent: float, out: Path) -> Arrays:
    """Where the teacher goes from noise, as many ways as `spent` operations pay for; kept."""
    count = max(1, round(spent / (EVALUATIONS * drawing(teacher, world, "diffusion"))))
    first = FIRST_WAY + seed * count
    labels = np.arange(count) % world.classes if world.classes else None
    file = out / "ways.npy"
    if not file.exists():
        ends, _ = sample(teacher, world, "diffusion", count, first, EVALUATIONS)
        np.save(out / "ways-begun.npy", ends)
        (out / "ways-begun.npy").replace(file)
    begin = gaussian(range(first, first + count), world.shape)(-1).astype(np.float32)
    times = np.tile(np.array([1, 0], np.float32), (count, 1))
    given = {} if labels is None else told(labels, world.classes)
    return Arrays(x=np.load(file), begin=begin, times=times, **given)


def loaded(world: World, family: str, run: Path) -> nn.Module:
    """A trained one, its weights averaged."""
    player = PLAYERS[family](world)
    player.net.load_state_dict({k: v.float() for k, v in export_ema(run, WIDTH).items()})
    return player.net.eval()


def drawing(net: nn.Module, world: World, family: str) -> float:
    """Floating-point operations of one evaluation for one sample, by doing it."""
    with Counter() as counter:
        sample(net, world, family, 1, 0, 1)
    return float(counter.total)


def sample(
    net: nn.Module, world: World, family: str, n: int, seed: int, evaluations: int = 1
) -> tuple[np.ndarray, np.ndarray | None]:
    """n samples and the labels they were asked for, each class in turn; sample i is a function of
    (seed, i), whatever the family."""
    labels = np.arange(n) % world.classes if world.classes else None
    parts = []
    for rows in _chunks(n):
        given, seeds = _given(labels, rows, world), [seed + i for i in rows]
        if family in ("gan", "vae"):
            z = torch.from_numpy(gaussian(seeds, (latent(world),))(-1))
            with torch.no_grad():
                parts.append(net(z, *given).numpy())
        else:
            parts.append(_walked(net, world, seeds, given, evaluations))
    return np.concatenate(parts), labels


def fill(
    net: nn.Module, world: World, known: np.ndarray, mask: np.ndarray,
    labels: np.ndarray | None, seed: int, evaluations: int,
) -> np.ndarray:  # fmt: skip
    """Samples of diffusion (N, *shape) that are `known` wherever `mask` (1, ...) is 0."""
    parts = []
    for rows in _chunks(len(known)):
        held = (torch.from_numpy(np.ascontiguousarray(known[rows.start : rows.stop])),
                torch.from_numpy(1 - mask))  # fmt: skip
        given = _given(labels, rows, world)
        seeds = [seed + i for i in rows]
        parts.append(_walked(net, world, seeds, given, evaluations, held))
    return np.concatenate(parts)


def rebuilt(net: Any, world: World) -> np.ndarray:
    """What a VAE makes of the held-out samples' means."""
    x, parts = torch.from_numpy(world.real), []
    for rows in _chunks(len(x)):
        given = _given(world.real_labels, rows, world)
        with torch.no_grad():
            mean, _ = net.encode(x[rows.start : rows.stop], *given)
            parts.append(net.decode(mean, *given).numpy())
    return np.concatenate(parts)


def _chunks(n: int) -> list[range]:
    return [range(first, min(n, first + CHUNK)) for first in range(0, n, CHUNK)]


def _given(labels: np.ndarray | None, rows: range, world: World) -> tuple[Tensor, ...]:
    """The condition of these samples."""
    if labels is None:
        return ()
    tokens = told(labels[rows.start : rows.stop], world.classes)
    return tuple(torch.from_numpy(part) for part in tokens.values())


def _walked(
    net: nn.Module, world: World, seeds: list[int], given: tuple[Tensor, ...], evaluations: int,
    held: tuple[Tensor, Tensor] | None = None,
) -> np.ndarray:  # fmt: skip
    """The way from noise to data."""

    def raw(x: Tensor, t: Level) -> Tensor:
        return net(x, torch.full((len(x),), t.t), *given)

    noise = gaussian(seeds, world.shape, to=torch.from_numpy)
    walk, denoise = find("samplers", SAMPLER), denoiser(raw, "flow")
    if held is not None:
        denoise = keep(denoise, *held)
    levels = path(flow(), sys.modules[walk.__module__].COST.steps_for(evaluations))
    x = levels[0].sigma * noise(-1)
    with torch.no_grad():
        for step in walk(denoise, x, levels, noise=noise):
            x = step.x
    return x.numpy()
