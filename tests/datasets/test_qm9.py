"""QM9's rows: bonds from the SMILES, checked against the distances; what disagrees is left out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from unstir.datasets import qm9
from unstir.datasets.wheels import FetchError

pytest.importorskip("rdkit")
ELEMENTS = "['C', 'O', 'H', 'H', 'H', 'H']"
METHANOL = (
    "[[-0.0127, 1.0858, 0.008], [0.0021, -0.0082, 0.002], [1.0124, 1.4638, 0.0003],"
    "[-0.5408, 1.4475, -0.8766], [-0.5238, 1.4379, 0.9064], [0.9063, -0.3389, 0.]]"
)
"""Methanol, nearly; the last number is written as five rows of the set do."""


def row(smiles: str = "CO", elements: str = ELEMENTS, xyz: str = METHANOL) -> dict[str, str]:
    numbers = {column: "0.25" for column, _ in qm9.PROPERTIES.values()}
    return {"SMILES": smiles, "Elements": elements, "XYZ_Ang": xyz, **numbers}


def read(**changed: str) -> tuple[np.ndarray, ...] | None:
    given = row(**changed)
    return qm9.read(given["SMILES"], given["Elements"], given["XYZ_Ang"])


def test_a_molecule() -> None:
    found = read()
    assert found is not None
    tokens, x, bonds = found
    assert [qm9.TOKENS[k - 1] for k in tokens[tokens > 0]] == ["C", "O", "H", "H", "H", "H"]
    assert np.allclose(x[:6].sum(0), 0, atol=1e-5)
    assert np.linalg.norm(x[0] - x[1]) == pytest.approx(1.094, abs=0.001)
    assert np.array_equal(bonds, bonds.T)
    assert bonds[0].nonzero()[0].tolist() == [1, 2, 3, 4]
    assert bonds[1].nonzero()[0].tolist() == [0, 5]


@pytest.mark.parametrize(
    "changed",
    [
        {"smiles": "C(O"},
        {"smiles": "OC"},
        {"smiles": "C.O"},
        {"smiles": "C=O"},
        {"smiles": "[Si]O", "elements": ELEMENTS.replace("'C'", "'Si'")},
        {"xyz": METHANOL.replace("-0.0082", "-3.0082")},
        {"xyz": METHANOL.replace("0.9063", "-0.9063").replace("-0.3389", "1.3389")},
        {"elements": ELEMENTS.replace("'O'", "'H'", 1)},
    ],
    ids=str,
)
def test_what_disagrees_is_left_out(changed: dict[str, str]) -> None:
    assert read(**changed) is None


def test_heavy_atoms_and_splits(tmp_path: Path) -> None:
    package(tmp_path, [row(), row("C=O"), row("O", "['O', 'H', 'H']", WATER)])
    assert list(qm9.building(tmp_path))[-1] == (3, 3)
    molecules = qm9.load(tmp_path)
    assert molecules.smiles.tolist() == ["CO", "O"]
    assert molecules.properties["gap"][0] == pytest.approx(0.25 * 27.211386)
    heavy = molecules.heavy()
    assert heavy.tokens.shape == (2, qm9.HEAVY)
    assert (heavy.tokens > 0).sum(1).tolist() == [2, 1]
    assert np.allclose(heavy.positions.sum(1), 0, atol=1e-5)
    assert heavy.bonds.sum() == 2
    assert len(molecules.split("train")) + len(molecules.split("test")) == 2
    assert not list(qm9.building(tmp_path))  # once
    with pytest.raises(ValueError, match="there are: train, test"):
        molecules.split("valid")


def test_a_damaged_package(tmp_path: Path) -> None:
    (tmp_path / "qm9pack-1.0.3-py3-none-any.whl").write_bytes(b"no archive")
    with pytest.raises(FetchError, match="is damaged"):
        list(qm9.building(tmp_path))


WATER = "[[0, 0, 0.12], [0, 0.76, -0.47], [0, -0.76, -0.47]]"


def package(folder: Path, rows: list[dict[str, str]]) -> None:
    """A wheel that holds these rows in its first table."""
    import csv

    with zipfile.ZipFile(folder / "qm9pack-1.0.3-py3-none-any.whl", "w") as archive:
        for number, table in enumerate(qm9.TABLES):
            text = io.StringIO()
            writer = csv.DictWriter(text, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows if number == 0 else [])
            archive.writestr(table, text.getvalue())
