"""The figures of strings, on molecules whose answers are known."""

import numpy as np
import pytest

from unstir.tasks.domains import smiles
from unstir.tasks.domains.smiles import apart, diversity, exchanged, molecule, passes


def test_valid() -> None:
    assert molecule("CCO") is not None
    for wrong in ("C1CC", "c1cccc1C", "CC.O", "C[CH2]", "C(C)(C)(C)(C)C", ""):
        assert molecule(wrong) is None


def test_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    from rdkit import Chem

    monkeypatch.setattr(smiles, "unwanted", lambda: (Chem.MolFromSmarts("[#6]1-[#8]-[#6]-1"),))
    for fine in ("CCO", "c1ccccc1", "C1CCCCCC1"):
        assert passes(Chem.MolFromSmiles(fine))
    for wrong in ("C1CCCCCCC1", "C[NH3+]", "C[Si]", "C1OC1"):
        assert not passes(Chem.MolFromSmiles(wrong))


def test_distances() -> None:
    x = np.linspace(0, 1, 2000)
    assert apart(x, x) == 0
    assert apart(x, x + 3) == pytest.approx(3)
    assert apart(x, 2 * x) == pytest.approx(0.5, abs=1e-2)
    same = [molecule("CCO")] * 3
    assert diversity(same) == pytest.approx(0)
    assert diversity([molecule("CCCCCC"), molecule("c1ccncc1")]) > 0.8


def test_exchanged() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = exchanged("CC(=O)Cl", rng)
        assert sorted(other) == sorted("CC(=O)Cl")
