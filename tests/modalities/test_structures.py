"""States of molecules: packing loses nothing, and noise stays where states are."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.core.find import find, names
from unstir.core.parametrizations import denoiser
from unstir.core.paths import path
from unstir.core.schedules import flow
from unstir.modalities.structures import channels, noise, pack, project, unpack

KINDS = 4
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.float64)


def test_packing_loses_nothing() -> None:
    rng = np.random.default_rng(0)
    x, h, e = (rng.normal(size=s) for s in ((2, 5, 3), (2, 5, KINDS), (2, 5, 5, 4)))
    z = pack(x, h, e)
    assert z.shape == (2, channels(KINDS, 5), 5)
    for part, back in zip((x, h, e), unpack(z, KINDS), strict=True):
        assert np.array_equal(part, back)


def test_projecting_twice_is_projecting_once_and_changes_no_clean_state() -> None:
    z = np.random.default_rng(1).normal(size=(2, channels(KINDS, 5), 5))
    once = project(z, MASK, KINDS)
    assert np.allclose(project(once, MASK, KINDS), once, atol=1e-12)
    assert not np.allclose(once, z)
    x, h, e = unpack(once, KINDS)
    assert np.allclose(x.sum(1), 0, atol=1e-12)
    assert np.array_equal(e, e.swapaxes(1, 2))
    assert not x[1, 3:].any()
    assert not h[1, 3:].any()
    assert not e[1, 3:].any()
    assert not e[:, range(5), range(5)].any()


def test_noise_is_unit_and_in_the_range_and_each_seeds_own() -> None:
    mask = np.ones((400, 5))
    z = noise(range(400), mask, KINDS, "float64")(-1)
    assert np.allclose(project(z, mask, KINDS), z, atol=1e-12)
    x, h, e = unpack(z, KINDS)
    off = e[:, *np.triu_indices(5, 1)]
    assert h.std() == pytest.approx(1, abs=0.03)
    assert off.std() == pytest.approx(1, abs=0.03)
    assert x.var() == pytest.approx(4 / 5, abs=0.04)  # the mean of five is taken out
    alone = noise([7], mask[:1], KINDS, "float64")(-1)
    assert np.array_equal(alone[0], z[7])
    assert not np.array_equal(noise([7], mask[:1], KINDS, "float64")(0), alone)


@pytest.mark.parametrize("sampler", names("samplers"))
def test_every_sampler_stays_in_the_range(sampler: str) -> None:
    """Of a linear answer within it, whatever noise the sampler asks for."""
    source = noise([1, 2], MASK, KINDS, "float64")
    denoise = denoiser(lambda z, t: 0.5 * z, "x0")
    levels = path(flow(), 6)
    x = levels[0].sigma * source(-1)
    for step in find("samplers", sampler)(denoise, x, levels, noise=source):
        x = step.x
        assert np.allclose(project(x, MASK, KINDS), x, atol=1e-9)
