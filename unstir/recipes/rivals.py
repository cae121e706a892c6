"""Diffusion, GAN and VAE on equal terms: the same data, layers, parameters and training work.

    for event in contest(world, "gan", seed=0, rate=1.0, out=Path("runs/compare/gan-0")): ...
    net = loaded(world, "gan", Path("runs/compare/gan-0"))
    x, labels = sample(net, world, "gan", n=1000, seed=7)

Each player's network has as nearly the U-Net's number of parameters as its depth allows (the
critic and the encoder, which are not needed to draw, come on top), and trains until it has used
the world's budget of floating-point operations. `rate` multiplies its usual learning rates. The
settings in `PLAYERS` are usual ones; none has been searched for yet (docs/log.md).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstir.core.find import find
from unstir.core.levels import Level
from unstir.core.noise import gaussian
from unstir.core.parametrizations import denoiser
from unstir.core.paths import path
from unstir.core.schedules import flow
from unstir.networks.one_pass import Critic, Generator, Rivals, Variational
from unstir.networks.points import PointCritic, PointDenoiser, PointGenerator, PointVariational
from unstir.networks.unet import UNet
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.objectives.gan import Adversarial
from unstir.objectives.vae import Elbo
from unstir.recipes.worlds import World
from unstir.training import devices
from unstir.training.data import Arrays
from unstir.training.events import Event
from unstir.training.loop import train
from unstir.training.rng import Rng
from unstir.training.run import Task
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

LATENT, SAMPLER, MOST_BLOCKS, CHUNK = 64, "dpmpp_2m", 8, 256
POINTS_LATENT, POINTS_BATCH = 8, 512
"""Of data that are points: steps on few of them are all overhead."""


@dataclass(frozen=True)
class Player:
    """One of the three: its network, what it learns by, and how."""

    net: nn.Module
    objective: Any
    settings: Settings
    draws: nn.Module
    """The part that is needed to draw."""


def diffusion(world: World) -> Player:
    """A flow on the data itself."""
    net = _unet(world)
    objective = Denoising(flow(), "flow", times=logit_normal(0.0, 1.0), drop=0.0)
    settings = Settings(
        steps=1, batch=_batch(world), lr=2e-3, muon_lr=0.02, warmup=50, cooldown=0.5
    )
    return Player(net, objective, settings, net)


def gan(world: World) -> Player:
    """Relativistic, with both penalties."""
    if world.widths:
        generator = _nearest(
            world, lambda blocks: Generator(*_sizes(world, blocks), **_told(world))
        )
        critic: nn.Module = Critic(
            world.shape[0], world.shape[-1], world.widths, 2, **_told(world)
        )
    else:
        generator = PointGenerator(world.shape[0], POINTS_LATENT)
        critic = PointCritic(world.shape[0])
    latent = LATENT if world.widths else POINTS_LATENT
    settings = Settings(
        steps=1, batch=_batch(world), optimizer="adamw", lr=1e-3, betas=(0.0, 0.99), warmup=0,
        cooldown=0.5, clip=0, weight_decay=0,
    )  # fmt: skip
    augment = bool(world.widths) and len(world.train) < 2_000
    net = Rivals(generator, critic)
    penalty = 1.0 if world.widths else 0.1
    return Player(net, Adversarial(latent, penalty, augment), settings, generator)


def vae(world: World) -> Player:
    """Its deviation the best of each batch, the divergence grown in."""
    if world.widths:
        net: Any = _nearest(
            world, lambda blocks: Variational(*_sizes(world, blocks), **_told(world)),
            lambda net: net.generator,
        )  # fmt: skip
        draws: nn.Module = net.generator
    else:
        net = PointVariational(world.shape[0], POINTS_LATENT)
        draws = net.up
    settings = Settings(
        steps=1, batch=_batch(world), optimizer="adamw", lr=2e-3, warmup=50, cooldown=0.5,
        weight_decay=0,
    )  # fmt: skip
    return Player(net, Elbo(warmup=200), settings, draws)


PLAYERS: dict[str, Callable[[World], Player]] = {"diffusion": diffusion, "gan": gan, "vae": vae}


def _batch(world: World) -> int:
    return 64 if world.widths else POINTS_BATCH


def _unet(world: World) -> nn.Module:
    if not world.widths:
        return PointDenoiser(world.shape[0])
    sizes = {"widths": world.widths, "blocks": 1, "attention": [len(world.widths) - 1]}
    return UNet(world.shape[0], **sizes, embedding=64, tokens=world.classes)


def _sizes(world: World, blocks: int) -> tuple[Any, ...]:
    return world.shape[0], world.shape[-1], LATENT, world.widths, blocks


def _told(world: World) -> dict[str, int]:
    return {"tokens": world.classes, "embedding": 64}


def _nearest(
    world: World, make: Callable[[int], Any], part: Callable[[Any], nn.Module] = lambda net: net
) -> Any:
    """The network whose `part` is nearest to the U-Net in its number of parameters."""
    wanted = parameters(_unet(world))
    best = min(
        range(1, MOST_BLOCKS + 1), key=lambda n: abs(parameters(part(make(n))) / wanted - 1)
    )
    return make(best)


def parameters(net: nn.Module) -> int:
    """How many numbers it learns."""
    return sum(p.numel() for p in net.parameters())


@dataclass(frozen=True)
class Work:
    """Floating-point operations: of a step's training, for each sample, and the steps they buy."""

    sample: float
    steps: int


def work(player: Player, world: World) -> Work:
    """Counted by doing one step."""
    batch = {k: torch.from_numpy(v) for k, v in data(world).batch(np.arange(1)).items()}
    each = devices.work(Task(player.net, player.objective), batch, Rng(0, 0, range(1)))
    return Work(each, max(1, round(world.budget / (each * player.settings.batch))))


def data(world: World) -> Arrays:
    """What all learn from."""
    if world.labels is None:
        return Arrays(x=world.train)
    tokens = one_hot(world.labels, world.classes)
    return Arrays(x=world.train, tokens=tokens, token_mask=np.ones(tokens.shape[:2], np.float32))


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Labels (N,) as a condition of one token, (N, 1, classes)."""
    return np.eye(classes, dtype=np.float32)[labels][:, None]


def contest(
    world: World, family: str, out: Path, seed: int = 0, rate: float = 1.0,
    threads: int | None = None, preview: Any = None, previews: int = 0,
) -> Iterator[Event]:  # fmt: skip
    """Train one; the same call goes on after any stop."""
    torch.manual_seed(seed)
    player = PLAYERS[family](world)
    steps = work(player, world).steps
    every = max(1, steps // previews) if previews else 0
    lr, muon = player.settings.lr * rate, player.settings.muon_lr * rate
    settings = replace(
        player.settings, steps=steps, seed=seed, lr=lr, muon_lr=muon, ema=(0.1,), log_every=1,
        threads=threads, preview_every=every,
    )  # fmt: skip
    yield from train(player.net, player.objective, data(world), settings, out, preview=preview)


def loaded(world: World, family: str, run: Path) -> nn.Module:
    """A trained one, its weights averaged."""
    player = PLAYERS[family](world)
    player.net.load_state_dict({k: v.float() for k, v in export_ema(run, 0.1).items()})
    return player.net.eval()


def sample(
    net: nn.Module, world: World, family: str, n: int, seed: int, evaluations: int = 1
) -> tuple[np.ndarray, np.ndarray | None]:
    """n samples and the labels they were asked for, each class in turn; sample i is a function of
    (seed, i), whatever the family."""
    labels = np.arange(n) % world.classes if world.classes else None
    parts = []
    with torch.inference_mode():
        for first in range(0, n, CHUNK):
            rows = range(first, min(n, first + CHUNK))
            told = () if labels is None else _tokens(labels[rows.start : rows.stop], world)
            parts.append(_drawn(net, world, family, [seed + i for i in rows], told, evaluations))
    return np.concatenate(parts), labels


def _tokens(labels: np.ndarray, world: World) -> tuple[Tensor, Tensor]:
    states = torch.from_numpy(one_hot(labels, world.classes))
    return states, torch.ones(states.shape[:2])


def _drawn(
    net: nn.Module, world: World, family: str, seeds: list[int], told: tuple[Tensor, ...],
    evaluations: int,
) -> np.ndarray:  # fmt: skip
    if family != "diffusion":
        z = gaussian(seeds, (LATENT if world.widths else POINTS_LATENT,))(-1)
        return net(torch.from_numpy(z), *told).numpy()

    def raw(x: Tensor, t: Level) -> Tensor:
        return net(x, torch.full((len(x),), t.t), *told)

    noise = gaussian(seeds, world.shape, to=torch.from_numpy)
    walk = find("samplers", SAMPLER)
    steps = sys.modules[walk.__module__].COST.steps_for(evaluations)
    levels = path(flow(), steps)
    x = levels[0].sigma * noise(-1)
    for step in walk(denoiser(raw, "flow"), x, levels, noise=noise):
        x = step.x
    return x.numpy()
