"""What protein chains look like: bonds, clashes, size, contacts, secondary structure and its hand.

    said = measured(ca)          # (N, 3) CA in angstrom -> {"bonds": 1.0, "clashes": 0.0, ...}
    letters = secondary(ca)      # "CCHHHHHHCC..."
    score = tm_score(ca, other)  # 0 to 1

All from the trace of CA alone, in numpy. Distances and angles of helices and strands are those of
P-SEA (Labesse et al. 1997, table 1), which cannot tell a helix from its mirror image but by its
dihedral, so turns are counted by their hand besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from unstir.modalities.chains import BOND, distances

NEAR = 0.2
"""Angstrom by which a bond may differ."""
CLASH, CONTACT, APART = 3.8, 8.0, 3
"""Angstrom below which residues this far apart along the chain clash, or touch."""
HELIX = {2: (5.5, 0.5), 3: (5.3, 0.5), 4: (6.4, 0.6), "angle": (89, 12), "dihedral": (50, 20)}
STRAND = {2: (6.7, 0.6), 3: (9.9, 0.9), 4: (12.4, 1.1), "angle": (124, 14),
          "dihedral": (-170, 45)}  # fmt: skip
"""Distances to the residue 2, 3 and 4 on, in angstrom, and angles in degrees: middle and width."""
HELICAL, STRETCHED = 5, 5
"""Residues in a row that make a helix, or a strand."""
TURN = (91, 12), (30, 75)
"""Degrees of the angle (middle, width) and of the dihedral (from, to) of a helical turn."""


def measured(x: np.ndarray) -> dict[str, float]:
    """Figures of one chain (N, 3): shares of good bonds, of helix and strand, of right-handed and
    left-handed helical turns; clashes for 100 residues; radius of gyration as a multiple of that
    of a globule; contacts of a residue."""
    n = len(x)
    bonds = np.linalg.norm(np.diff(x, axis=0), axis=-1)
    pairs = np.triu_indices(n, APART)
    apart = distances(x)[pairs]
    letters = secondary(x)
    right, left = turns(x)
    return {
        "bonds": float((np.abs(bonds - BOND) <= NEAR).mean()),
        "clashes": 100 * float((apart < CLASH).sum()) / n,
        "helix": letters.count("H") / n,
        "strand": letters.count("E") / n,
        "gyration": gyration(x) / globule(n),
        "contacts": 2 * float((apart < CONTACT).sum()) / n,
        "right": right,
        "left": left,
    }


def mean(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The means over chains."""
    return {name: float(np.mean([f[name] for f in figures])) for name in figures[0]}


def secondary(x: np.ndarray) -> str:
    """H, E or C of each residue of (N, 3), by P-SEA's distances or its angles."""
    helix = _stretches(_like(x, HELIX, (3, 4)), HELICAL)
    strand = _stretches(_like(x, STRAND, (2, 3, 4)), STRETCHED) & ~helix
    return "".join("H" if h else "E" if e else "C" for h, e in zip(helix, strand, strict=True))


def turns(x: np.ndarray) -> tuple[float, float]:
    """Shares of the residues' turns that are helical, right-handed and left-handed."""
    if len(x) < 4:
        return 0.0, 0.0
    (middle, width), (low, high) = TURN
    bent = np.abs(angles(x)[:-1] - middle) <= width
    dihedral = dihedrals(x)
    right, left = (bent & (low <= s * dihedral) & (s * dihedral <= high) for s in (1, -1))
    return float(right.mean()), float(left.mean())


def gyration(x: np.ndarray) -> float:
    """Radius of gyration of points (N, 3)."""
    return float(np.sqrt(np.square(x - x.mean(0)).sum(-1).mean()))


def globule(length: int) -> float:
    """The radius of gyration, in angstrom, of a typical globular protein of so many residues:
    2.2 N^0.38 (Skolnick et al. 1997)."""
    return 2.2 * length**0.38


def angles(x: np.ndarray) -> np.ndarray:
    """(N - 2,) degrees at the middle of each three points."""
    u, v = x[:-2] - x[1:-1], x[2:] - x[1:-1]
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=-1), (u * v).sum(-1)))


def dihedrals(x: np.ndarray) -> np.ndarray:
    """(N - 3,) degrees of each four points in a row, -180 to 180 (IUPAC's sign)."""
    return dihedral(x[:-3], x[1:-2], x[2:-1], x[3:])


def dihedral(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Degrees, of points (..., 3)."""
    u, v, w = b - a, c - b, d - c
    m, n = np.cross(u, v), np.cross(v, w)
    sine = (np.cross(m, n) * v).sum(-1) / np.maximum(np.linalg.norm(v, axis=-1), 1e-9)
    return np.degrees(np.arctan2(sine, (m * n).sum(-1)))


def _like(
    x: np.ndarray, form: Mapping[str | int, tuple[float, float]], far: Sequence[int]
) -> np.ndarray:
    """(N,) whether the residues from the one before each on lie as in `form`, by distances or by
    angles."""
    n = len(x)
    out = np.zeros(n, bool)
    if n < 5:
        return out
    d = distances(x)
    by_distance = np.ones(n - 4, bool)
    for k in far:
        middle, width = form[k]
        by_distance &= np.abs(np.diagonal(d, k)[: n - 4] - middle) <= width
    out[1 : n - 3] = by_distance
    (angle, wide), (turn, aside) = form["angle"], form["dihedral"]
    bent = np.abs(angles(x)[:-1] - angle) <= wide
    turned = np.abs((dihedrals(x) - turn + 180) % 360 - 180) <= aside
    out[1 : n - 2] |= bent & turned
    return out


def _stretches(on: np.ndarray, least: int) -> np.ndarray:
    """What of `on` is in rows of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    out = np.zeros(len(on), bool)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first >= least:
            out[first:end] = True
    return out


def superposed(x: np.ndarray, onto: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Points (N, 3), moved and turned to lie nearest to `onto` where they weigh (Kabsch 1976)."""
    turn, shift = fit(x, onto, weight)
    return x @ turn + shift


def fit(
    x: np.ndarray, onto: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(turn, shift) with x @ turn + shift nearest to `onto`; a turn, no reflection."""
    w = np.ones(len(x)) if weight is None else weight
    a, b = np.average(x, 0, w), np.average(onto, 0, w)
    u, _, v = np.linalg.svd((w[:, None] * (x - a)).T @ (onto - b))
    u[:, 2] *= np.sign(np.linalg.det(u @ v))
    return u @ v, b - a @ (u @ v)


def tm_score(x: np.ndarray, y: np.ndarray) -> float:
    """TM-score (Zhang & Skolnick 2004) of chains of equal length, residue i on residue i, by the
    best of superpositions that begin from stretches of the chain and keep what fits."""
    n = len(x)
    d0 = max(0.5, 1.24 * max(n - 15, 1) ** (1 / 3) - 1.8)
    best = 0.0
    for long in sorted({n, n // 2, n // 4}):
        for first in range(0, n - long + 1, max(1, long // 2)):
            w = np.zeros(n)
            w[first : first + long] = 1
            for _ in range(6):
                apart = np.square(superposed(x, y, w) - y).sum(-1)
                score = float((1 / (1 + apart / d0**2)).mean())
                best = max(best, score)
                near = (apart < (d0 + 1) ** 2).astype(float)
                if near.sum() < 4 or (near == w).all():
                    break
                w = near
    return best
