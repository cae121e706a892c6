"""Molecules in space as one array, so that samplers, guidance and edits see nothing special.

    z = pack(x, h, e)           # (B, 3 + A + K N, N) of positions, one-hot kinds and one-hot bonds
    x, h, e = unpack(z, kinds)  # (B, N, 3), (B, N, A), (B, N, N, K)
    source = noise(seeds, mask, kinds)

Column i of a state is atom i: its position, its kind, and its bonds with every other. Noise is
what the forward process may add: positions with zero mean over the atoms there are (Hoogeboom et
al. 2022, EDM, sec. 3), bonds symmetric, and nothing where no atom is. Both are projections, and
every clean state lies in their range, so every state of a walk does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unstir.core.levels import NoiseSource
from unstir.core.namespace import namespace
from unstir.core.noise import gaussian

BONDS = 4
"""Kinds of bonds: none, single, double, triple."""
KNOWN = 2.0
"""What stands for 1 in the kind of an atom that a network is told to be kept where it is."""


def channels(kinds: int, atoms: int) -> int:
    """Channels of a state."""
    return 3 + kinds + BONDS * atoms


def pack(x: Any, h: Any, e: Any) -> Any:
    """Positions (B, N, 3), kinds (B, N, A), bonds (B, N, N, K) -> a state (B, 3 + A + K N, N)."""
    b, n = x.shape[:2]
    bonds = e.swapaxes(1, 3).reshape(b, -1, n)  # (B, K, j, i)
    return namespace(x).concatenate((x.swapaxes(1, 2), h.swapaxes(1, 2), bonds), 1)


def unpack(z: Any, kinds: int) -> tuple[Any, Any, Any]:
    """A state -> positions, kinds, bonds."""
    b, _, n = z.shape
    bonds = z[:, 3 + kinds :].reshape(b, BONDS, n, n).swapaxes(1, 3)
    return z[:, :3].swapaxes(1, 2), z[:, 3 : 3 + kinds].swapaxes(1, 2), bonds


def project(z: Any, mask: Any, kinds: int) -> Any:
    """The nearest thing that a process may hold: zero mean, symmetric bonds, nothing beyond
    `mask` (B, N)."""
    x, h, e = unpack(z, kinds)
    m, one = mask[..., None], namespace(mask).ones_like(mask)[0]
    off = 1 - namespace(mask).diag(one)
    mean = (x * m).sum(1)[:, None] / m.sum(1)[:, None]
    pairs = (m * mask[:, None] * off)[..., None]
    return pack((x - mean) * m, h * m, (e + e.swapaxes(1, 2)) / 2 * pairs)


def noise(
    seeds: Sequence[int], mask: np.ndarray, kinds: int, dtype: str = "float32"
) -> NoiseSource[np.ndarray]:
    """Noise of states whose atoms `mask` (B, N) tells; of unit deviation on bonds and kinds."""
    n = mask.shape[1]
    raw = gaussian(seeds, (channels(kinds, n), n), dtype=dtype)
    mask = mask.astype(dtype)

    def source(step: int, draw: int = 0) -> np.ndarray:
        z = raw(step, draw)
        z[:, 3 + kinds :] *= 2**0.5  # the mean of two has this much less
        return project(z, mask, kinds)

    return source
