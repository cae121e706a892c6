"""A part of a protein that stays as it is while the rest is drawn around it.

    motif = read("it.pdb", "A20-35,A50-60")
    places = motif.places(seeds, lengths)      # where its residues stand in each new chain

A chain stands nowhere in particular: at every step the motif is laid where the estimate has these
residues, turned to fit, and in the end the whole chain is moved so that the motif has the file's
own positions. A peptide is flat and stiff, so the atoms at the ends of a stretch also tell where
the residues next to it are. Between stretches there are as many residues as a chain needs to get
there. Where residues are missing inside of one it is two, with a note.
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
from unstir.modalities.proteins import Protein
from unstir.tasks.request import BadRequest

PEPTIDE = 2.0
"""Angstrom between C and the next N below which two residues are bonded, however roughly."""
NEAREST = 1.0
"""Angstrom that the CA of two residues are apart at least."""
REACH = 3.3
"""Angstrom that a residue of a chain leads on at most, if not stretched out."""


@dataclass(frozen=True)
class Motif:
    """Stretches of residues.

    Args:
        xyz: (M, 4, 3) N, CA, C, O of all, in angstrom.
        sequence: their letters.
        lengths: residues of each stretch.
        notes: what a person may not expect of it.
    """

    xyz: np.ndarray
    sequence: str
    lengths: tuple[int, ...]
    notes: tuple[str, ...] = ()

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
    """The stretches that "A20-35,A50-60" names, each as far as its residues are bonded; BadRequest
    where it names none, one twice, or what cannot be kept."""
    names: list[str] = []
    parts: list[Protein] = []
    for word in keep.split(","):
        chain, first, last = _stretch(path, word.strip())
        more = [_name(chain, number) for number in range(first, last + 1)]
        parts.append(_residues(path, chain, first, last))
        if twice := [name for name in more if name in names]:
            raise BadRequest(f"keep is {keep!r}, which names {twice[0]} twice")
        names += more
    if len(names) < 3:
        raise BadRequest(f"keep names {len(names)} residues; a motif has three or more")
    xyz = np.concatenate([part.xyz for part in parts])
    _check_apart(xyz[:, 1], names)
    torn = np.linalg.norm(xyz[1:, 0] - xyz[:-1, 2], axis=-1) >= PEPTIDE
    ends = [int(i) + 1 for i in np.flatnonzero(torn)]
    meant = set(np.cumsum([len(part) for part in parts]).tolist())
    return Motif(
        xyz, "".join(part.sequence for part in parts),
        tuple(np.diff([0, *ends, len(xyz)]).tolist()),
        tuple(
            f"{names[end - 1]} and {names[end]} are not bonded, so residues are missing between "
            "them; they are drawn" for end in ends if end not in meant
        ),
    )  # fmt: skip


def _residues(path: str, chain: str, first: int, last: int) -> Protein:
    """All residues of a chain from one number to another; BadRequest where some are not there, or
    stand between two numbers."""
    protein, wanted = proteins.read(path, chain), range(first, last + 1)
    what = f"keep names {_name(chain, first)}-{last}; chain {chain!r} of {path} has"
    where = {number: i for i, number in enumerate(protein.numbers)}
    if missing := [number for number in wanted if number not in where]:
        raise BadRequest(
            f"{what} no residue {missing[0]} with a whole backbone (it has {protein.numbers[0]} "
            f"to {protein.numbers[-1]})"
        )
    if between := [(n, code) for n, code in protein.inserted if first <= n < last]:
        number, code = between[0]
        raise BadRequest(
            f"{what} a residue {number}{code} there, which has no name here; keep what is on "
            f"either side: {_name(chain, first)}-{number},{_name(chain, number + 1)}-{last}"
        )
    rows = [where[number] for number in wanted]
    letters = "".join(protein.sequence[row] for row in rows)
    return Protein(protein.xyz[rows], letters, tuple(wanted))


def _check_apart(ca: np.ndarray, names: Sequence[str]) -> None:
    """BadRequest where two residues stand in one place."""
    for i in range(1, len(ca)):
        near = np.flatnonzero(np.linalg.norm(ca[:i] - ca[i], axis=-1) < NEAREST)
        if len(near):
            raise BadRequest(
                f"the CA of {names[near[0]]} and {names[i]} are less than {NEAREST:g} angstrom "
                "apart; no chain goes through both"
            )


def _name(chain: str, number: int) -> str:
    """Of a residue, as a person names it."""
    return f"{chain}{number}" if re.fullmatch("[A-Za-z]+", chain) else f"{chain}:{number}"


def _stretch(path: str, word: str) -> tuple[str, int, int]:
    """A chain of a file, and the first and the last of its residues that a word names."""
    match = re.fullmatch(r"(?:(\w*):|([A-Za-z]*))(-?\d{1,5})(?: *- *(-?\d{1,5}))?", word)
    if match is None:
        raise BadRequest(
            f"keep says {word!r}; give a chain and its residues: A20-35 or A20-35,A50-60, with a "
            "colon where a chain is a number or has no name: 1:20-35 or :20-35"
        )
    chain = match[2] if match[1] is None else match[1]
    if match[1] is None and not chain:
        chain, *others = proteins.chains(path)
        if others:
            there = ", ".join(map(repr, [chain, *others]))
            raise BadRequest(f"keep says {word!r}, but not of which chain; there are: {there}")
    first, last = int(match[3]), int(match[4] or match[3])
    if last < first:
        raise BadRequest(f"keep says {word!r}, which ends before it begins")
    return chain, first, last
