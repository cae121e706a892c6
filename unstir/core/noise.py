"""Noise that is a function: one (seed, field, step, draw) is one noise, on any batch or backend.

Philox (Salmon et al. 2011) turns a key and a counter into random bits without any state. The key
is (seed, field), the counter (block, 0, draw, step); Box & Muller 1958 makes them normal, in
float64, rounded to `dtype` last. Step -1 is the initial noise x_T, step i the sampler's i-th.
`uniform` makes the same bits uniform numbers, for samplers of tokens.

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
    return _source(_normal, seeds, shape, dtype, field, to)


def uniform(
    seeds: Sequence[int],
    shape: Sequence[int],
    *,
    dtype: str = "float64",
    field: str = "",
    to: Callable[[Any], Any] | None = None,
) -> NoiseSource[Any]:
    """Uniform numbers in (0, 1), (len(seeds), *shape), otherwise as `gaussian`; below float64
    those nearest 1 round to it."""
    return _source(_uniform, seeds, shape, dtype, field, to)


def together(**sources: NoiseSource[Any]) -> NoiseSource[Fields]:
    """One source of `Fields` from a source for each; give each a `field` name of its own."""
    return lambda step, draw=0: Fields({k: source(step, draw) for k, source in sources.items()})


def _source(
    law: Callable[[Callable[[int], Any], Sequence[int]], Any],
    seeds: Sequence[int], shape: Sequence[int], dtype: str, field: str,
    to: Callable[[Any], Any] | None,
) -> NoiseSource[Any]:  # fmt: skip
    """The numbers of a law that takes them from so many words of bits."""
    keys = [np.array((_whole(seed) % 2**64, _hash(field)), np.uint64) for seed in seeds]

    def source(step: int, draw: int = 0) -> Any:
        counter = np.array([0, 0, draw, step % 2**64], np.uint64)
        streams = (np.random.Philox(counter=counter, key=key).random_raw for key in keys)
        rows = [law(stream, shape) for stream in streams]
        out = np.stack(rows).astype(dtype) if rows else np.empty((0, *shape), dtype)
        return to(out) if to else out

    return source


def _uniform(bits: Callable[[int], Any], shape: Sequence[int]) -> Any:
    """52 bits of each word, for with 53 the largest would round to 1."""
    return ((bits(math.prod(shape)) >> np.uint64(12)) + 0.5).reshape(shape) * 2.0**-52


def _normal(bits: Callable[[int], Any], shape: Sequence[int]) -> Any:
    """Each two words of bits become two uniforms, and those two normals (Box & Muller 1958)."""
    count = math.prod(shape)
    pairs = bits(count + 1)[: count + count % 2].reshape(-1, 2) >> np.uint64(11)
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
