"""Protein chains of 40 to 128 residues from the Protein Data Bank, with their backbones.

    for done, total in building(root): ...      # fetches a Debian package, once; then
    proteins = load(root).split("train")

They come from ProMod3's structure database (structure_db.py), 371 MB; the software is under
Apache-2.0, coordinates of the PDB are CC0. Kept is a chain of the twenty standard residues without
gaps (neighbouring CA 2.7 to 4.2 angstrom apart, which leaves cis peptides in) whose radius of
gyration is that of a globule or up to 1.6 times as much; each sequence once. Chains with similar
sequences are one family, and of the families a share is held out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from unstir.datasets import debian
from unstir.datasets.structure_db import Chain, chains
from unstir.datasets.wheels import FetchError
from unstir.modalities.folds import globule, gyration
from unstir.modalities.proteins import RESIDUES

PACKAGE = "promod3-data=3.2.1+ds-6"
MEMBER = "usr/share/promod3/loop_data/structure_db.dat"
ENTRIES = 21_119
SHORTEST, LONGEST = 40, 128
BONDS = 2.7, 4.2
"""Angstrom between neighbouring CA."""
WIDEST = 1.6
FILE = "proteins-1.npz"
WORD, SHARED = 4, 0.08
"""Sequences are similar that share this part of the shorter one's words of four letters; seven of
a hundred, which two unrelated ones do not (0.06 on average)."""
EVERY = 10
CHUNK = 1_000


@dataclass(frozen=True)
class Proteins:
    """Chains, one after another.

    Args:
        names: of each chain, as 1abc_A.
        lengths: residues of each.
        xyz: (sum of lengths, 4, 3) int16, N, CA, C and O in 0.01 angstrom, each chain centered.
        sequence, dssp: letters of all residues.
        families: of each chain, a number that similar ones share.
    """

    names: np.ndarray
    lengths: np.ndarray
    xyz: np.ndarray
    sequence: str
    dssp: str
    families: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def chain(self, i: int) -> np.ndarray:
        """(N, 4, 3) float64, angstrom."""
        return self.xyz[self._rows(i)] * 0.01

    def letters(self, i: int) -> tuple[str, str]:
        """The sequence of a chain and the states of its residues."""
        rows = self._rows(i)
        return self.sequence[rows], self.dssp[rows]

    def take(self, which: Iterable[int]) -> Proteins:
        """Some of them."""
        which = np.asarray(list(which), int)
        rows = [self._rows(i) for i in which]
        return Proteins(
            self.names[which], self.lengths[which],
            np.concatenate([self.xyz[r] for r in rows] or [self.xyz[:0]]),
            "".join(self.sequence[r] for r in rows), "".join(self.dssp[r] for r in rows),
            self.families[which],
        )  # fmt: skip

    def split(self, name: str) -> Proteins:
        """Those of "train" or "test": no family is in both."""
        if name not in ("train", "test"):
            raise ValueError(f"no split {name!r}; there are: train, test")
        out = np.array([held_out(int(family)) for family in self.families])
        return self.take(np.flatnonzero(out == (name == "test")))

    def globular(self, most: float = 1.25) -> Proteins:
        """Those whose radius of gyration is at most so many times `globule`."""
        return self.take(
            i for i in range(len(self)) if gyration(self.chain(i)[:, 1]) <= most * globule(
                int(self.lengths[i])
            )
        )  # fmt: skip

    def _rows(self, i: int) -> slice:
        end = int(self.lengths[: i + 1].sum(dtype=int))
        return slice(end - int(self.lengths[i]), end)


def held_out(family: int) -> bool:
    """Whether a family is for measuring only."""
    return int(hashlib.sha256(str(family).encode()).hexdigest(), 16) % EVERY == 0


def load(root: Path) -> Proteins:
    """What `building` wrote into `root`."""
    with np.load(root / FILE, allow_pickle=False) as data:
        return Proteins(
            data["names"], data["lengths"], data["xyz"], str(data["sequence"]), str(data["dssp"]),
            data["families"],
        )  # fmt: skip


def building(root: Path) -> Iterator[tuple[int, int]]:
    """Fetch, read and sift all chains, once; (chains done, chains in all) as it goes."""
    if (root / FILE).exists():
        return
    yield 0, ENTRIES
    package = debian.package(root, PACKAGE)
    kept: dict[str, Chain] = {}
    try:
        for done, chain in enumerate(chains(debian.read(package, [MEMBER])[MEMBER])):
            if usable(chain):
                kept.setdefault(chain.sequence, chain)
            if done % CHUNK == 0:
                yield done, ENTRIES
    except ValueError as error:
        raise FetchError(f"{package} is damaged ({error}); delete it and run again") from None
    _save(root, list(kept.values()))
    yield ENTRIES, ENTRIES


def usable(chain: Chain) -> bool:
    """Whether the chain is whole, plain, and of the size that is wanted."""
    if not SHORTEST <= len(chain.sequence) <= LONGEST or set(chain.sequence) - set(RESIDUES):
        return False
    x = chain.xyz[:, 1] * 0.01
    bonds = np.linalg.norm(np.diff(x, axis=0), axis=-1)
    whole = BONDS[0] <= bonds.min() and bonds.max() <= BONDS[1]
    return bool(whole) and gyration(x) <= WIDEST * globule(len(x))


def families(sequences: Sequence[str]) -> np.ndarray:
    """A number for each sequence, the place of the first of its family: similar ones (`SHARED`),
    those similar to these, and so on."""
    having: defaultdict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(sequences):
        for word in {text[k : k + WORD] for k in range(len(text) - WORD + 1)}:
            having[word].append(i)
    common: defaultdict[tuple[int, int], int] = defaultdict(int)
    for those in having.values():
        for pair in combinations(those, 2):
            common[pair] += 1
    of = np.arange(len(sequences))
    for (i, j), count in common.items():
        words = min(len(sequences[i]), len(sequences[j])) - WORD + 1
        if count >= SHARED * words and of[i] != of[j]:
            low, high = sorted((of[i], of[j]))
            of[of == high] = low
    return of


def _save(root: Path, kept: Sequence[Chain]) -> None:
    xyz = []
    for chain in kept:
        x = chain.xyz.astype(np.float64)
        xyz.append(np.round(x - x.mean((0, 1))).astype(np.int16))
    part = root / f"{FILE}.part"
    with part.open("wb") as file:
        np.savez_compressed(
            file, names=np.array([c.name for c in kept]),
            lengths=np.array([len(c.sequence) for c in kept], np.int16),
            xyz=np.concatenate(xyz), sequence=np.array("".join(c.sequence for c in kept)),
            dssp=np.array("".join(c.dssp for c in kept)),
            families=families([c.sequence for c in kept]),
        )  # fmt: skip
    part.rename(root / FILE)
