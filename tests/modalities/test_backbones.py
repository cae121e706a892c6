"""N, C and O from a trace: learned on chains of known geometry, true on new ones."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modalities.traces import rotation, some
from unstir.modalities.backbones import TERMS, Completion, from_json, learn


@pytest.fixture(scope="module")
def complete() -> Completion:
    return learn(some(60, 60))


def test_new_chains(complete: Completion) -> None:
    for chain in some(5, 50, seed=1):
        error = np.sqrt(np.square(complete(chain[:, 1]) - chain).sum(-1))
        assert np.median(error[1:-1, [0, 2]]) < 0.1
        assert np.median(error[1:-1, 3]) < 0.3
        assert error[:, 1].max() == 0


def test_peptides_are_as_long_as_they_are(complete: Completion) -> None:
    """From atom to atom within a peptide, for traces with the right bonds."""
    xyz = complete(some(1, 40, seed=2)[0][:, 1])
    assert np.linalg.norm(xyz[1:, 0] - xyz[:-1, 2], axis=-1) == pytest.approx(1.329, abs=0.02)
    assert np.linalg.norm(xyz[:, 3] - xyz[:, 2], axis=-1) == pytest.approx(1.231, abs=0.02)


def test_it_moves_with_the_trace_but_is_no_mirror_image(complete: Completion) -> None:
    ca = some(1, 30, seed=3)[0][:, 1]
    turn = rotation(0)
    there = complete(ca @ turn.T + [3, 4, 5])
    assert np.allclose(there, complete(ca) @ turn.T + [3, 4, 5])
    mirror = np.array([1, 1, -1])
    assert np.abs(complete(ca * mirror) - complete(ca) * mirror).max() > 0.3


def test_it_survives_json(complete: Completion) -> None:
    assert complete.turn.shape == (TERMS, 2)
    ca = some(1, 30, seed=4)[0][:, 1]
    assert np.abs(from_json(complete.to_json())(ca) - complete(ca)).max() < 2e-3


def test_three_residues_are_no_trace(complete: Completion) -> None:
    with pytest.raises(ValueError, match="four or more"):
        complete(np.zeros((3, 3)))
