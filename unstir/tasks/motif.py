"""A part of a protein that stays as it is while the rest is drawn around it.

    motif = read("it.pdb", "A20-35,A50-60")
    places = motif.places(seeds, lengths)      # where its residues stand in each new chain

A chain stands nowhere in particular: at every step the motif is laid where the estimate has these
residues, turned to fit, and in the end the whole chain is moved so that the motif has the file's
own positions. Between its stretches there are as many residues as a chain needs to get there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unstir.core.noise import uniform
from unstir.modalities import proteins
from unstir.modalities.backbones import Completion
from unstir.modalities.folds import fit
from unstir.tasks.request import BadRequest

REACH = 3.3
"""Angstrom that a residue of a chain leads on at most, if not stretched out."""


@dataclass(frozen=True)
class Motif:
    """Stretches of residues.

    Args:
        xyz: (M, 4, 3) N, CA, C, O of all, in angstrom.
        sequence: their letters.
        lengths: residues of each stretch.
    """

    xyz: np.ndarray
    sequence: str
    lengths: tuple[int, ...]

    @property
    def gaps(self) -> list[int]:
        """Residues that have to lie between each two stretches at least."""
        ends = np.cumsum(self.lengths)[:-1]
        apart = np.linalg.norm(self.xyz[ends, 1] - self.xyz[ends - 1, 1], axis=-1)
        return [max(1, int(np.ceil(d / REACH)) - 1) for d in apart]

    @property
    def least(self) -> int:
        """Residues of the shortest chain that has it."""
        return len(self.xyz) + sum(self.gaps)

    def places(self, seeds: Sequence[int], lengths: Sequence[int]) -> list[np.ndarray]:
        """For each chain the places (M,) of the motif's residues, by its seed: the stretches in
        their order, what is left of the chain before, between and after them as it falls."""
        cuts = uniform(seeds, (len(self.lengths),), field="motif")(-1)
        out = []
        for row, length in zip(cuts, lengths, strict=True):
            before = np.sort((row * (length - self.least + 1)).astype(int))
            starts = before + np.cumsum([0, *self.lengths[:-1]]) + np.cumsum([0, *self.gaps])
            out.append(np.concatenate(
                [np.arange(s, s + n) for s, n in zip(starts, self.lengths, strict=True)]
            ))  # fmt: skip
        return out

    def kept(self, places: np.ndarray) -> dict[int, str]:
        """The letter at each of its places."""
        return dict(zip(places.tolist(), self.sequence, strict=True))

    def laid(self, x: np.ndarray) -> np.ndarray:
        """The motif's CA (3, M), laid nearest to x (3, M)."""
        turn, shift = fit(self.xyz[:, 1], x.T)
        return (self.xyz[:, 1] @ turn + shift).T

    def exact(self, ca: np.ndarray, places: np.ndarray, complete: Completion) -> np.ndarray:
        """The backbone (N, 4, 3) of a trace, moved to where the motif is, with the motif to the
        last bit."""
        turn, shift = fit(ca[places], self.xyz[:, 1])
        ca = ca @ turn + shift
        ca[places] = self.xyz[:, 1]
        xyz = complete(ca)
        xyz[places] = self.xyz
        return xyz


def read(path: str, keep: str) -> Motif:
    """The stretches that "A20-35,A50-60" names; BadRequest where it names none, or one twice."""
    taken: set[tuple[str, int]] = set()
    parts = []
    for chain, first, last in map(_stretch, keep.split(",")):
        protein = proteins.read(path, chain)
        wanted = range(first, last + 1)
        where = {number: i for i, number in enumerate(protein.numbers)}
        if missing := [number for number in wanted if number not in where]:
            raise BadRequest(
                f"keep names {chain}{first}-{last}; chain {chain} has no residue {missing[0]} "
                f"with a whole backbone (it has {protein.numbers[0]} to {protein.numbers[-1]})"
            )
        if twice := taken & {(chain, number) for number in wanted}:
            raise BadRequest(f"keep is {keep!r}, which names {chain}{min(twice)[1]} twice")
        taken |= {(chain, number) for number in wanted}
        rows = [where[number] for number in wanted]
        parts.append((protein.xyz[rows], "".join(protein.sequence[row] for row in rows)))
    xyz = np.concatenate([xyz for xyz, _ in parts])
    if len(xyz) < 3:
        raise BadRequest(f"keep names {len(xyz)} residues; a motif has three or more")
    return Motif(xyz, "".join(text for _, text in parts), tuple(len(xyz) for xyz, _ in parts))


def _stretch(word: str) -> tuple[str, int, int]:
    match = re.fullmatch(r" *([A-Za-z]+)(\d{1,5})(?: *- *(\d{1,5}))? *", word)
    if match is None:
        raise BadRequest(
            f"keep says {word.strip()!r}; give a chain and its residues: A20-35 or A20-35,A50-60"
        )
    first, last = int(match[2]), int(match[3] or match[2])
    if last < first:
        raise BadRequest(f"keep says {word.strip()!r}, which ends before it begins")
    return match[1], first, last
