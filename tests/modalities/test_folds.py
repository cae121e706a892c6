"""Figures of chains, on shapes whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modalities.traces import helix, rotation, some, trace
from unstir.modalities import folds

MIRROR = np.array([1, 1, -1])


def test_a_helix_is_one_and_has_a_hand() -> None:
    x = helix(30)
    assert folds.secondary(x) == "C" + 27 * "H" + "CC"
    assert folds.turns(x) == (1.0, 0.0)
    assert folds.turns(x * MIRROR) == (0.0, 1.0)
    said = folds.measured(x)
    assert said["bonds"] == 1
    assert said["clashes"] == 0
    assert said["helix"] == 0.9
    assert said["strand"] == 0


def test_a_strand_is_one() -> None:
    x = trace(20, 124, -170)
    assert folds.secondary(x) == "C" + 17 * "E" + "CC"
    assert folds.turns(x) == (0.0, 0.0)


@pytest.mark.parametrize(("bend", "turn", "letter"), [(91, -51, "H"), (124, 100, "E")])
def test_distances_alone(bend: float, turn: float, letter: str) -> None:
    """They belong to the residue that angles belong to, the second of five (P-SEA's i - 1 is the
    first), here where no dihedral is right."""
    assert folds.secondary(trace(9, bend, turn)) == "C" + 5 * letter + "CCC"


def test_dihedrals_have_iupacs_sign() -> None:
    assert folds.dihedrals(trace(6, 100, 60)) == pytest.approx([60] * 3)
    assert folds.dihedrals(trace(6, 100, -120)) == pytest.approx([-120] * 3)
    assert folds.angles(trace(6, 100, 60)) == pytest.approx([100] * 4)


def test_clashes_and_contacts_are_counted() -> None:
    x = 100.0 * np.arange(10)[:, None] * np.array([1.0, 0, 0])
    x[9] = x[0] + [0, 3.0, 0]
    x[8] = x[2] + [0, 6.0, 0]
    said = folds.measured(x)
    assert said["clashes"] == pytest.approx(10.0)
    assert said["contacts"] == pytest.approx(0.4)  # of four residues with one each
    assert said["bonds"] == 0


def test_the_size_of_a_globule() -> None:
    """A ball of the right radius of gyration scores 1."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    x *= folds.globule(100) / folds.gyration(x)
    assert folds.measured(x)["gyration"] == pytest.approx(1)


def test_superposition_undoes_a_motion_but_no_reflection() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 3))
    turn = rotation(2)
    there = x @ turn.T + [1, 2, 3]
    assert np.allclose(folds.superposed(x, there), there)
    assert np.abs(folds.superposed(x * MIRROR, there) - there).max() > 0.1


def test_the_score_of_likeness() -> None:
    one, other = (x[:, 1] for x in some(2, 60))
    turn = rotation(3)
    assert folds.tm_score(one @ turn.T + 5, one) == pytest.approx(1)
    assert folds.tm_score(other, one) < 0.5
    half = one.copy()
    half[30:] = one[30:] @ turn.T + 20
    assert 0.4 < folds.tm_score(half, one) < 0.75


def test_it_is_the_tm_score() -> None:
    """One rigid shift of a few residues has a closed form once the rest is laid upon itself."""
    x = some(1, 100)[0][:, 1]
    moved = x.copy()
    moved[:10] += 1000
    assert folds.tm_score(moved, x) == pytest.approx(0.9, abs=1e-3)
