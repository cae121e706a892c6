"""Numbers as tokens: each alone, missing ones masked, wishes read and refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.conditions.manifest import from_manifest
from unstir.conditions.numbers import BUMPS, Numbers
from unstir.core.find import NotFound

GAP = Numbers(["gap", "dipole"], [6.0, 2.0], [1.0, 0.5])


def test_tokens() -> None:
    tokens = GAP.encode([{"gap": 6.0}, {}, {"dipole": 2.5, "gap": 5.0}])
    assert tokens.states.shape == (3, 2, 2 + BUMPS)
    assert tokens.states.dtype == tokens.mask.dtype == np.float32
    assert tokens.mask.tolist() == [[1, 0], [0, 0], [1, 1]]
    assert not tokens.states[1].any()
    assert tokens.states[2, :, :2].tolist() == [[1, 0], [0, 1]]
    middle = tokens.states[0, 0, 2:]
    assert middle[7] == pytest.approx(middle[8])
    assert middle.argmax() in (7, 8)
    null = GAP.null(2)
    assert not null.mask.any()
    assert not null.states.any()


def test_rows_are_what_encode_gives() -> None:
    wishes = [{"gap": 5.5, "dipole": 1.0}, {"dipole": 3.0}]
    values, known = np.array([[5.5, 1.0], [99.0, 3.0]]), np.array([[1.0, 1], [0, 1]])
    assert np.array_equal(GAP.encode(wishes).states, GAP.rows(values, known).states)


def test_nearby_numbers_are_alike_and_far_ones_are_not() -> None:
    gaps = np.array([[v, 2.0] for v in (5.0, 5.05, 8.0, 9.0, 11.0)])
    states = GAP.rows(gaps, np.ones_like(gaps)).states[:, 0]
    apart = np.linalg.norm(states - states[0], axis=-1)
    assert apart[1] < 0.2 < 1 < apart[2]
    assert np.array_equal(states[3], states[4])


def test_wishes() -> None:
    assert GAP.read("gap=5, dipole = 2.5") == {"gap": 5.0, "dipole": 2.5}
    assert GAP.read("gap=9,dipole=0.5") == {"gap": 9.0, "dipole": 0.5}
    assert GAP.read("") == {}
    for text, says in (
        ("gap", "wishes for nothing; there are: gap=NUMBER, dipole=NUMBER"),
        ("gap=much", "wishes for nothing"),
        ("gap=nan", "wishes for nothing"),
        ("gap=5,gap=6", "twice"),
        ("gap=60", "most that the model has learned from have 4 to 8"),
        ("gap=9.01", "most that"),
        ("gap=2.99", "most that"),
    ):
        with pytest.raises(ValueError, match=says):
            GAP.read(text)
    with pytest.raises(NotFound, match="did you mean 'gap'"):
        GAP.read("gapp=5")


def test_from_json(tmp_path) -> None:
    again = from_manifest(GAP.to_json(), tmp_path)
    assert isinstance(again, Numbers)
    assert np.array_equal(again.encode([{"gap": 5}]).states, GAP.encode([{"gap": 5}]).states)
    with pytest.raises(ValueError, match="incomplete"):
        from_manifest({"name": "numbers", "names": ["a"]}, tmp_path)
    for bad in (
        ([], [], []),
        (["a", "a"], [0, 0], [1, 1]),
        (["a"], [0], [0]),
        (["a"], [0, 1], [1]),
    ):
        with pytest.raises(ValueError, match=r"name of its own|no scale"):
            Numbers(*bad)
