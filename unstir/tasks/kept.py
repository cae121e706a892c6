"""A part of a molecule that stays as it is while the rest is drawn around it.

    rows = drawable(structure, chosen("0-3,7", len(structure)), model)
    kept = Kept(part(structure, rows))
    hold = kept.holding(mask, kinds, scale)
    x0, told = hold(x0)                                      # the estimate, at every step
    molecule = kept.exact(molecule)                          # in the end

The part stands in place of the network's estimate, so that the walk carries it down its own
forward path, and the network, which is told its last estimate, is told the part (it was trained to
be: objectives/molecule.py). A molecule stands nowhere in particular: at every step the part is
laid where the estimate has these atoms, turned to fit, and in the end it is given back where it
stands in the file, to the last digit. Where only the graph is kept, its atoms and bonds are held
so, and they may stand anywhere: other shapes of the same molecule. The network does not tell a
shape from its mirror image, so one whose stereo is not that of the file is mirrored if that mends
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from unstir.modalities.chemistry import stereo
from unstir.modalities.folds import fit, superposed
from unstir.modalities.sdf import BadMolecule, Structure, kind
from unstir.modalities.structures import BONDS, KNOWN, pack, unpack
from unstir.runtimes.model import Model
from unstir.tasks.request import BadRequest

Hold = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""An estimate -> it with what is kept, and what the network is told of it."""


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


def drawable(given: Structure, rows: Sequence[int], model: Model) -> list[int]:
    """These atoms, hydrogens left out where the model has none; BadMolecule where it cannot have
    them."""
    kinds = (model.manifest.molecule or {})["kinds"]
    if "H" not in kinds:
        rows = [row for row in rows if given.symbols[row] != "H"]
    rows = list(rows)
    if not rows:
        raise BadRequest("keep names no atom that the model draws: it has no hydrogens")
    if len(rows) > (most := model.manifest.shape[1]):
        raise BadRequest(f"keep names {len(rows)} atoms; {model.manifest.name} draws up to {most}")
    for row in rows:
        if (name := kind(given.symbols[row], given.charges[row])) not in kinds:
            raise BadMolecule(
                f"atom {row} is {name}; {model.manifest.name} knows {', '.join(kinds)}"
            )
        if given.radicals.get(row):
            raise BadMolecule(
                f"atom {row} is a radical, which {model.manifest.name} does not draw; give it the "
                "hydrogen or bond that it lacks, or keep other atoms"
            )
    return rows


def part(given: Structure, rows: Sequence[int]) -> Structure:
    """These atoms, and which isotopes they are."""
    isotopes = {i: given.isotopes[row] for i, row in enumerate(rows) if row in given.isotopes}
    return Structure(
        tuple(given.symbols[row] for row in rows), tuple(given.charges[row] for row in rows),
        given.positions[rows], given.bonds[np.ix_(rows, rows)], isotopes=isotopes,
    )  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """The first atoms of whatever is drawn, with the bonds among them, and with where they stand
    to each other or, if they are not `placed`, at best their `stereo` (that of chemistry.py)."""

    atoms: Structure
    placed: bool = True
    stereo: Mapping[tuple[int, ...], str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.atoms)

    def holding(self, mask: np.ndarray, kinds: Sequence[str], scale: float) -> Hold:
        """What puts into an estimate what is kept."""
        kept, count = self.atoms, len(self)
        own = kept.positions / scale
        names = [kind(*each) for each in zip(kept.symbols, kept.charges, strict=True)]
        atoms = np.eye(len(kinds), dtype=np.float32)[[kinds.index(name) for name in names]]
        bonds = np.eye(BONDS, dtype=np.float32)[kept.bonds] * (1 - np.eye(count)[..., None])

        def held(x0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            x, h, e = (np.array(a) for a in unpack(x0, len(kinds)))
            h[:, :count], e[:, :count, :count] = atoms, bonds
            if self.placed:
                x[:, :count] = [superposed(own, row[:count]) for row in x]
                there = mask[..., None]
                x = (x - (x * there).sum(1, keepdims=True) / there.sum(1, keepdims=True)) * there
            out = pack(x, h, e).astype(x0.dtype)
            if self.placed:
                h[:, :count] *= KNOWN
            return out, pack(x, h, e).astype(x0.dtype)

        return held

    def exact(self, drawn: Structure) -> Structure:
        """The molecule, with what is kept to the last bit: where the kept part stands, if it is
        placed; else mirrored where its stereo asks for it."""
        kept, count = self.atoms, len(self)
        x, bonds = drawn.positions, drawn.bonds.copy()
        bonds[:count, :count] = kept.bonds
        if self.placed:
            turn, shift = fit(x[:count], kept.positions)
            x = x @ turn + shift
            x[:count] = kept.positions
        symbols, charges = (
            kept.symbols + drawn.symbols[count:],
            kept.charges + drawn.charges[count:],
        )
        made = replace(
            drawn, symbols=symbols, charges=charges, positions=x, bonds=bonds,
            isotopes=kept.isotopes,
        )  # fmt: skip
        mirrored = replace(made, positions=x * [-1, 1, 1])
        return mirrored if not self.same(made) and self.same(mirrored) else made

    def same(self, molecule: Structure) -> bool:
        """Whether it has the stereo that is kept."""
        return not self.stereo or self.stereo.items() <= stereo(molecule).items()
