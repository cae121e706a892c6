"""The regression that estimates what molecules have, on what is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.wishes import fitted, seen
from unstir.modalities.sdf import Structure


def pair(symbols: str, apart: float) -> Structure:
    bonds = np.array([[0, 1], [1, 0]], np.uint8)
    return Structure(tuple(symbols), (0, 0), np.array([[0.0, 0, 0], [apart, 0, 0]]), bonds)


ETHANE, METHANOL = pair("CC", 1.54), pair("CO", 1.43)


def test_a_line_is_found() -> None:
    rng = np.random.default_rng(0)
    x, slopes = rng.normal(size=(5_000, 3)), rng.normal(size=(3, 2))
    there = fitted(x, x @ slopes + [5, -2])
    assert np.allclose(there(x), x @ slopes + [5, -2], atol=0.01)


def test_a_polar_molecule_has_a_moment() -> None:
    pytest.importorskip("rdkit")
    ethane, methanol = seen([ETHANE, METHANOL])
    assert ethane[-1] < 0.05
    assert 0.5 < methanol[-1] < 3
    assert not np.array_equal(ethane[:-1], methanol[:-1])
