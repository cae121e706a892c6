"""Small molecules in space, from QM9: positions, kinds and bonds drawn together.

    unstir train molecules --out runs/molecules      # fetches qm9pack by pip; needs rdkit
    unstir train molecules-h --start molecules --out runs/whole

`molecules` are heavy atoms only (up to nine of C, N, O, F), and hydrogens follow from valences;
`molecules-h` draws them like others, and may begin from the weights of the former. One state holds
all (modalities/structures.py), the objective is objectives/molecule.py, the network
networks/pairs.py. Figures: their cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.schedules import from_json
from unstir.datasets import qm9
from unstir.folders import cache_dir
from unstir.modalities.structures import BONDS, channels, pack
from unstir.networks.build import build
from unstir.objectives.denoising import logit_normal
from unstir.objectives.molecule import Molecule
from unstir.recipes.card import write_card
from unstir.recipes.pipeline import by_one
from unstir.recipes.recipe import Events, Progress
from unstir.recipes.start import warm
from unstir.recipes.wishes import of_values, told
from unstir.runtimes.export import write
from unstir.training import distributed
from unstir.training.loop import train
from unstir.training.settings import Settings
from unstir.training.snapshots import export_ema


@dataclass(frozen=True)
class Atoms:
    """Everything that decides the training of a model of molecules in space.

    Args:
        name, title: of the model.
        hydrogens: whether they are atoms like others, or follow from valences.
        properties: numbers of the data that molecules can be wished to have.
        known: how often each of them is told in training; guidance needs them left out too.
        sizes: the network's constructor arguments beyond kinds, atoms and tokens.
        schedule, times: the forward process, and mean and deviation of logit-normal times.
        trainer: settings of the training.
        defaults: sampler, steps and spacing.
        licences: of the data.
    """

    name: str
    title: str
    hydrogens: bool
    trainer: Settings
    properties: tuple[str, ...] = ()
    known: float = 0.5
    sizes: dict[str, Any] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=lambda: {"name": "flow", "shift": 1.0})
    times: tuple[float, float] = (-0.4, 1.2)
    defaults: dict[str, Any] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)


recipe = Atoms(
    name="molecules",
    title="Small organic molecules in space",
    hydrogens=False,
    trainer=Settings(
        steps=20_000, batch=64, lr=1e-3, muon_lr=0.01, warmup=300, cooldown=0.4, ema=(0.1,)
    ),
    properties=("gap", "dipole"),
    defaults={"sampler": "ddim", "steps": 100, "scale": 1.0, "spacing": "uniform"},
    licences={
        "QM9 by qm9pack": "MIT, Copyright (c) Raghunathan Ramakrishnan; data: Ramakrishnan et al. "
        "2014, Scientific Data 1, 140022 (CC0)"
    },
)


whole = replace(
    recipe,
    name="molecules-h",
    title="Small organic molecules in space, with their hydrogens",
    hydrogens=True,
    trainer=Settings(
        steps=5_000, batch=32, lr=1e-3, muon_lr=0.01, warmup=100, cooldown=0.6, ema=(0.1,)
    ),
)


def run(recipe: Atoms, out: Path, start: Path | None = None) -> Events:
    """Train into the folder `out`; the same call goes on after any stop. `start` is a model to
    begin from."""
    group = distributed.group(recipe.trainer.device)
    out.mkdir(parents=True, exist_ok=True)
    yield from by_one(group, _data())
    molecules = of(recipe, qm9.load(cache_dir() / "qm9").split("train"))
    data = States(molecules, recipe.properties, recipe.known)
    net = build("pairs", sizes(recipe, data))
    net = warm(net, {"denoiser": start} if start else {}, "denoiser")
    objective = Molecule(from_json(recipe.schedule), logit_normal(*recipe.times))
    for event in train(net, objective, data, recipe.trainer, out / "denoiser"):
        yield Progress("denoiser", event.step, event.steps, event)
    if group.first:
        net.load_state_dict(export_ema(out / "denoiser", recipe.trainer.ema[-1]))
        done = write(out, manifest(recipe, data), net, None)
        write_card(out, done, len(data), sum(p.numel() for p in net.parameters()))
    yield Progress("done", 1, 1)


def _data() -> Iterator[Progress]:
    for done, total in qm9.building(cache_dir() / "qm9"):
        yield Progress("molecules", done, total)


def of(recipe: Atoms, molecules: qm9.Molecules) -> qm9.Molecules:
    """With hydrogens or without, as the recipe has it."""
    return molecules if recipe.hydrogens else molecules.heavy()


def sizes(recipe: Atoms, data: States) -> dict[str, Any]:
    """The network's constructor arguments."""
    told = {"tokens": data.numbers.width} if data.numbers else {}
    return {"kinds": data.kinds, "atoms": data.atoms, **told, **recipe.sizes}


def manifest(recipe: Atoms, data: States) -> dict[str, Any]:
    """What model.json says before graphs and files are known."""
    return {
        "kind": "molecule",
        "name": recipe.name,
        "title": recipe.title,
        "network": {"name": "pairs", "sizes": sizes(recipe, data)},
        "codec": None,
        "condition": data.numbers.to_json() if data.numbers else None,
        "molecule": {
            "kinds": list(qm9.TOKENS[: data.kinds]),
            "scale": data.scale,
            "counts": data.counts.tolist(),
        },
        "schedule": recipe.schedule,
        "parametrization": "x0",
        "shape": [channels(data.kinds, data.atoms), data.atoms],
        "size": [data.atoms],
        "defaults": recipe.defaults,
        "licences": recipe.licences,
        "aliases": {},
        "training": {"ema": recipe.trainer.ema[-1], "settings": recipe.trainer.to_json()},
    }


class States:
    """Molecules as states: {"x": (B, C, N), "mask": (B, N)}, and where there are `properties`
    their "tokens" and "token_mask", each told in a share `known` of the samples.

    `scale` is the deviation of all coordinates in angstrom, `counts[n]` how many molecules have
    n atoms.
    """

    def __init__(
        self, molecules: qm9.Molecules, properties: Sequence[str] = (), known: float = 0.5
    ) -> None:
        self.molecules, self.known = molecules, known
        self.values = np.array([molecules.properties[name] for name in properties]).T
        self.numbers = of_values(properties, self.values) if properties else None
        there = molecules.tokens > 0
        self.kinds = len(qm9.TOKENS) - (not (molecules.tokens == len(qm9.TOKENS)).any())
        self.atoms = molecules.tokens.shape[1]
        self.scale = float(molecules.positions[there].std())
        self.counts = np.bincount(there.sum(1), minlength=self.atoms + 1)

    def __len__(self) -> int:
        return len(self.molecules)

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        tokens, bonds = self.molecules.tokens[indices], self.molecules.bonds[indices]
        longest = int((tokens > 0).sum(1).max())
        tokens, bonds = tokens[:, :longest], bonds[:, :longest, :longest]
        mask = (tokens > 0).astype(np.float32)
        h = np.eye(self.kinds + 1, dtype=np.float32)[tokens][..., 1:]
        e = np.eye(BONDS, dtype=np.float32)[bonds]
        pairs = mask[:, :, None] * mask[:, None] * (1 - np.eye(longest, dtype=np.float32))
        x = self.molecules.positions[indices, :longest] / self.scale
        out = {"x": pack(x, h, e * pairs[..., None]).astype(np.float32), "mask": mask}
        if self.numbers is None:
            return out
        return out | told(self.numbers, self.values[indices], indices, self.known)
