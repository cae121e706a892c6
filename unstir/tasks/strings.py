"""Molecules as SMILES strings, drawn from hidden pieces.

    for molecule in strings(n=100, seed=7): print(molecule.text)

Each has as many pieces as one of the training set, drawn by its seed, or `length`. With a step for
each piece one is shown at a time. One seed is one string, whatever else is drawn with it.

    for molecule in decorate("c1ccc(*)cc1", n=10): ...     # what is written stays, * is drawn
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstir.core import paths
from unstir.core.discrete.guidance.temperature import temperature as tempered
from unstir.core.discrete.process import MASK, PAD, WHERE, subs
from unstir.core.discrete.samplers.gibbs import gibbs
from unstir.core.discrete.schedules import TABLE
from unstir.core.find import find, named
from unstir.core.guidance.cfg import cfg
from unstir.core.levels import Denoise, Level, NoiseSource
from unstir.core.noise import seeds as following
from unstir.core.noise import uniform
from unstir.core.schedules import level
from unstir.modalities.smiles import Pieces
from unstir.runtimes.model import Model, paired
from unstir.tasks.letters import useful
from unstir.tasks.prepared import first_seed, loaded_model
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import BadRequest, number, whole, words
from unstir.tasks.structures import check_scale, sizes
from unstir.tasks.subject import Subject, understood

GROUP = 256
"""Strings that are drawn together."""
FOURS = 4
"""Rows are as long as they need to be, and the next multiple of this."""


POINTS = re.compile(r"\[\d*\*(?::\d+)?\]")
"""Gaps as chemists write them: [*:1], [1*]."""
ATOMS = re.compile(r"\[[^\]]*\]")
BROKEN = re.compile(r"^[(=#:)\d.%-]|[=#:-][=#:).-]|\([()]|[=#:(.-]$")
"""What no SMILES string has anywhere, brackets of atoms apart: two bonds in a row, a branch of
nothing, a beginning or an end in the middle of something."""


@dataclass(frozen=True)
class Written:
    """One string, and the seed that makes it."""

    text: str
    seed: int


@dataclass(frozen=True)
class Writing:
    """The strings of a request, drawn as they are asked for."""

    model: Model
    seed: int
    n: int
    length: int | None
    temperature: float
    sweeps: int
    recipe: Recipe
    about: Subject
    scale: float
    kept: tuple[np.ndarray, ...] = ()
    """Pieces that stay; between each two of them something is drawn."""

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Written]:
        for first in range(0, self.n, GROUP):
            yield from self.group(range(first, min(first + GROUP, self.n)))

    def group(self, which: range) -> list[Written]:
        """Some of them."""
        each = following(self.seed + which[0], len(which))
        said, longest = self.model.manifest.string or {}, self.model.manifest.shape[0]
        least = sum(map(len, self.kept)) + max(0, len(self.kept) - 1)
        enough = [count if n >= least else 0 for n, count in enumerate(said["lengths"])]
        counts = sizes(each, enough, self.length)
        x = np.where(np.arange(longest) < counts[:, None], MASK, PAD)
        if self.kept:
            gaps = uniform(each, (longest,), field="gaps")(-1)
            x = np.stack([around(self.kept, *row) for row in zip(x, gaps, strict=True)])
        pieces, texts = pieces_of(self.model), {}
        widths = self._width((x != PAD).sum(1))
        for width in np.unique(widths):
            some = [each[i] for i in np.flatnonzero(widths == width)]
            for seed, row in zip(some, self._drawn(x[widths == width, :width], some), strict=True):
                texts[seed] = pieces.decode(row[row >= 0].tolist())
        return [Written(texts[seed], seed) for seed in each]

    def _width(self, count: np.ndarray) -> np.ndarray:
        """Places that rows of so many pieces are drawn in, which depends on nothing else."""
        longest = self.model.manifest.shape[0]
        if "x" not in self.model.manifest.graphs["denoiser"].free:
            return np.full_like(count, longest)
        return np.minimum(-(-count // FOURS) * FOURS, longest)

    def _drawn(self, x: np.ndarray, each: Sequence[int]) -> np.ndarray:
        """Rows with what is hidden in them drawn, each by its seed."""
        net, free = tempered(self._net(len(each)), self.temperature), x == MASK
        process, known = TABLE[self.model.manifest.schedule["name"]](), self.recipe
        spacing = paths.TABLE[known.spacing]
        steps = useful(known.sampler, known.steps, x.shape[1])
        path: list[Level] = paths.path(process, steps, spacing)
        for step in find("discrete.samplers", known.sampler)(
            net, x, path, noise=self._noise(each, x.shape[1], "")
        ):
            x = step.x
        if not self.sweeps:
            return x
        steps = self.sweeps * int(free.sum(1).max())
        path = [*[level(process, 1 / x.shape[1])] * (steps + 1), level(process, 0.0)]
        noise = in_turn(self._noise(each, x.shape[1], "sweeps"), free, self.sweeps)
        for step in gibbs(net, x, path, noise=noise, free=free):
            x = step.x
        return x

    def _noise(self, each: Sequence[int], width: int, field: str) -> NoiseSource[np.ndarray]:
        source = uniform(each, (self.model.manifest.shape[0],), field=field)
        return lambda step, draw=0: source(step, draw)[:, :width]

    def _net(self, count: int) -> Denoise[np.ndarray]:
        """Log-probabilities of the pieces, guided where there is a wish."""
        graph, pos, neg = self.model.graphs["denoiser"], self.about.pos, self.about.neg
        if pos is None or neg is None:
            return subs(lambda z, t: graph(z.astype(np.float32)))
        tokens = paired(pos, neg, count)

        def told(z: np.ndarray, rows: slice) -> np.ndarray:
            return graph(z.astype(np.float32), tokens.states[rows], tokens.mask[rows])

        if self.scale == 1 or not pos.mask.any():
            return subs(lambda z, t: told(z, slice(count)))
        every = subs(lambda z, t: told(z, slice(None)))

        def both(z: np.ndarray, t: Level) -> tuple[np.ndarray, np.ndarray]:
            out = every(np.concatenate([z, z]), t)
            return out[:count], out[count:]

        return cfg(both, self.scale)

    def command(self, seed: int, file: str) -> list[str]:
        """The words of the command that writes the string of this seed alone."""
        return replace(self.recipe, seed=seed).command(file)


def in_turn(noise: NoiseSource[np.ndarray], free: np.ndarray, sweeps: int) -> NoiseSource[Any]:
    """Numbers by which `gibbs` hides one token of a row at a time, each of the `free` (B, L) in
    its turn, so many times: no two are drawn that do not know of each other (Geman & Geman 1984).
    It takes sweeps x tokens + 1 steps."""
    turn = np.where(free, noise(0, WHERE), 2.0).argsort(1).argsort(1)
    count = free.sum(1, keepdims=True).clip(1)

    def numbers(step: int, draw: int = 0) -> np.ndarray:
        now = free & (turn == step % count) & (step < sweeps * count)
        return np.where(now, np.finfo(float).tiny, 1.0) if draw == WHERE else noise(step, draw)

    return numbers


def around(kept: Sequence[np.ndarray], row: np.ndarray, u: np.ndarray) -> np.ndarray:
    """A row of MASK and PAD with the kept pieces in it, in their order: each gap has a place, and
    the places that are left go to gaps by the uniform numbers `u`."""
    count, gaps = int((row == MASK).sum()), len(kept) - 1
    free = count - sum(map(len, kept)) - gaps
    wide = 1 + np.bincount((u[:free] * gaps).astype(int), minlength=gaps)[:gaps]
    parts = [kept[0]]
    for width, part in zip(wide, kept[1:], strict=True):
        parts += [np.full(width, MASK), part]
    return np.concatenate([*parts, row[count:]]).astype(row.dtype)


def unbalanced(text: str, opens: str, closes: str) -> bool:
    """Whether anything closes in it that it did not open."""
    depths = np.cumsum([(symbol == opens) - (symbol == closes) for symbol in text])
    return bool((depths < 0).any())


def pieces_of(model: Model) -> Pieces:
    """What the model's tokens are."""
    said = model.manifest.string or {}
    return Pieces(tuple(said["symbols"]), tuple((a, b) for a, b in said["merges"]))


def strings(
    *,
    model: str = "smiles",
    n: int = 1,
    seed: int | None = None,
    length: int | None = None,
    temperature: float | None = None,
    want: str | None = None,
    scale: float | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    sweeps: int | None = None,
    threads: int | None = None,
) -> Writing:
    """Write molecules as strings.

    Args:
        n: How many; string i has the seed SEED + i.
        length: How many pieces each has, where it is not drawn.
        temperature: Below 1 surer, above 1 more varied.
        want: Numbers that they shall have, where the model knows of any: logp=2,weight=300.
        scale: How strongly they shall (1: as they are distributed).
        steps: In how many steps the pieces are shown; with fewer than pieces several at once, and
            more only with ancestral and remdm.
        sampler: Which are shown first: random_order, confidence, ancestral, remdm.
        sweeps: How often every piece is drawn anew, when all others are known.
    """
    asked: dict[str, Any] = {"steps": steps, "sampler": sampler, "spacing": spacing}
    asked |= {"sweeps": sweeps, "threads": threads}
    return _writing(model, n, seed, length, temperature, want, scale, **asked)


def decorate(
    smiles: str,
    *,
    model: str = "smiles",
    n: int = 1,
    seed: int | None = None,
    length: int | None = None,
    temperature: float | None = None,
    want: str | None = None,
    scale: float | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    sweeps: int | None = None,
    threads: int | None = None,
) -> Writing:
    """Complete a molecule that is written in part.

    Args:
        smiles: A SMILES string with a * wherever something is to be drawn.
    """
    asked: dict[str, Any] = {"steps": steps, "sampler": sampler, "spacing": spacing}
    asked |= {"sweeps": sweeps, "threads": threads}
    run = _writing(model, n, seed, length, temperature, want, scale, **asked)
    parts = POINTS.sub("*", words("smiles", smiles)).split("*")
    if len(parts) < 2 or not any(parts):
        raise BadRequest(
            f"{smiles!r} has nothing to draw, or nothing to keep; write a * in each gap, as in "
            "c1ccc(*)cc1"
        )
    if unbalanced(parts[0], "(", ")") or unbalanced(parts[-1][::-1], ")", "("):
        raise BadRequest(
            f"{smiles!r} has a bracket that nothing drawn in its gaps can open or close"
        )
    if wrong := BROKEN.search("*".join(ATOMS.sub("A", part) for part in parts)):
        raise BadRequest(f"{smiles!r} is no SMILES string: nothing can make {wrong[0]!r} right")
    pieces, none = pieces_of(run.model), np.zeros(0, int)
    kept = tuple(pieces.encode([part])[0] if part else none for part in parts)
    least, longest = sum(map(len, kept)) + len(kept) - 1, run.model.manifest.shape[0]
    if not least <= (length or longest) <= longest:
        short = "" if length is None else f", and length is {length}"
        raise BadRequest(
            f"{smiles!r} takes {least} pieces or more, one in each gap; {run.recipe.name} knows "
            f"up to {longest}{short}"
        )
    recipe = replace(run.recipe, verb="inpaint", given={"smiles": smiles})
    return replace(run, kept=kept, recipe=recipe)


def _writing(
    model: str, n: int, seed: int | None, length: int | None, temperature: float | None,
    want: str | None, scale: float | None, *, steps: int | None, sampler: str | None,
    spacing: str | None, sweeps: int | None, threads: int | None,
) -> Writing:  # fmt: skip
    """The request, understood."""
    first = first_seed(seed, n)
    loaded = loaded_model(model, "onnx", threads, False, "string")
    prefers, longest = loaded.manifest.defaults, loaded.manifest.shape[0]
    steps = whole("steps", prefers["steps"] if steps is None else steps, 1, 1000)
    name = words("sampler", sampler or prefers["sampler"])
    find("discrete.samplers", name)
    spread = words("spacing", spacing or "uniform")
    named(paths.TABLE, spread, "spacings")
    if name == "gibbs":
        raise BadRequest("gibbs mends strings that are there; give another sampler")
    steps = useful(name, steps, longest)
    heat = number(
        "temperature", prefers["temperature"] if temperature is None else temperature, 0.01, 10
    )
    again = whole("sweeps", prefers.get("sweeps", 0) if sweeps is None else sweeps, 0, 1000)
    if length is not None and not 1 <= whole("length", length, 1, 10**6) <= longest:
        raise BadRequest(f"length is {length}; {loaded.manifest.name} knows 1 to {longest}")
    about = understood(loaded, None, "", want)
    strong = number("scale", prefers.get("scale", 1.0) if scale is None else scale, 0, 100)
    asked = {"temperature": heat, "length": length, "sweeps": again, "want": want}
    options = {name: value for name, value in asked.items() if value is not None}
    check_scale(loaded, about, scale)
    wished = about.pos is not None and not about.empty
    guided = strong != 1 and wished
    recipe = Recipe(
        prompt=None, negative="", model=model, name=loaded.manifest.name,
        sha256=loaded.manifest.sha256, seed=first, steps=steps,
        evaluations=(steps + again * longest) * (1 + guided), sampler=name,
        spacing=spread, scale=strong if wished else None, guidance="cfg",
        interval=None, pixels=(0, 0), padded=False, runtime="onnx", threads=loaded.threads,
        asked_threads=threads, options=options,
    )  # fmt: skip
    return Writing(loaded, first, n, length, heat, again, recipe, about, strong)
