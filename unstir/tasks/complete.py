"""Complete a molecule: some of its atoms stay as they are, the rest is drawn around them.

    run = complete("it.sdf", keep="0-5", atoms=9, seed=7)

Atoms are counted from 0, as they stand in the file. What is kept, positions, kinds and the bonds
among them, is put in place of the network's estimate at every step, so that the walk carries it
down its own forward path. A molecule stands nowhere in particular: the kept part is set where the
estimate has its middle, and given back in the end to the file's own last digit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstir.core.levels import Denoise, Level
from unstir.core.noise import seeds as following
from unstir.modalities import sdf
from unstir.modalities.sdf import BadMolecule, Structure
from unstir.modalities.source import sha256
from unstir.modalities.structures import BONDS, noise, pack, unpack
from unstir.runtimes.model import Model
from unstir.tasks.prepared import prepare
from unstir.tasks.request import BadRequest, whole
from unstir.tasks.structures import Drawn, again, finished, masks, sizes


@dataclass(frozen=True)
class Completed(Drawn):
    """Molecules with a part in common; `kept` is that part, in the model's kinds of atoms."""

    kept: Structure

    def group(self, which: range) -> list[Structure]:
        """Some of them."""
        each = following(self.seed + which[0], len(which))
        said = self.model.manifest.molecule or {}
        kinds, scale = said["kinds"], said["scale"]
        counts = np.maximum(sizes(each, said["counts"], self.atoms), len(self.kept))
        mask = masks(counts, self.model.manifest.shape[1])
        source = noise(each, mask, len(kinds))
        denoise = holding(again(self.model, mask), self.kept, mask, kinds, scale)
        x = self.way.path[0].sigma * source(-1)
        for step in self.way.sampler(denoise, x, self.way.path, noise=source):
            x = step.x
        return [exact(m, self.kept) for m in finished(x, mask, kinds, scale)]


def complete(
    image: str,
    *,
    keep: str,
    atoms: int | None = None,
    model: str = "molecules",
    n: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Completed:
    """Complete a molecule around some of its atoms.

    Args:
        image: The molecule: .sdf (its first one) or .mol.
        keep: The atoms that stay, counted from 0: 0-5 or 0-3,7.
        atoms: How many there shall be; else as many as is usual.
    """
    image = os.fspath(image)
    path = os.path.expanduser(image)
    given = sdf.read(path)[0]
    rows = chosen(keep, len(given))
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="molecule", steps=steps,
        sampler=sampler, spacing=spacing,
    )  # fmt: skip
    kept = part(given, rows, ready.model)
    most = ready.model.manifest.shape[1]
    if atoms is not None and not len(kept) <= whole("atoms", atoms, 1, 10**6) <= most:
        raise BadRequest(f"atoms is {atoms}; {len(kept)} are kept, and {most} are the most")
    options = {"keep": keep} | ({} if atoms is None else {"atoms": atoms})
    recipe = replace(
        ready.recipe(
            pixels=(0, 0), verb="inpaint", given={"image": image}, files={image: sha256(path)},
            options=options,
        ),
        scale=None,
    )  # fmt: skip
    return Completed(ready.model, ready.way, ready.seed, n, atoms, recipe, kept)


def chosen(keep: str, count: int) -> list[int]:
    """The places that "0-3,7" names."""
    rows: list[int] = []
    for word in keep.split(","):
        match = re.fullmatch(r" *(\d{1,6})(?: *- *(\d{1,6}))? *", word)
        if match is None:
            raise BadRequest(f"keep is {keep!r}; give atoms as 0-5 or 0-3,7, counted from 0")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < count:
            raise BadRequest(
                f"keep names {word.strip()}; the molecule has the atoms 0-{count - 1}"
            )
        if overlap := set(rows) & set(range(first, last + 1)):
            raise BadRequest(f"keep is {keep!r}, which names atom {min(overlap)} twice")
        rows += range(first, last + 1)
    return rows


def part(given: Structure, rows: Sequence[int], model: Model) -> Structure:
    """These atoms, hydrogens left out where the model has none; BadMolecule where it cannot have
    them."""
    kinds = (model.manifest.molecule or {})["kinds"]
    if "H" not in kinds:
        rows = [row for row in rows if given.symbols[row] != "H"]
    if not rows:
        raise BadRequest("keep names no atom that the model draws: it has no hydrogens")
    if len(rows) > (most := model.manifest.shape[1]):
        raise BadRequest(f"keep names {len(rows)} atoms; {model.manifest.name} draws up to {most}")
    for row in rows:
        if (kind := kind_of(given, row)) not in kinds:
            raise BadMolecule(
                f"atom {row} is {kind}; {model.manifest.name} knows {', '.join(kinds)}"
            )
    return Structure(
        tuple(given.symbols[row] for row in rows), tuple(given.charges[row] for row in rows),
        given.positions[rows], given.bonds[np.ix_(rows, rows)],
    )  # fmt: skip


def kind_of(structure: Structure, row: int) -> str:
    """Element and charge, as models name them."""
    charge = structure.charges[row]
    return structure.symbols[row] + ("+" if charge > 0 else "-") * abs(charge)


def holding(
    denoise: Denoise[np.ndarray], kept: Structure, mask: np.ndarray, kinds: Sequence[str],
    scale: float,
) -> Denoise[np.ndarray]:  # fmt: skip
    """A Denoise whose answers hold the first atoms as they are kept."""
    count = len(kept)
    own = (kept.positions - kept.positions.mean(0)) / scale
    names = [kind_of(kept, row) for row in range(count)]
    atoms = np.eye(len(kinds), dtype=np.float32)[[kinds.index(name) for name in names]]
    bonds = np.eye(BONDS, dtype=np.float32)[kept.bonds] * (1 - np.eye(count)[..., None])

    def held(z: np.ndarray, t: Level) -> np.ndarray:
        x, h, e = (np.array(a) for a in unpack(denoise(z, t), len(kinds)))
        x[:, :count] = own + x[:, :count].mean(1, keepdims=True)
        h[:, :count], e[:, :count, :count] = atoms, bonds
        there = mask[..., None]
        x = (x - (x * there).sum(1, keepdims=True) / there.sum(1, keepdims=True)) * there
        return pack(x, h, e).astype(z.dtype)

    return held


def exact(drawn: Structure, kept: Structure) -> Structure:
    """The molecule where the kept part stands, with that part to the last bit."""
    count = len(kept)
    shift = (kept.positions - drawn.positions[:count]).mean(0)
    x, bonds = drawn.positions + shift, drawn.bonds.copy()
    x[:count], bonds[:count, :count] = kept.positions, kept.bonds
    symbols = kept.symbols + drawn.symbols[count:]
    return replace(
        drawn, symbols=symbols, charges=kept.charges + drawn.charges[count:], positions=x,
        bonds=bonds,
    )  # fmt: skip
