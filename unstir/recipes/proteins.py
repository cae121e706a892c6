"""Protein backbones of 40 to 128 residues, from chains of the Protein Data Bank.

    unstir train proteins --out runs/proteins      # fetches a Debian package, 371 MB

Drawn is the trace of CA (modalities/chains.py), by networks/frames.py taught by
objectives/chain.py; N, C and O follow from it by a regression on the same chains
(modalities/backbones.py). Chains are those of datasets/proteins.py that are globular. Figures: its
card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from unstir.core.discrete.process import PAD
from unstir.core.schedules import from_json
from unstir.datasets import proteins
from unstir.folders import cache_dir
from unstir.modalities.backbones import Completion, learn
from unstir.modalities.chains import SCALE, masks
from unstir.modalities.folds import secondary
from unstir.modalities.plans import channels
from unstir.modalities.plans import learn as learned
from unstir.modalities.proteins import RESIDUES
from unstir.networks.build import build
from unstir.objectives.chain import Chain
from unstir.objectives.denoising import logit_normal
from unstir.objectives.masking import Counting
from unstir.recipes.card import write_card
from unstir.recipes.pipeline import by_one
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.runtimes.export import add_letters, write
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema

ALIKE = 512
"""Chains, next to each other by length, that a batch is taken from."""


@dataclass(frozen=True)
class Backbones:
    """Everything that decides the training of a model of protein chains.

    Args:
        name, title: of the model.
        sizes: the denoiser's constructor arguments.
        schedule, times: the forward process, and mean and deviation of logit-normal times.
        trainer: settings of its training.
        writes, writer: the same of the network that gives chains their letters.
        shaken: angstrom that CA are moved by on average, along each axis, while it learns; what is
            drawn is not as exact as what is measured (Dauparas et al. 2022, ProteinMPNN).
        defaults: sampler, steps, spacing and temperature.
        licences: of the data.
    """

    name: str
    title: str
    trainer: Settings
    sizes: dict[str, Any] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=lambda: {"name": "flow", "shift": 1.0})
    times: tuple[float, float] = (-0.5, 1.2)
    writes: dict[str, Any] = field(default_factory=dict)
    writer: Settings = field(default_factory=Settings)
    shaken: float = 0.1
    defaults: dict[str, Any] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)


recipe = Backbones(
    name="proteins",
    title="Protein backbones of 40 to 128 residues",
    sizes=dict(width=128, depth=6, heads=8, planned=True),
    trainer=Settings(
        steps=5_000, batch=16, lr=1e-3, muon_lr=0.01, warmup=100, cooldown=0.4, ema=(0.1,)
    ),
    writes=dict(width=128, depth=4, heads=8),
    writer=Settings(
        steps=3_000, batch=16, lr=1e-3, muon_lr=0.01, warmup=100, cooldown=0.5, ema=(0.1,)
    ),
    defaults={"sampler": "ddim", "steps": 50, "scale": 1.0, "spacing": "uniform",
              "temperature": 1.0},
    licences={
        "chains of the PDB by promod3-data": "Apache-2.0, Copyright (c) SIB and Biozentrum, "
        "University of Basel (Studer et al. 2021); coordinates: wwPDB, CC0",
    },
)  # fmt: skip


def run(recipe: Backbones, out: Path, start: Path | None = None) -> Events:
    """Train into the folder `out`, the denoiser and then what gives letters; the same call goes on
    after any stop. `start` is a model to begin from; its letters stay as they are."""
    group = distributed.group(recipe.trainer.device)
    out.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _data())
    chains = proteins.load(cache_dir() / "proteins").split("train").globular()
    data, net = States(chains), build("frames", recipe.sizes)
    net = warm(net, {"denoiser": start} if start else {}, "denoiser")
    objective = Chain(from_json(recipe.schedule), logit_normal(*recipe.times))
    for event in train(net, objective, data, recipe.trainer, out / "denoiser"):
        yield Progress("denoiser", event.step, event.steps, event)
    writer = build("letters", recipe.writes)
    if start is None:
        yield from write_letters(recipe, writer, chains, out)
    if group.first:
        net.load_state_dict(export_ema(out / "denoiser", recipe.trainer.ema[-1]))
        completion = learn(chains.chain(i) for i in range(len(chains)))
        write(out, manifest(recipe, data, completion), net, None)
        if start is None:
            writer.load_state_dict(export_ema(out / "letters", recipe.writer.ema[-1]))
        else:
            writer = warm(writer, {"letters": start}, "letters")
        done = add_letters(out, writer, recipe.writes, recipe.writer.to_json())
        write_card(out, done, len(data), sum(p.numel() for p in net.parameters()))
    yield Progress("done", 1, 1)


def write_letters(
    recipe: Backbones, net: nn.Module, chains: proteins.Proteins, out: Path
) -> Events:
    """Train the network that gives chains their letters."""
    data = Texts(chains, recipe.shaken)
    for event in train(net, Counting(), data, recipe.writer, out / "letters"):
        yield Progress("letters", event.step, event.steps, event)


def _data() -> Iterator[Progress]:
    for done, total in proteins.building(cache_dir() / "proteins"):
        yield Progress("chains", done, total)


def manifest(recipe: Backbones, data: States, completion: Completion) -> dict[str, Any]:
    """What model.json says before graphs and files are known."""
    longest = len(data.counts) - 1
    return {
        "kind": "protein",
        "name": recipe.name,
        "title": recipe.title,
        "network": {"name": "frames", "sizes": recipe.sizes},
        "codec": None,
        "condition": None,
        "protein": {"counts": data.counts.tolist(), "plans": learned(data.plans).to_json(),
                    **completion.to_json()},
        "schedule": recipe.schedule,
        "parametrization": "x0",
        "shape": [3, longest],
        "size": [longest],
        "defaults": recipe.defaults,
        "licences": recipe.licences,
        "aliases": {},
        "training": {"ema": recipe.trainer.ema[-1], "settings": recipe.trainer.to_json()},
    }  # fmt: skip


class States:
    """Chains as states: {"x": (B, 3, N), "mask": (B, N), "plan": (B, 3, N)}, N that of the longest
    of a batch; a plan is what a chain is, helix, strand or neither.

    The chains of a batch are of like lengths, so that little is padding: the first index says
    which, the others pick among the `ALIKE` next to it. `counts[n]` is how many have n residues.
    """

    def __init__(self, chains: proteins.Proteins) -> None:
        self.order = np.argsort(chains.lengths, kind="stable")
        self.chains = [chains.chain(i)[:, 1] / SCALE for i in self.order]
        self.plans = [secondary(SCALE * x) for x in self.chains]
        self.counts = np.bincount(chains.lengths)

    def __len__(self) -> int:
        return len(self.chains)

    def places(self, indices: np.ndarray) -> list[int]:
        """Which chains a batch is made of."""
        alike = min(ALIKE, len(self))
        first = np.clip(indices[0] - alike // 2, 0, len(self) - alike)
        return [int(first + i % alike) for i in indices]

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        places = self.places(indices)
        picked = [self.chains[place] for place in places]
        mask = masks([len(x) for x in picked])
        out = np.zeros((len(picked), 3, mask.shape[1]), np.float32)
        for row, x in zip(out, picked, strict=True):
            row[:, : len(x)] = (x - x.mean(0)).T
        plan = channels([self.plans[place] for place in places], mask.shape[1])
        return {"x": out, "mask": mask, "plan": plan}


class Texts:
    """Chains and their letters: {"x": (B, N) int64, PAD beyond each, "extra": (B, 3, N) CA}, moved
    a little by the noise of the batch."""

    def __init__(self, chains: proteins.Proteins, shaken: float) -> None:
        self.states, self.shaken = States(chains), shaken / SCALE
        index = {letter: i for i, letter in enumerate(RESIDUES)}
        self.letters = [
            np.array([index[letter] for letter in chains.letters(i)[0]]) for i in self.states.order
        ]

    def __len__(self) -> int:
        return len(self.states)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        told = self.states.batch(indices)
        rng = np.random.default_rng([int(i) for i in indices])
        noise = self.shaken * rng.standard_normal(told["x"].shape, np.float32)
        x = np.full(told["mask"].shape, PAD, np.int64)
        for row, place in zip(x, self.states.places(indices), strict=True):
            row[: len(self.letters[place])] = self.letters[place]
        return {"x": x, "extra": told["x"] + noise * told["mask"][:, None]}
