"""Pictures of chains: bands where there is something to see, lines elsewhere, from blue to red."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modalities.traces import helix, laid, trace
from unstir.modalities.ribbons import SIDE, grid

STRAND = trace(20, 124, -170)
LOOP = trace(20, 110, 100)


def inked(picture: np.ndarray) -> np.ndarray:
    return picture.min(2) < 250


def test_a_square_for_each() -> None:
    assert grid([helix(20)]).shape == (SIDE, SIDE, 3)
    assert grid([helix(20)] * 5).shape == (2 * SIDE, 4 * SIDE, 3)


@pytest.mark.parametrize("n", [4, 5, 128])
def test_chains_stay_inside(n: int) -> None:
    there = inked(grid([helix(n)]))
    assert there.any()
    assert not there[[0, -1]].any()
    assert not there[:, [0, -1]].any()


def test_bands_are_broader_than_loops() -> None:
    shares = [inked(grid([x])).sum() / inked(grid([x])).any(0).sum() for x in (STRAND, LOOP)]
    assert shares[0] > 1.4 * shares[1]


def test_it_begins_blue_and_ends_red() -> None:
    """The broad end of a helix that runs out into a thread has most of the ink."""
    x = list(helix(16))
    while len(x) < 24:
        x.append(laid(x[-3], x[-2], x[-1], 3.8, 150, 100))
    for chain, sign in ((np.array(x), -1), (np.array(x)[::-1], 1)):
        picture = grid([chain]).astype(int)
        warm = sign * (picture[..., 0] - picture[..., 2])[inked(picture)]
        assert (warm > 60).sum() > 2 * (warm < -60).sum() > 0


def test_turns_of_a_helix_are_seen_from_both_sides() -> None:
    """A band that winds shows light and dark faces in turn."""
    picture = grid([helix(24)]).astype(int)
    light = picture.max(2)[inked(picture)]
    faces = light[light > 130]  # no edges
    assert np.percentile(faces, 75) - np.percentile(faces, 25) > 15
