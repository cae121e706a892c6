"""Protein backbones, drawn from noise.

    for protein in proteins(n=4, length=80, seed=7): write([protein], f"{protein.title}.pdb")

Each has as many residues as one of the training set, drawn by its seed, or `length`; and which of
them are to be helix, strand or neither is drawn as well (modalities/plans.py), or as `structure`
says. One seed is one backbone, whatever else is drawn with it, but for how sums are rounded. The
walk draws the trace of CA; N, C and O follow from it (modalities/backbones.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstir.core.levels import Denoise, Level
from unstir.core.noise import seeds as following
from unstir.modalities import plans
from unstir.modalities.backbones import Completion, from_json
from unstir.modalities.chains import SCALE, masks, noise, relaxed
from unstir.modalities.proteins import UNKNOWN, Protein
from unstir.runtimes.manifest import Manifest
from unstir.runtimes.model import Model
from unstir.tasks.letters import letters
from unstir.tasks.motif import Motif
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.process import Process
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import BadRequest, number, whole
from unstir.tasks.structures import sizes

GROUP = 16
"""Chains that are drawn together."""
ROUNDS, LATE = 10, 0.5
"""Rounds of relaxing an estimate, and the time below which it is one of a chain."""
SURE = 0.1
"""Temperature of letters (Dauparas et al. 2022)."""


@dataclass(frozen=True)
class Folded:
    """The backbones of a request, drawn as they are asked for, around a `motif` if there is
    one."""

    model: Model
    way: Process
    seed: int
    n: int
    length: int | None
    temperature: float
    relax: bool
    recipe: Recipe
    structure: str | None = None
    motif: Motif | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Protein]:
        for first in range(0, self.n, GROUP):
            yield from self.group(range(first, min(first + GROUP, self.n)))

    @property
    def stays(self) -> Protein | None:
        """What each has before it is drawn."""
        if self.motif is None:
            return None
        numbers = tuple(range(1, len(self.motif.xyz) + 1))
        return Protein(self.motif.xyz, self.motif.sequence, numbers)

    def record(self, i: int, file: str) -> str:
        """What the i-th was made from, for a file of that name."""
        return json.dumps(replace(self.recipe, seed=self.seed + i).to_json(file))

    def group(self, which: range) -> list[Protein]:
        """Some of them."""
        each = following(self.seed + which[0], len(which))
        said = self.model.manifest.protein or {}
        counts = np.asarray(said["counts"])
        if self.motif is not None:
            counts = np.where(np.arange(len(counts)) < self.motif.least, 0, counts)
        lengths = sizes(each, counts.tolist(), self.length)
        mask = masks(lengths, self.model.manifest.shape[1])
        places = self.motif.places(each, lengths.tolist()) if self.motif else None
        source = noise(each, mask, self.temperature)
        told = self._told(each, lengths, mask, places)
        complete = from_json(dict(self.model.manifest.protein or {}))
        denoise = again(self.model, told, self.relax, self.motif, places, complete)
        x = self.way.path[0].sigma * source(-1)
        for step in self.way.sampler(denoise, x, self.way.path, noise=source):
            x = step.x
        texts = self._texts(x, lengths, each, places)
        made = []
        for i, length in enumerate(lengths.tolist()):
            ca = SCALE * x[i, :, :length].T.astype(np.float64)
            if self.motif is None or places is None:
                xyz = complete(ca)
            else:
                xyz = self.motif.exact(ca, places[i], complete)
            title = f"{self.recipe.name} {each[i]}"
            made.append(Protein(xyz, texts[i], tuple(range(1, length + 1)), title))
        return made

    def _told(
        self, seeds: Sequence[int], lengths: np.ndarray, mask: np.ndarray,
        places: list[np.ndarray] | None,
    ) -> np.ndarray:  # fmt: skip
        """What the network is told at first: no answer, which residues there are, and if it takes
        plans, what they are to be; of a motif it is told where it is."""
        own = [
            np.zeros((len(mask), 3, mask.shape[1])),
            mask[:, None],
            np.zeros_like(mask)[:, None],
        ]
        if usual := (self.model.manifest.protein or {}).get("plans"):
            if self.structure is None:
                texts = plans.from_json(usual).seeded(seeds, lengths.tolist())
            else:
                texts = [self.structure] * len(mask)
            own.append(plans.channels(texts, mask.shape[1]))
            for row, where in zip(own[-1], places or (), strict=False):
                row[:, where] = 0
        return np.concatenate(own, 1).astype(np.float32)

    def _texts(
        self, x: np.ndarray, lengths: np.ndarray, seeds: Sequence[int],
        places: list[np.ndarray] | None,
    ) -> list[str]:  # fmt: skip
        """Letters of all: a motif's own where it has them, X where nobody says."""
        kept = [self.motif.kept(row) for row in places or ()] if self.motif else None
        if "letters" in self.model.graphs:
            given = letters(self.model, x, lengths.tolist(), seeds, SURE, kept)
        else:
            given = [UNKNOWN * length for length in lengths]
        if kept is None:
            return given
        return [
            "".join(known.get(place, letter) for place, letter in enumerate(text))
            for known, text in zip(kept, given, strict=True)
        ]


def proteins(
    *,
    model: str = "proteins",
    n: int = 1,
    seed: int | None = None,
    length: int | None = None,
    structure: str | None = None,
    temperature: float | None = None,
    relax: bool = True,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Folded:
    """Draw protein backbones.

    Args:
        n: How many; backbone i has the seed SEED + i.
        length: How many residues each has, where it is not drawn.
        structure: What they are to be, helix (H), strand (E), neither (C) or either (?), as
            H20C4H18, where it is not drawn.
        temperature: Of the noise along the walk; below 1 surer, 1 as the data are spread.
        relax: Hold bonds, and room between residues, at every step of the second half.
    """
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="protein", steps=steps,
        sampler=sampler, spacing=spacing,
    )  # fmt: skip
    return folding(ready, n, length, structure, temperature, relax)


def folding(
    ready: Prepared, n: int, length: int | None, structure: str | None,
    temperature: float | None, relax: bool, motif: Motif | None = None, **record: Any,
) -> Folded:  # fmt: skip
    """The run that draws n backbones; `record` is what the recipe needs besides."""
    manifest = ready.model.manifest
    counts = (manifest.protein or {})["counts"]
    known = [n for n, count in enumerate(counts) if count]
    least = max(known[0], motif.least if motif else 0)
    around = f"; the motif and what is drawn take {motif.least}" if motif else ""
    if least > known[-1]:
        raise BadRequest(f"{manifest.name} draws up to {known[-1]} residues{around}")
    plan = None if structure is None else _planned(manifest, structure, length)
    length = length if plan is None else len(plan)
    if length is not None and not least <= whole("length", length, 1, 10**6) <= known[-1]:
        raise BadRequest(
            f"length is {length}; {manifest.name} draws {known[0]} to {known[-1]} residues{around}"
        )
    usual = float(manifest.defaults.get("temperature", 1.0))
    heat = number("temperature", usual if temperature is None else temperature, 0, 10)
    own = {"temperature": heat, "length": length, "structure": structure,
           "no_relax": None if relax else True}  # fmt: skip
    given = {name: value for name, value in own.items() if value is not None}
    options = record.pop("options", {}) | given
    recipe = replace(ready.recipe(pixels=(0, 0), options=options, **record), scale=None)
    notes = motif.notes if motif else ()
    return Folded(
        ready.model, ready.way, ready.seed, n, length, heat, relax, recipe, plan, motif, notes
    )


def _planned(manifest: Manifest, structure: str, length: int | None) -> str:
    """A letter for each residue."""
    if "plans" not in (manifest.protein or {}):
        raise BadRequest(f"{manifest.name} was not taught to be told a structure")
    try:
        plan = plans.parse(structure)
    except ValueError as error:
        raise BadRequest(f"structure is {error}") from None
    if length not in (None, len(plan)):
        raise BadRequest(f"structure says what {len(plan)} residues are; length is {length}")
    return plan


def again(
    model: Model, told: np.ndarray, relax: bool, motif: Motif | None,
    places: list[np.ndarray] | None, complete: Completion,
) -> Denoise[np.ndarray]:  # fmt: skip
    """The model's denoiser, `told` (networks/frames.py) each time besides what it answered before
    (Chen et al. 2023), and from the second time on where the motif is; made anew for each walk.
    `relax`: late answers are made chains, around the motif as it is laid."""
    mask = told[:, 3]

    def denoise(z: np.ndarray, t: Level) -> np.ndarray:
        out, held = model.net(z, t.t, extra=told), np.zeros_like(mask)
        if motif is not None and places is not None:
            for i, where in enumerate(places):
                trace = SCALE * out[i, :, mask[i] > 0].astype(np.float64)
                held[i, motif.lay(trace, where, complete)] = 1
                out[i, :, : len(trace)] = trace.T / SCALE
                told[i, 4, where] = 1
        if relax and t.t < LATE:
            out = relaxed(out, mask, ROUNDS, held)
        told[:, :3] = out
        return out

    return denoise
