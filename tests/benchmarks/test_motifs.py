"""How a part of a chain stands in it, on chains whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.motifs import measured, stretch


def test_a_third() -> None:
    for seed in range(50):
        first, last = stretch(40, seed)
        assert last - first == 13
        assert 0 <= first <= last <= 40
    assert len({stretch(40, seed) for seed in range(50)}) > 10


def test_its_ends_and_contacts() -> None:
    """A straight chain has none; folded back, each residue of a strand touches three of the
    other, or two at its ends; a break counts at the end where it is."""
    line = np.zeros((12, 4, 3))
    line[..., 0] = 3.8 * np.arange(12)[:, None] + [-1.4, 0, 3.8 - 1.4 - 1.33, 0]
    said = measured(line, range(4, 8))
    assert (said["bonds"], said["bonds at its ends"], said["its contacts"]) == (1, 1, 0)
    broken = line.copy()
    broken[8:, :, 0] += 5
    for what in ("bonds", "peptides"):
        assert measured(broken, range(4, 8))[f"{what} at its ends"] == 0.5
    assert measured(broken, range(8, 12))["bonds at its ends"] == 0
    hairpin = np.concatenate([line[:6], np.add(line[5::-1], [0, 3.8, 0])])
    said = measured(hairpin, range(3))
    assert said["its contacts"] == pytest.approx((2 + 3 + 3) / 3)
