"""MOSES from its wheel: unpacked once, counted, and a damaged wheel says so."""

from __future__ import annotations

import gzip
from pathlib import Path
from zipfile import ZipFile

import pytest

from unstir.datasets import moses
from unstir.datasets.wheels import FetchError


def packed(root: Path, rows: dict[str, list[str]]) -> Path:
    root.mkdir(exist_ok=True)
    with ZipFile(root / "molsets-0.3.1-py3-none-any.whl", "w") as archive:
        for part, strings in rows.items():
            text = "SMILES,SPLIT\n" + "".join(f"{s},{part}\n" for s in strings)
            archive.writestr(f"{moses.FOLDER}/{part}.csv.gz", gzip.compress(text.encode()))
    return root


ROWS = {"train": ["CCO", "c1ccccc1"], "test": ["CCN"], "test_scaffolds": ["CC=O"]}


def test_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moses, "COUNTS", {"train": 2, "test": 1, "scaffolds": 1})
    root = packed(tmp_path / "moses", ROWS)
    assert list(moses.building(root)) == [(2, 4), (3, 4), (4, 4)]
    assert moses.load(root, "train") == ROWS["train"]
    assert moses.load(root, "scaffolds") == ["CC=O"]
    with pytest.raises(ValueError, match="there are: train, test, scaffolds"):
        moses.load(root, "valid")


def test_what_is_damaged(tmp_path: Path) -> None:
    root = packed(tmp_path / "short", ROWS)
    with pytest.raises(FetchError, match="2 strings to train, not 1,584,663"):
        list(moses.building(root))
    assert not (root / "train.smi").exists()
    (root / "molsets-0.3.1-py3-none-any.whl").write_bytes(b"no wheel")
    with pytest.raises(FetchError, match="is damaged"):
        list(moses.building(root))
