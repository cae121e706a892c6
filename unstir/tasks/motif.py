"""A part of a protein that stays as it is while the rest is drawn around it.

    motif = read("it.pdb", "A20-35,A50-60")
    places = motif.places(seeds, lengths)      # where its residues stand in each new chain

A chain stands nowhere in particular: at every step the motif is laid where the estimate has these
residues, turned to fit, and in the end the whole chain is moved so that the motif has the file's
own positions. A peptide is flat and stiff, so the atoms at the ends of a stretch also tell where
the residues next to it are. Between stretches there are as many residues as a chain needs to get
there.
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

PEPTIDE = 1.6
"""Angstrom between C and the next N below which two stretches are one."""
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
    def taken(self) -> int:
        """Residues that it needs, with what lies between."""
        return len(self.xyz) + sum(self.gaps)

    @property
    def least(self) -> int:
        """Residues of the shortest chain that has it and something drawn."""
        return max(self.taken, len(self.xyz) + 1)

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """Its first and its last residue of each."""
        ends = np.cumsum(self.lengths).tolist()
        return [(end - n, end - 1) for end, n in zip(ends, self.lengths, strict=True)]

    def places(self, seeds: Sequence[int], lengths: Sequence[int]) -> list[np.ndarray]:
        """For each chain the places (M,) of the motif's residues, by its seed: the stretches in
        their order, what is left of the chain before, between and after them as it falls."""
        cuts = uniform(seeds, (len(self.lengths),), field="motif")(-1)
        out = []
        for row, length in zip(cuts, lengths, strict=True):
            before = np.sort((row * (length - self.taken + 1)).astype(int))
            starts = before + np.cumsum([0, *self.lengths[:-1]]) + np.cumsum([0, *self.gaps])
            out.append(np.concatenate(
                [np.arange(s, s + n) for s, n in zip(starts, self.lengths, strict=True)]
            ))  # fmt: skip
        return out

    def kept(self, places: np.ndarray) -> dict[int, str]:
        """The letter at each of its places, where it is known."""
        pairs = zip(places.tolist(), self.sequence, strict=True)
        return {place: letter for place, letter in pairs if letter in proteins.RESIDUES}

    def lay(self, x: np.ndarray, places: np.ndarray, complete: Completion) -> np.ndarray:
        """Lay the motif nearest to where a trace x (N, 3) has it, and the residues next to its
        stretches where those put them; the places (K,) that now are what they have to be."""
        turn, shift = fit(self.xyz[:, 1], x[places])
        own = self.xyz @ turn + shift
        x[places] = own[:, 1]
        fixed = set(places.tolist())
        for first, last in self.stretches:
            before, after = places[first] - 1, places[last] + 1
            if before >= 0 and before not in fixed:
                x[before] = complete.before(own[first], x[before])
                fixed.add(before)
            if after < len(x) and after not in fixed:
                x[after] = complete.after(own[last])
                fixed.add(after)
        return np.array(sorted(fixed))

    def exact(self, ca: np.ndarray, places: np.ndarray, complete: Completion) -> np.ndarray:
        """The backbone (N, 4, 3) of a trace, moved to where the motif is, with the motif to the
        last bit and the peptides at its ends as its own atoms have them."""
        turn, shift = fit(ca[places], self.xyz[:, 1])
        ca = ca @ turn + shift
        ca[places] = self.xyz[:, 1]
        sides = {}
        for first, last in self.stretches:
            sides[places[last]] = self.xyz[last, 3] - self.xyz[last, 1]
            if places[first]:
                sides[places[first] - 1] = self.xyz[first, 1] - self.xyz[first, 0]
        xyz = complete(ca, sides)
        xyz[places] = self.xyz
        return xyz


def read(path: str, keep: str) -> Motif:
    """The stretches that "A20-35,A50-60" names; BadRequest where it names none, or one twice."""
    taken: set[tuple[str, int]] = set()
    parts: list[tuple[np.ndarray, str]] = []
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
        xyz, text = protein.xyz[rows], "".join(protein.sequence[row] for row in rows)
        if parts and np.linalg.norm(xyz[0, 0] - parts[-1][0][-1, 2]) < PEPTIDE:
            before, said = parts.pop()
            xyz, text = np.concatenate([before, xyz]), said + text
        parts.append((xyz, text))
    xyz = np.concatenate([xyz for xyz, _ in parts])
    if len(xyz) < 3:
        raise BadRequest(f"keep names {len(xyz)} residues; a motif has three or more")
    return Motif(xyz, "".join(text for _, text in parts), tuple(len(xyz) for xyz, _ in parts))


def _stretch(word: str) -> tuple[str, int, int]:
    match = re.fullmatch(r" *(?:(\w+):|([A-Za-z]+))(-?\d{1,5})(?: *- *(-?\d{1,5}))? *", word)
    if match is None:
        raise BadRequest(
            f"keep says {word.strip()!r}; give a chain and its residues: A20-35 or A20-35,A50-60, "
            "or with a colon where a chain is a number: 1:20-35"
        )
    first, last = int(match[3]), int(match[4] or match[3])
    if last < first:
        raise BadRequest(f"keep says {word.strip()!r}, which ends before it begins")
    return match[1] or match[2], first, last
