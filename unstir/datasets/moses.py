"""MOSES: 1.9 million drug-like molecules as SMILES (Polykovskiy et al. 2020).

    for done, total in building(root): ...      # fetches a package by pip, once; then
    smiles = load(root, "train")                # 1,584,663 strings

The package `molsets` (MIT) brings the benchmark's own parts: "train" to learn from, "test" to
measure against, "scaffolds" with ring systems that training never sees. The strings are canonical
and come from ZINC's clean leads (Sterling & Irwin 2015).
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from unstir.datasets.wheels import FetchError, wheel
from unstir.modalities.files import replacing

PACKAGE = "molsets==0.3.1"
FOLDER = "moses/dataset/data"
PARTS = {"train": "train", "test": "test", "scaffolds": "test_scaffolds"}
COUNTS = {"train": 1_584_663, "test": 176_074, "scaffolds": 176_225}


def building(root: Path) -> Iterator[tuple[int, int]]:
    """Fetch and unpack, once; (strings done, strings in all) as it goes."""
    total, done = sum(COUNTS.values()), 0
    for part, count in COUNTS.items():
        if not _file(root, part).exists():
            found = _strings(wheel(root, PACKAGE), PARTS[part])
            if len(found) != count:
                raise FetchError(
                    f"{PACKAGE} has {len(found):,} strings to {part}, not {count:,}; delete the "
                    f"wheel in {root} and run again"
                )
            with replacing(_file(root, part)) as temporary:
                temporary.write_text("\n".join(found), encoding="ascii")
        done += count
        yield done, total


def load(root: Path, part: str) -> list[str]:
    """The strings of a part, in the order of the benchmark."""
    if part not in PARTS:
        raise ValueError(f"no part {part!r}; there are: {', '.join(PARTS)}")
    return _file(root, part).read_text(encoding="ascii").split("\n")


def _file(root: Path, part: str) -> Path:
    return root / f"{part}.smi"


def _strings(path: Path, table: str) -> list[str]:
    try:
        with ZipFile(path) as archive, archive.open(f"{FOLDER}/{table}.csv.gz") as packed:
            text = io.StringIO(gzip.decompress(packed.read()).decode("ascii"))
            return [row["SMILES"] for row in csv.DictReader(text)]
    except (BadZipFile, KeyError, OSError, UnicodeDecodeError) as error:
        raise FetchError(f"{path} is damaged ({error}); delete it and run again") from None
