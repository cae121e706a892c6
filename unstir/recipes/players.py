"""Who plays in a comparison: networks of the same layers and size, and what each learns by.

    player = PLAYERS["gan"](world)                       # or with choices, as lr=0.001
    work(player, world).steps                            # that the world's budget pays for

Each network has as nearly the U-Net's number of parameters as its depth allows; the critic and
the encoder, which are not needed to draw, come on top. The settings are the best of a search with
as many trials for each (benchmarks/rivals.py, docs/comparison.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from unstir.core.schedules import flow
from unstir.networks.one_pass import Critic, Generator, Rivals, Variational
from unstir.networks.points import PointCritic, PointDenoiser, PointGenerator, PointVariational
from unstir.networks.unet import UNet
from unstir.objectives.denoising import Denoising, logit_normal
from unstir.objectives.gan import Adversarial
from unstir.objectives.trajectory import TrajectoryMatching
from unstir.objectives.vae import Elbo
from unstir.recipes.worlds import World
from unstir.training import devices
from unstir.training.data import Arrays
from unstir.training.rng import Rng
from unstir.training.run import Task
from unstir.training.settings import Settings

LATENT, MOST_BLOCKS, EMBEDDING, HEAD = 64, 8, 64, 32
"""HEAD: size of an attention head; narrower networks have none."""
POINTS_LATENT = 8
BATCH = {"points": 512, "small": 64, "patches": 32}
"""By the kind of data: steps on few points are all overhead."""
GAN_USUAL = {"points": (1e-3, 0.1, 128), "small": (5e-3, 0.3, 64), "patches": (2e-3, 0.5, 16)}
"""Learning rate, penalty and batch; a GAN's steps are dear, so it takes more of them on fewer
samples."""
SMALL = 2_000
"""With fewer samples to learn from the GAN's are augmented."""


@dataclass(frozen=True)
class Player:
    """Its network, what it learns by, and how; `draws` is the part that is needed to draw."""

    net: nn.Module
    objective: Any
    settings: Settings
    draws: nn.Module


def diffusion(
    world: World, *, lr: float = 7e-3, muon_lr: float = 7.5e-3, batch: int | None = None,
    location: float = 0.0,
) -> Player:  # fmt: skip
    """A flow on the data itself; `location` is that of the training times."""
    net = _unet(world)
    objective = Denoising(flow(), "flow", times=logit_normal(location, 1.0), drop=0.0)
    settings = Settings(
        steps=1,
        batch=batch or _batch(world),
        lr=lr,
        muon_lr=muon_lr,
        warmup=50,
        cooldown=0.5,
    )
    return Player(net, objective, settings, net)


def student(
    world: World, *, lr: float = 3.5e-3, muon_lr: float = 3.7e-3, batch: int | None = None
) -> Player:
    """The same network, to draw in one step."""
    net = _unet(world)
    settings = Settings(
        steps=1,
        batch=batch or _batch(world),
        lr=lr,
        muon_lr=muon_lr,
        warmup=50,
        cooldown=0.5,
    )
    return Player(net, TrajectoryMatching(), settings, net)


def gan(
    world: World, *, lr: float | None = None, penalty: float | None = None,
    batch: int | None = None, beta: float = 0.99,
) -> Player:  # fmt: skip
    """Relativistic, with both penalties."""
    usual = GAN_USUAL[_kind(world)]
    lr, penalty, batch = lr or usual[0], penalty or usual[1], batch or usual[2]
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
    settings = Settings(
        steps=1, batch=batch, optimizer="adamw", lr=lr, betas=(0.0, beta),
        warmup=0, cooldown=0.5, clip=0, weight_decay=0,
    )  # fmt: skip
    augment = bool(world.widths) and len(world.train) < SMALL
    objective = Adversarial(latent(world), penalty, augment, world.patch)
    return Player(Rivals(generator, critic), objective, settings, generator)


def vae(
    world: World, *, lr: float = 7e-3, batch: int | None = None, warmup: int = 200,
    free: float = 0.0,
) -> Player:  # fmt: skip
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
        steps=1, batch=batch or _batch(world), optimizer="adamw", lr=lr, warmup=50, cooldown=0.5,
        weight_decay=0,
    )  # fmt: skip
    return Player(net, Elbo(warmup, free), settings, draws)


PLAYERS: dict[str, Callable[..., Player]] = {
    "diffusion": diffusion, "student": student, "gan": gan, "vae": vae,
}  # fmt: skip


def latent(world: World) -> int:
    """Length of z."""
    return LATENT if world.widths else POINTS_LATENT


def _batch(world: World) -> int:
    return BATCH[_kind(world)]


def _kind(world: World) -> str:
    return "points" if not world.widths else "small" if world.patch == 1 else "patches"


def _unet(world: World) -> nn.Module:
    if not world.widths:
        return PointDenoiser(world.shape[0])
    attend = [len(world.widths) - 1] if world.widths[-1] % HEAD == 0 else []
    return UNet(world.shape[0], world.widths, 1, attend, embedding=EMBEDDING, tokens=world.classes)


def _sizes(world: World, blocks: int) -> tuple[Any, ...]:
    return world.shape[0], world.shape[-1], LATENT, world.widths, blocks


def _told(world: World) -> dict[str, int]:
    return {"tokens": world.classes, "embedding": EMBEDDING}


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


def work(player: Player, world: World, budget: float | None = None) -> Work:
    """Counted by doing one step; the budget is the world's if none is given."""
    batch = {k: torch.from_numpy(v) for k, v in data(world).batch(np.arange(1)).items()}
    batch |= {"begin": batch["x"], "times": torch.tensor([[1.0, 0.0]])}
    each = devices.work(Task(player.net, player.objective), batch, Rng(0, 0, range(1)))
    spent = world.budget if budget is None else budget
    return Work(each, max(1, round(spent / (each * player.settings.batch))))


def data(world: World) -> Arrays:
    """What all learn from."""
    if world.labels is None:
        return Arrays(x=world.train)
    return Arrays(x=world.train, **told(world.labels, world.classes))


def told(labels: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Labels (N,) as a condition of one token, (N, 1, classes), and its mask."""
    tokens = np.eye(classes, dtype=np.float32)[labels][:, None]
    return {"tokens": tokens, "token_mask": np.ones(tokens.shape[:2], np.float32)}
