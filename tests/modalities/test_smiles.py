"""Strings cut into pieces and put together again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstir.modalities.smiles import BadSmiles, Pieces, learn, merged, symbols

SOME = ["CCO", "c1ccccc1", "CC(=O)Nc1ccc(Cl)cc1", "C[C@@H](N)C(=O)O", "BrCCCl", "c1ccc2[nH]ccc2c1"]


def test_symbols() -> None:
    assert symbols("C[C@@H](Cl)Br") == ["C", "[C@@H]", "(", "Cl", ")", "Br"]
    assert symbols("C%12=C") == ["C", "%12", "=", "C"]


def test_nothing_is_lost() -> None:
    pieces = learn(SOME * 3, 40)
    assert len(pieces) == 40
    for string, row in zip(SOME, pieces.encode(SOME), strict=True):
        assert pieces.decode(row) == string
        assert len(row) <= len(symbols(string))
    assert min(map(len, pieces.encode(SOME))) == 1  # one of them is a piece by itself


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("CNO()=1", min_size=1, max_size=30), min_size=1, max_size=8))
def test_nothing_is_lost_of_any_text(strings: list[str]) -> None:
    pieces = learn(strings, 30)
    rows = pieces.encode(strings)
    assert [pieces.decode(row) for row in rows] == strings
    again = pieces.encode([strings[-1]])[0]  # whatever stands beside it
    assert np.array_equal(again, rows[-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.integers(0, 2), st.integers(0, 2))
def test_pairs_are_taken_from_the_left(x: list[int], a: int, b: int) -> None:
    slow, at = [], 0
    while at < len(x):
        pair = at + 1 < len(x) and (x[at], x[at + 1]) == (a, b)
        slow.append(9 if pair else x[at])
        at += 2 if pair else 1
    assert merged(np.array(x), a, b, 9).tolist() == slow


def test_what_is_no_smiles() -> None:
    pieces = learn(SOME, 30)
    for bad, says in (
        ("", "1 to 1,000"), ("C" * 1001, "1 to 1,000"), ("CC!C", "from character 3"),
        ("CC[Se]", "never saw"), ("C[", "from character 2"), ("C\u00e9", "from character 2"),
    ):  # fmt: skip
        with pytest.raises(BadSmiles, match=says):
            pieces.encode([bad])
    with pytest.raises(ValueError, match="do not fit"):
        learn(SOME, 5)


def test_pieces_of_pieces() -> None:
    pieces = Pieces(("C", "O"), ((0, 0), (2, 1)))
    assert pieces.texts == ("C", "O", "CC", "CCO")
    assert pieces.encode(["CCO", "CCC"])[0].tolist() == [3]
    assert pieces.encode(["CCC"])[0].tolist() == [2, 0]
