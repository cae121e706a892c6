"""The strip begins with the picture and ends in noise that any seed repeats."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.core.find import NotFound
from unstir.tasks.noise import noise
from unstir.tasks.request import BadRequest


@pytest.fixture
def photo(tmp_path: Path) -> str:
    ramp = np.tile(np.linspace(0, 255, 60).astype(np.uint8)[None, :, None], (40, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


@pytest.mark.parametrize("schedule", ["cosine", "flow", "scaled_linear", "edm", "ve", "sigmoid"])
def test_from_picture_to_noise(photo: str, schedule: str) -> None:
    strip = noise(photo, steps=5, size=32, schedule=schedule)
    assert strip.shape == (32, 160, 3)
    tiles = strip.reshape(32, 5, 32, 3).swapaxes(0, 1).astype(float)
    likeness = [np.corrcoef(tiles[0].ravel(), tile.ravel())[0, 1] for tile in tiles]
    assert likeness[0] == 1
    assert all(a > b for a, b in pairwise(likeness))
    assert abs(likeness[-1]) < 0.1


def test_the_seed_decides(photo: str) -> None:
    assert np.array_equal(noise(photo, seed=3), noise(photo, seed=3))
    assert not np.array_equal(noise(photo, seed=3), noise(photo, seed=4))


def test_numbers_out_of_range_are_named(photo: str) -> None:
    for name, value in (("steps", 1), ("steps", 65), ("size", 4), ("seed", -1)):
        with pytest.raises(BadRequest, match=name):
            noise(photo, **{name: value})
    with pytest.raises(NotFound, match="cosine"):
        noise(photo, schedule="cosin")
