"""Formulas of strings in one picture: each in its cell, and what is no molecule in red."""

import sys

import numpy as np
import pytest

pytest.importorskip("rdkit")

from unstir.modalities.depiction import CELL, grid, needed


def red(cell: np.ndarray) -> int:
    """Pixels that are red as words are, not pink as at the edges of lines."""
    r, g, b = cell.astype(int).transpose(2, 0, 1)
    return int(((r > 150) & (g < 80) & (b < 80)).sum())


def test_each_has_its_cell():
    wide, high = CELL
    picture = grid(["CCC", "C1CC", "", "c1ccccc1", "CCN"])
    assert picture.shape == (3 * high, 2 * wide, 3)
    cells = [picture[r * high : (r + 1) * high, c * wide : (c + 1) * wide]
             for r in range(3) for c in range(2)]  # fmt: skip
    assert [red(cell) > 0 for cell in cells[:4]] == [False, True, True, False]
    assert [bool((cell < 255).any()) for cell in cells] == [True] * 5 + [False]
    assert not np.array_equal(cells[0], cells[3])


def test_many_make_a_square():
    assert grid(["C"] * 64).shape == (10 * CELL[1], 7 * CELL[0], 3)


def test_without_rdkit_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match=r"pip install 'unstir\[molecules\]'"):
        needed()
