"""The backbone of a protein chain from the trace of its CA: where N, C and O are.

    completion = learn(chains)               # chains (N, 4, 3): N, CA, C, O, in angstrom
    xyz = completion(ca)                     # (N, 3) -> (N, 4, 3)

Between two CA lies a peptide: C, O and the next N, flat and stiff, so all that is open is how far
it is turned about the line from CA to CA (Purisima & Scheraga 1984; Holm & Sander 1991). That
angle follows from how the trace bends and turns nearby: a cubic polynomial of ten cosines and
sines, by least squares. Beyond its ends a trace goes on as it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from unstir.modalities.chains import BOND
from unstir.modalities.folds import angles, dihedrals

AROUND = 2
"""Places that a trace is prolonged by at either end."""
DEGREE = 3
CIS = 3.4
"""Angstrom between neighbouring CA below which their peptide is cis."""
RIDGE = 1e-3
TERMS = 286
"""Of a polynomial of ten variables to the third degree."""


@dataclass(frozen=True)
class Completion:
    """ca (N, 3) -> backbone (N, 4, 3), in angstrom.

    Args:
        turn: (terms, 2), from the polynomial's terms to cosine and sine of the peptide's angle.
        planes: (2, 3, 2), of a trans and a cis peptide: C, the next N, and O, each along the line
            from CA to CA, from its middle, and away from it.
    """

    turn: np.ndarray
    planes: np.ndarray

    def __call__(
        self, ca: np.ndarray, sides: Mapping[int, np.ndarray] | None = None
    ) -> np.ndarray:
        """N >= 4, else ValueError. `sides`: for some i a vector to the side on which O of residue
        i lies of the line from its CA to the next."""
        x = prolonged(ca)
        frame, middle, long = frames(x)
        cosine, sine = (terms(x) @ self.turn).T
        size = np.hypot(cosine, sine) + 1e-9
        away = (cosine * frame[:, 1].T + sine * frame[:, 2].T).T / size[:, None]
        for i, side in (sides or {}).items():
            away[i + 1] = across(side, frame[i + 1, 0])
        plane = self.planes[(long < CIS).astype(int)]  # (N + 1, 3, 2)
        atoms = middle[:, None] + plane[..., :1] * frame[:, :1] + plane[..., 1:] * away[:, None]
        return np.stack([atoms[:-1, 1], ca, atoms[1:, 0], atoms[1:, 2]], 1)

    def after(self, four: np.ndarray) -> np.ndarray:
        """(3,) where the next CA is of a residue (4, 3): a trans peptide lies in one plane."""
        c = self.planes[0, 0] + [BOND / 2, 0]
        to_c = four[2] - four[1]
        up = across(four[3] - four[1], to_c)
        return four[1] + BOND * (c[0] * unit(to_c) - c[1] * up) / np.hypot(*c)

    def before(self, four: np.ndarray, near: np.ndarray) -> np.ndarray:
        """(3,) where the CA before a residue (4, 3) is, nearest to a point (3,): on a circle, for
        the residue's N tells how far off that line it is."""
        n = self.planes[0, 1] - [BOND / 2, 0]
        to_n = four[0] - four[1]
        aside = across(near - four[1], to_n)
        return four[1] + BOND * (-n[0] * unit(to_n) + abs(n[1]) * aside) / np.hypot(*n)

    def to_json(self) -> dict[str, Any]:
        """Its numbers, as `from_json` reads them."""
        return {
            "turn": np.round(self.turn, 5).tolist(),
            "planes": np.round(self.planes, 4).tolist(),
        }


def unit(v: np.ndarray) -> np.ndarray:
    """v / |v|."""
    return v / (np.linalg.norm(v) + 1e-9)


def across(v: np.ndarray, line: np.ndarray) -> np.ndarray:
    """The unit vector across a line that is nearest to v; some one if v lies along it."""
    along = unit(line)
    out = v - (v @ along) * along
    if np.linalg.norm(out) < 1e-6:
        out = np.cross(along, np.eye(3)[np.abs(along).argmin()])
    return unit(out)


def from_json(said: dict[str, Any]) -> Completion:
    """What `to_json` gave."""
    return Completion(np.array(said["turn"]), np.array(said["planes"]))


def learn(chains: Iterable[np.ndarray]) -> Completion:
    """By least squares on chains (N, 4, 3) of N, CA, C, O."""
    square, side = np.zeros((TERMS, TERMS)), np.zeros((TERMS, 2))
    planes: tuple[list[np.ndarray], list[np.ndarray]] = [], []
    for chain in chains:
        x = prolonged(chain[:, 1])
        frame, middle, long = (part[1:-1] for part in frames(x))
        atoms = np.stack([chain[:-1, 2], chain[1:, 0], chain[:-1, 3]], 1) - middle[:, None]
        atoms = atoms @ frame.swapaxes(1, 2)  # along, and the two across
        angle = atoms[:, 2, 1:] / np.linalg.norm(atoms[:, 2, 1:], axis=-1, keepdims=True)
        away = (atoms[..., 1:] * angle[:, None]).sum(-1)
        flat = np.stack([atoms[..., 0], away], -1)
        for kind, which in zip(planes, (long >= CIS, long < CIS), strict=True):
            kind.append(flat[which])
        phi = terms(x)[1:-1]
        square, side = square + phi.T @ phi, side + phi.T @ angle
    turn = np.linalg.solve(square + RIDGE * np.eye(TERMS), side)
    trans = np.concatenate(planes[0]).mean(0)
    cis = np.concatenate(planes[1])
    return Completion(turn, np.stack([trans, cis.mean(0) if len(cis) else trans]))


def prolonged(ca: np.ndarray) -> np.ndarray:
    """A trace (N, 3) with two more places at either end, where it bends and turns as before."""
    if len(ca) < 4:
        raise ValueError(f"a trace of {len(ca)} residues; a backbone follows from four or more")
    x = ca.astype(np.float64)
    for _ in range(2):
        for _ in range(AROUND):
            x = np.concatenate([x, _next(x[-4:])[None]])
        x = x[::-1]
    return x


def _next(x: np.ndarray) -> np.ndarray:
    """The place that lies to the last three as the last of the four lies to the first three."""
    before, after = (_axes(x[i : i + 3]) for i in (0, 1))
    return x[3] + (x[3] - x[2]) @ before.T @ after


def _axes(x: np.ndarray) -> np.ndarray:
    """(3, 3) axes of three places in a row."""
    along = x[2] - x[1]
    along = along / np.linalg.norm(along)
    across = np.cross(x[1] - x[0], along)
    across = across / max(float(np.linalg.norm(across)), 1e-9)
    return np.stack([along, across, np.cross(along, across)])


def frames(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each peptide of a prolonged trace: axes (N + 1, 3, 3) along it, to the outside of the
    bends at its ends, and across both; its middle (N + 1, 3); and its length (N + 1,)."""
    bonds = np.diff(x, axis=0)
    here = bonds[1:-1]
    long = np.linalg.norm(here, axis=-1)
    along = here / long[:, None]
    outside = bonds[:-2] - bonds[2:]
    outside = outside - (outside * along).sum(-1, keepdims=True) * along
    outside /= np.linalg.norm(outside, axis=-1, keepdims=True) + 1e-9
    frame = np.stack([along, outside, np.cross(along, outside)], 1)
    return frame, (x[1:-2] + x[2:-1]) / 2, long


def terms(x: np.ndarray) -> np.ndarray:
    """(N + 1, terms) of the polynomial, of each peptide of a prolonged trace; what lies beyond
    its own prolongation counts as nothing."""
    bend = np.cos(np.radians(angles(x)))  # at places 1 .. N + 2
    turn = np.radians(dihedrals(x))  # between places k + 1 and k + 2
    turns = np.pad(np.stack([np.cos(turn), np.sin(turn)]), ((0, 0), (1, 1)))
    bends = np.pad(bend, 1)
    n = len(x) - 3
    parts = [bends[k : k + n] for k in range(4)]
    parts += [row[k : k + n] for row in turns for k in range(3)]
    out = [np.ones(n)]
    for degree in range(1, DEGREE + 1):
        out += [
            np.prod([parts[i] for i in which], 0)
            for which in combinations_with_replacement(range(len(parts)), degree)
        ]
    return np.stack(out, -1)
