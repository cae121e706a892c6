"""Noise that is a function: one (seed, field, step, draw) is one noise, on any batch or backend.

Philox (Salmon et al. 2011) turns a key and a counter into random bits without any state. The key
is (seed, field), the counter (block, 0, draw, step); Box & Muller 1958 makes them normal, in
float64, rounded to `dtype` last. Step -1 is the initial noise x_T, step i the sampler's i-th.

    noise = gaussian(seeds(11, 4), (3, 64, 64));  x = path[0].sigma * noise(-1)
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unstir.core.fields import Fields
from unstir.core.levels import NoiseSource

INITIAL = -1
"""The step of x_T."""


def seeds(seed: int, n: int) -> list[int]:
    """The seeds of a request for n samples: seed, seed + 1, ..."""
    first = _whole(seed)
    return [first + i for i in range(n)]


def gaussian(
    seeds: Sequence[int],
    shape: Sequence[int],
    *,
    dtype: str = "float32",
    field: str = "",
    to: Callable[[Any], Any] | None = None,
) -> NoiseSource[Any]:
    """Unit normal noise (len(seeds), *shape), row i from seeds[i] alone; seeds count modulo 2^64.

    `to` brings numpy to another backend, as in ``to=torch.from_numpy``.
    """
    keys = [(_whole(seed) % 2**64, _hash(field)) for seed in seeds]

    def source(step: int, draw: int = 0) -> Any:
        rows = [_normal(key, step, draw, shape) for key in keys]
        out = np.stack(rows).astype(dtype) if rows else np.empty((0, *shape), dtype)
        return to(out) if to else out

    return source


def together(**sources: NoiseSource[Any]) -> NoiseSource[Fields]:
    """One source of `Fields` from a source for each; give each a `field` name of its own."""
    return lambda step, draw=0: Fields({k: source(step, draw) for k, source in sources.items()})


def _normal(key: tuple[int, int], step: int, draw: int, shape: Sequence[int]) -> Any:
    """Each two words of bits become two uniforms, and those two normals (Box & Muller 1958)."""
    count = math.prod(shape)
    counter = np.array([0, 0, draw, step % 2**64], np.uint64)
    bits = np.random.Philox(counter=counter, key=np.array(key, np.uint64)).random_raw(count + 1)
    pairs = bits[: count + count % 2].reshape(-1, 2) >> np.uint64(11)
    u, v = (pairs + 0.5).T * 2.0**-53  # in (0, 1]
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    normals = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return normals.reshape(-1)[:count].reshape(shape)


def _hash(field: str) -> int:
    return int.from_bytes(hashlib.blake2b(field.encode(), digest_size=8).digest(), "big")


def _whole(seed: int) -> int:
    try:
        return operator.index(seed)
    except TypeError:
        raise ValueError(f"a seed is a whole number, not {seed!r}") from None
