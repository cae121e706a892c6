"""The shipped models of molecules and proteins through the front door: what they draw is what it
should be, and one seed is one sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unstir.modalities import sdf
from unstir.modalities.folds import mean, measured
from unstir.modalities.proteins import RESIDUES
from unstir.tasks.complete import complete
from unstir.tasks.proteins import proteins
from unstir.tasks.strings import decorate, strings
from unstir.tasks.structures import structures


def test_proteins() -> None:
    made = list(proteins(n=4, seed=11, length=60, threads=1))
    said = mean([measured(p.xyz[:, 1]) for p in made])
    assert said["bonds"] > 0.97
    assert said["clashes"] < 3
    assert said["right"] > 5 * said["left"]
    assert 0.85 < said["gyration"] < 1.15
    assert all(len(p.sequence) == 60 and set(p.sequence) <= set(RESIDUES) for p in made)
    [alone] = proteins(n=1, seed=13, length=60, threads=1)
    assert np.abs(alone.xyz - made[2].xyz).max() < 1e-3
    assert alone.sequence == made[2].sequence


def test_a_structure_comes_as_it_was_asked_for() -> None:
    """Most residues, not all; far from what the other plan brings."""
    for plan, letter in (("H20C4H20", "helix"), ("C2E7C4E7C4E7C4E7C2", "strand")):
        made = [p.xyz[:, 1] for p in proteins(n=4, seed=11, structure=plan, threads=1)]
        said = mean([measured(x) for x in made])
        assert said[letter] > 0.4
        assert said["helix" if letter == "strand" else "strand"] < 0.1


def test_relaxing_is_what_holds_bonds_and_room() -> None:
    loose = proteins(n=4, seed=11, length=60, threads=1, relax=False)
    assert mean([measured(p.xyz[:, 1]) for p in loose])["clashes"] > 3


def test_strings() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    from rdkit import rdBase

    made = [w.text for w in strings(n=40, seed=11, threads=1)]
    with rdBase.BlockLogs():
        valid = [chem.MolFromSmiles(text) is not None for text in made]
    assert np.mean(valid) > 0.5
    assert len(set(made)) > 35
    [alone] = strings(n=1, seed=30, threads=1)
    assert alone.text == made[19]
    kept = [w.text for w in decorate("c1ccc(*)cc1", n=5, seed=1, threads=1)]
    assert all(text.startswith("c1ccc(") and text.endswith(")cc1") for text in kept)


def test_wishes_of_strings() -> None:
    """Numbers that the training set has at its ends, a deviation or more from its mean."""
    pytest.importorskip("rdkit")
    from unstir.modalities.chemistry import properties

    for at, low, high, least in (
        (0, "logp=1", "logp=4", 1.5),
        (1, "weight=260", "weight=340", 40),
    ):
        means = [
            np.nanmean(
                [properties(w.text)[at] for w in strings(n=40, seed=11, want=want, threads=1)]
            )
            for want in (low, high)
        ]
        assert means[1] - means[0] > least


def test_a_molecule_is_completed(tmp_path: Path) -> None:
    """Around the first atoms of molecules, which stay, nearly always to something valid."""
    pytest.importorskip("rdkit")
    from unstir.modalities.chemistry import judged

    made: list[bool] = []
    for i, molecule in enumerate(structures(n=6, seed=11, atoms=9, threads=1)):
        sdf.write([molecule], tmp_path / "it.sdf")
        kept = sdf.read(tmp_path / "it.sdf")[0].positions[:4]
        more = list(
            complete(str(tmp_path / "it.sdf"), keep="0-3", atoms=9, n=4, seed=i, threads=1)
        )
        assert all(np.array_equal(m.positions[:4], kept) for m in more)
        made += [judged(m).good for m in more]
    assert np.mean(made) > 0.75


def test_hydrogens() -> None:
    """They are drawn with the model that knows them, one of them for each heavy atom and more."""
    pytest.importorskip("rdkit")
    from unstir.modalities.chemistry import judged

    made = list(structures(model="molecules-h", n=8, seed=11, atoms=18, steps=50, threads=1))
    assert all(8 <= molecule.symbols.count("H") <= 13 for molecule in made)
    assert sum(judged(molecule).good for molecule in made) >= 2
    [alone] = structures(model="molecules-h", n=1, seed=13, atoms=18, steps=50, threads=1)
    assert alone.symbols == made[2].symbols
    assert np.abs(alone.positions - made[2].positions).max() < 1e-3
