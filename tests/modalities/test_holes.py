"""Setting new pixels in: known ones to the bit, no step at the border that the new picture has
not, and nothing changed deeper than the feather."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.modalities.holes import continued, set_in

RNG = np.random.default_rng(0)
OLD = RNG.integers(60, 190, (40, 50, 3), dtype=np.uint8)
HOLE = np.zeros((40, 50), np.float32)
HOLE[8:30, 12:44] = 1


def steps(picture: np.ndarray) -> np.ndarray:
    """From the known pixel above the hole's upper border to the first one in it."""
    return picture[8, 12:44].astype(int) - picture[7, 12:44]


def test_the_step_across_the_border_is_the_new_pictures_own() -> None:
    """Old and new differ by noise: a smooth correction could not follow it."""
    new = np.clip(OLD.astype(int) + RNG.integers(-40, 40, OLD.shape), 0, 255).astype(np.uint8)
    made = set_in(OLD, new, HOLE, 4)
    inner = slice(1, -1)  # at corners two sides have a say
    assert np.abs(steps(made) - steps(new))[inner].max() <= 1
    pasted = np.where(HOLE[..., None] > 0, new, OLD)
    assert np.abs(steps(pasted) - steps(new))[inner].mean() > 10
    assert np.array_equal(made[HOLE == 0], OLD[HOLE == 0])
    assert np.array_equal(made[12:26, 16:40], new[12:26, 16:40])


@pytest.mark.parametrize(("feather", "changed"), [(0, 0), (1, 1), (6, 6)])
def test_the_feather_is_how_deep_it_goes(feather: int, changed: int) -> None:
    new = np.clip(OLD.astype(int) - 30, 0, 255).astype(np.uint8)
    made = set_in(OLD, new, HOLE, feather)
    off = np.abs(made.astype(int) - new).max(-1)[8:30, 28]
    assert (off[:changed] > 0).all()
    assert not off[changed : -changed or None].any()


def test_grays_blend() -> None:
    made = set_in(OLD, np.full_like(OLD, 125), np.full((40, 50), 0.5, np.float32), 0)
    assert np.abs(made - (OLD / 2 + 62.5)).max() <= 1


def test_narrow_holes_meet_in_the_middle() -> None:
    """A stroke of three pixels between two values: no jump of all the difference."""
    values = np.where(np.arange(9) < 4, 10.0, 20.0)[None, :, None] * np.ones((5, 1, 1))
    hole = np.zeros((5, 9), bool)
    hole[:, 3:6] = True
    out, ring = continued(values, hole, 5)
    assert out[2, 3:6, 0].tolist() == [10, 15, 20]
    assert ring[2, 2:7].tolist() == [0, 1, 2, 1, 0]
