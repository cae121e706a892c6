"""What is taken out of a string leaves one that can be completed."""

from __future__ import annotations

import pytest

from benchmarks.decorations import between_rings, branches, cuts
from unstir.modalities.smiles import symbols


def taken(text: str, parts: list[tuple[int, int]]) -> set[str]:
    each = symbols(text)
    return {"".join(each[first:last]) for first, last in parts}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CC(C)C", set()),
        ("c1ccc(CCO)cc1", {"CCO"}),
        ("CC(C(=O)NC)C", {"C(=O)NC"}),
        ("c1ccc(c2ccccc2)cc1", {"c2ccccc2"}),
        ("C1CC(CCC1)C", set()),  # a ring ends in there
    ],
)
def test_branches(text: str, found: set[str]) -> None:
    assert taken(text, branches(symbols(text))) == found


def test_between_rings() -> None:
    text = "c1ccccc1CCOCc1ccccc1"
    assert taken(text, between_rings(symbols(text))) == {"CCO", "CCOC", "COC"}
    assert not between_rings(symbols("CCOc1ccccc1CCO"))
    assert not between_rings(symbols("C1CC(CCC1)C"))


def test_cuts() -> None:
    found = list(cuts(iter(["CC", "c1ccc(CCO)cc1", "C(CCO)C", "C(CCN)C"]), branches, 2))
    assert found == [("c1ccc(CCO)cc1", "c1ccc(*)cc1"), ("C(CCO)C", "C(*)C")]
