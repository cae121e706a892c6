"""Molecules in space, drawn from noise.

    run = structures(n=100, seed=7)
    write([molecule for molecule in run], "out.sdf")       # modalities/sdf.py

Each has as many atoms as one of the training set, drawn by its seed, or `atoms`. One seed is one
molecule, whatever else is drawn with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstir.core.guidance.cfg import cfg
from unstir.core.levels import Denoise, Level
from unstir.core.noise import seeds as following
from unstir.core.noise import uniform
from unstir.modalities.chains import masks
from unstir.modalities.image_text import KEY
from unstir.modalities.sdf import Structure, of_kind
from unstir.modalities.structures import noise, unpack
from unstir.runtimes.model import Model, paired
from unstir.tasks.kept import Hold, Kept
from unstir.tasks.prepared import Prepared, prepare
from unstir.tasks.process import Process
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import BadRequest, whole
from unstir.tasks.subject import Subject

GROUP = 64
"""Molecules that are drawn together."""


@dataclass(frozen=True)
class Drawn:
    """The molecules of a request, drawn as they are asked for, around what is `kept` if
    anything is."""

    model: Model
    way: Process
    seed: int
    n: int
    atoms: int | None
    recipe: Recipe
    about: Subject
    kept: Kept | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Structure]:
        for first in range(0, self.n, GROUP):
            yield from self.group(range(first, min(first + GROUP, self.n)))

    def tagged(self, file: str) -> Iterator[Structure]:
        """The same, each with what it was made from, for a file of that name."""
        for i, molecule in enumerate(self):
            said = json.dumps(replace(self.recipe, seed=self.seed + i).to_json(file))
            title = f"{self.recipe.name} {self.seed + i}"
            yield replace(molecule, title=title, tags={KEY: said})

    def others(self, made: Sequence[Structure]) -> int:
        """How many of them are another stereoisomer than what is kept."""
        return 0 if self.kept is None else sum(not self.kept.same(each) for each in made)

    def group(self, which: range) -> list[Structure]:
        """Some of them."""
        each = following(self.seed + which[0], len(which))
        said = self.model.manifest.molecule or {}
        kinds, scale = said["kinds"], said["scale"]
        fewest = 0 if self.kept is None else len(self.kept) + self.kept.placed
        enough = [count if n >= fewest else 0 for n, count in enumerate(said["counts"])]
        mask = masks(sizes(each, enough, self.atoms), self.model.manifest.shape[1])
        source = noise(each, mask, len(kinds))
        hold = None if self.kept is None else self.kept.holding(mask, kinds, scale)
        denoise = again(self.model, self.way, self.about, mask, hold)
        x = self.way.path[0].sigma * source(-1)
        for step in self.way.sampler(denoise, x, self.way.path, noise=source):
            x = step.x
        made = finished(x, mask, kinds, scale)
        return made if self.kept is None else [self.kept.exact(molecule) for molecule in made]


def structures(
    *,
    model: str = "molecules",
    n: int = 1,
    seed: int | None = None,
    atoms: int | None = None,
    want: str | None = None,
    scale: float | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Drawn:
    """Draw molecules.

    Args:
        atoms: How many each has, where it is not drawn: without hydrogens if the model has none.
        want: Numbers that they shall have, where the model knows of any: gap=5,dipole=2.
        scale: How strongly they shall (1: as they are distributed).
        n: How many molecules; molecule i has the seed SEED + i.
    """
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="molecule", want=want,
        steps=steps, sampler=sampler, spacing=spacing, scale=scale,
    )  # fmt: skip
    return drawing(ready, n, atoms, want=want, scale=scale)


def drawing(
    ready: Prepared, n: int, atoms: int | None, kept: Kept | None = None,
    want: str | None = None, scale: float | None = None, **record: Any,
) -> Drawn:  # fmt: skip
    """The run that draws n molecules; `record` is what the recipe needs besides."""
    least, most = 1 if kept is None else len(kept), ready.model.manifest.shape[1]
    name, around = ready.model.manifest.name, "" if kept is None else f", and {least} are kept"
    if atoms is not None and not least <= whole("atoms", atoms, 1, 10**6) <= most:
        raise BadRequest(f"atoms is {atoms}; {name} knows up to {most}{around}")
    if kept is not None and kept.placed and (most if atoms is None else atoms) == least:
        raise BadRequest(
            f"nothing is left to draw: {name} knows up to {most} atoms{around}; keep fewer, give "
            "more --atoms, or draw other shapes with --keep graph"
        )
    check_scale(ready.model, ready.about, scale)
    asked = {"atoms": atoms, "want": want}
    options = record.pop("options", {}) | {k: v for k, v in asked.items() if v is not None}
    recipe = ready.recipe(pixels=(0, 0), options=options, **record)
    if ready.about.pos is None or ready.about.empty:
        recipe = replace(recipe, scale=None)
    return Drawn(ready.model, ready.way, ready.seed, n, atoms, recipe, ready.about, kept)


def check_scale(model: Model, about: Subject, scale: float | None) -> None:
    """BadRequest for a strength that strengthens nothing."""
    if scale is None:
        return
    if about.pos is None:
        raise BadRequest(f"{model.manifest.name} takes no wishes; leave scale out")
    if about.empty and scale != model.manifest.defaults.get("scale", 1.0):
        raise BadRequest(
            f"scale is {scale:g}, and nothing is wished for; give want, or leave scale out"
        )


def sizes(seeds: Sequence[int], counts: Sequence[int], atoms: int | None) -> np.ndarray:
    """How many atoms each has: drawn like those of the training set, by its seed."""
    if atoms is not None:
        return np.full(len(seeds), atoms)
    shares = np.cumsum(counts) / np.sum(counts)
    return np.searchsorted(shares, uniform(seeds, (), field="atoms")(-1), side="right")


def again(
    model: Model, way: Process, about: Subject, mask: np.ndarray,
    hold: Hold | None = None,
) -> Denoise[np.ndarray]:  # fmt: skip
    """The model's denoiser, told each time what it answered before (Chen et al. 2023), guided
    where there is a wish, with what is known put in by `hold`; made anew for each walk."""
    shape = len(mask), model.manifest.shape[0], mask.shape[1]
    told = np.concatenate([np.zeros(shape, np.float32), mask[:, None]], 1)
    pos, neg, count = about.pos, about.neg, len(mask)

    def answer(z: np.ndarray, t: Level) -> np.ndarray:
        if pos is None or neg is None:
            return model.net(z, t.t, extra=told)
        return model.net(z, t.t, pos.states, pos.mask, extra=told)

    def both(z: np.ndarray, t: Level) -> tuple[np.ndarray, np.ndarray]:
        assert pos is not None
        assert neg is not None
        tokens, two = paired(pos, neg, count), np.concatenate([told, told])
        out = model.net(np.concatenate([z, z]), t.t, tokens.states, tokens.mask, extra=two)
        return out[:count], out[count:]

    guided = cfg(both, way.scale) if way.guided(pos, neg) else answer

    def denoise(z: np.ndarray, t: Level) -> np.ndarray:
        x0 = said = guided(z, t)
        if hold is not None:
            x0, said = hold(x0)
        told[:, :-1] = said
        return x0

    return denoise


def finished(
    z: np.ndarray, mask: np.ndarray, kinds: Sequence[str], scale: float
) -> list[Structure]:
    """States as molecules: the likeliest kinds and bonds."""
    x, h, e = unpack(z, len(kinds))
    return [
        _structure(x[i, : int(n)] * scale, h[i, : int(n)], e[i, : int(n), : int(n)], kinds)
        for i, n in enumerate(mask.sum(1))
    ]


def _structure(x: np.ndarray, h: np.ndarray, e: np.ndarray, kinds: Sequence[str]) -> Structure:
    symbols, charges = zip(*(of_kind(kinds[int(k)]) for k in h.argmax(-1)), strict=True)
    bonds = e.argmax(-1) * (1 - np.eye(len(x), dtype=int))
    return Structure(symbols, charges, x.astype(np.float64), bonds.astype(np.uint8))
