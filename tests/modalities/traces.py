"""Chains whose geometry is known: by internal coordinates, and by backbone dihedrals."""

from __future__ import annotations

import numpy as np

BONDS = {"N": 1.458, "CA": 1.525, "C": 1.329}
"""Angstrom from each atom to the next one."""
ANGLES = {"N": 111.0, "CA": 117.2, "C": 121.7}
"""Degrees at CA, at C, at the next N: each stands under the atom where its two bonds begin."""


def laid(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: float, bend: float, turn: float
) -> np.ndarray:
    """The place `d` from c, with the angle at c and the dihedral from a, in degrees (NeRF)."""
    bend, turn = np.radians(180 - bend), np.radians(turn)
    u = (c - b) / np.linalg.norm(c - b)
    n = np.cross(b - a, u)
    n /= np.linalg.norm(n)
    axes = np.stack([u, np.cross(n, u), n])
    way = [np.cos(bend), np.cos(turn) * np.sin(bend), np.sin(turn) * np.sin(bend)]
    return c + d * np.array(way) @ axes


def trace(n: int, bend: float, turn: float) -> np.ndarray:
    """(n, 3) with bonds of 3.8 angstrom, one angle and one dihedral."""
    x = [np.array([0.0, 0, 0]), np.array([3.8, 0, 0])]
    x.append(x[1] + 3.8 * np.array([-np.cos(np.radians(bend)), np.sin(np.radians(bend)), 0]))
    while len(x) < n:
        x.append(laid(x[-3], x[-2], x[-1], 3.8, bend, turn))
    return np.stack(x[:n])


def helix(n: int) -> np.ndarray:
    """Of CA: 91 degrees, 50 degrees of dihedral (right-handed)."""
    return trace(n, 91, 50)


def backbone(phi: np.ndarray, psi: np.ndarray) -> np.ndarray:
    """(N, 4, 3) of N, CA, C, O with these dihedrals in degrees, peptides trans."""
    n = len(phi)
    atoms = [np.array([0.0, 0, 0]), np.array([BONDS["N"], 0, 0])]
    bend = np.radians(180 - ANGLES["N"])
    atoms.append(atoms[1] + BONDS["CA"] * np.array([np.cos(bend), np.sin(bend), 0]))
    for i in range(n):
        for d, angle, turn in (
            (BONDS["C"], ANGLES["CA"], psi[i]),
            (BONDS["N"], ANGLES["C"], 180.0),
            (BONDS["CA"], ANGLES["N"], phi[(i + 1) % n]),
        ):
            atoms.append(laid(*atoms[-3:], d, angle, turn))
    x = np.stack(atoms)
    out = np.zeros((n, 4, 3))
    for k in range(3):
        out[:, k] = x[k : k + 3 * n : 3]
    for i in range(n):
        out[i, 3] = laid(out[i, 0], out[i, 1], out[i, 2], 1.231, 120.5, psi[i] + 180)
    return out


def rotation(seed: int) -> np.ndarray:
    """(3, 3), a turn without a reflection."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q *= np.sign(np.diagonal(r))
    q[:, 2] *= np.linalg.det(q)
    return q


def some(count: int, n: int, seed: int = 0) -> list[np.ndarray]:
    """Backbones in pieces of helix and strand."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        kinds = np.repeat(rng.integers(0, 2, n // 6 + 1), 6)[:n]
        phi = np.where(kinds, -62, -115) + rng.normal(0, 8, n)
        psi = np.where(kinds, -42, 130) + rng.normal(0, 8, n)
        out.append(backbone(phi, psi))
    return out
