"""Protein chains as states: where the CA of each residue is, and noise that is a chain too.

    source = noise(seeds, mask)                  # (B, 3, N), in units of `SCALE` angstrom
    y = walk(length) @ white                     # before it is centered

Column i of a state (B, 3, N) is residue i. The noise is a random walk along the chain that is
drawn back to where it began, with steps as long as the bond between neighbouring CA, moved so that
its middle is at 0:

    y_0 ~ N(0, s^2 / (1 - c^2)),   y_i = c y_{i-1} + N(0, s^2),   s = 3.8 angstrom / sqrt(3)

so what is stirred stays a chain of about the right bonds and size (compare Ingraham et al. 2023,
Chroma, app. C: covariances of chains). It is a linear map of white noise, the same for every step
of a walk, so samplers see nothing special.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstir.core.levels import NoiseSource
from unstir.core.noise import gaussian

SCALE = 10.0
"""Angstrom in a unit of states."""
BOND = 3.8
"""Angstrom between neighbouring CA of a trans peptide."""
ROOM, APART = 4.0, 3
"""Angstrom that residues need which are at least so many places apart."""
STEP = BOND / 3**0.5 / SCALE
"""Deviation of a step of the noise along an axis, in units."""
KEEPING = 0.97
"""c above. With it noise is as wide as globular chains of 40 to 128 residues are (within 12 %)."""


def walk(length: int) -> np.ndarray:
    """(N, N), the map from white noise to the random walk, before it is centered."""
    place = np.arange(length)
    steps = place[:, None] - place
    out = np.where(steps >= 0, STEP * KEEPING ** np.maximum(steps, 0), 0.0)
    out[:, 0] /= (1 - KEEPING**2) ** 0.5
    return out


def centered(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """States (B, 3, N) with zero mean over the residues that `mask` (B, N) tells, 0 elsewhere."""
    m = mask[:, None]
    return (x - (x * m).sum(2, keepdims=True) / m.sum(2, keepdims=True)) * m


def noise(
    seeds: Sequence[int], mask: np.ndarray, temperature: float = 1.0, dtype: str = "float32"
) -> NoiseSource[np.ndarray]:
    """Noise of chains whose residues `mask` (B, N) tells; what is drawn along the walk, but not
    what it begins from, is `temperature` times as large."""
    raw = gaussian(seeds, (mask.shape[1], 3), dtype=dtype)  # a longer batch adds at the end
    along, mask = walk(mask.shape[1]).astype(dtype), mask.astype(dtype)

    def source(step: int, draw: int = 0) -> np.ndarray:
        x = centered((along @ raw(step, draw)).swapaxes(1, 2), mask)
        return x if step < 0 else temperature * x

    return source


def relaxed(
    x: np.ndarray, mask: np.ndarray, rounds: int = 5, held: np.ndarray | None = None
) -> np.ndarray:
    """States whose bonds are nearer to right and whose residues, if no neighbors, leave each other
    room, by moving as little as that takes: each round half of what every pair asks for
    (Mueller et al. 2007, position based dynamics, sec. 3.3). All bonds are those of trans
    peptides. Residues that `held` (B, N) tells stay as they stand to each other."""
    y = SCALE * x.swapaxes(1, 2).astype(np.float64)  # (B, N, 3)
    place = np.arange(y.shape[1])
    apart = np.abs(place - place[:, None]) >= APART
    pairs = apart & (mask[:, :, None] * mask[:, None] > 0)
    bonded = (mask[:, 1:] > 0)[..., None]
    free = np.ones_like(mask) if held is None else 1.0 - held
    for _ in range(rounds):
        bond = y[:, 1:] - y[:, :-1]
        long = np.linalg.norm(bond, axis=-1, keepdims=True) + 1e-9
        pull = np.where(bonded, 0.5 * (1 - BOND / long), 0.0) * bond
        move = np.zeros_like(y)
        move[:, :-1] += _share(free[:, :-1], free[:, 1:]) * pull
        move[:, 1:] -= _share(free[:, 1:], free[:, :-1]) * pull
        rows, i, j = np.nonzero(pairs & (distances(y) < ROOM))
        way = y[rows, i] - y[rows, j]
        far = np.linalg.norm(way, axis=-1, keepdims=True) + 1e-9
        share = _share(free[rows, i], free[rows, j])
        np.add.at(move, (rows, i), 0.5 * share * (ROOM - far) / far * way)
        y = y + move
    return centered(y.swapaxes(1, 2) / SCALE, mask).astype(x.dtype)


def _share(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(..., 1), how much of a pair's way is mine: half, all if only I am free, none if I am
    not."""
    return (mine / np.maximum(mine + other, 1))[..., None]


def distances(x: np.ndarray) -> np.ndarray:
    """(..., N, N) between points (..., N, 3)."""
    return np.linalg.norm(x[..., :, None, :] - x[..., None, :, :], axis=-1)


def masks(lengths: Sequence[int] | np.ndarray, most: int | None = None) -> np.ndarray:
    """(B, N) float32, 1 where there is a residue, N that of the longest if not given."""
    return (np.arange(most or max(lengths)) < np.asarray(lengths)[:, None]).astype(np.float32)
