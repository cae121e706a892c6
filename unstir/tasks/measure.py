"""How good are these molecules or proteins? Figures of a model's samples, or of files, beside
those of real ones and of bad ones.

    *_, table = measure("proteins", n=200)
    for score in table.columns["proteins"]: print(score.name, score.value, score.low, score.high)

What is measured: tasks/domains.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unstir.evaluation import Score
from unstir.modalities.files import ending
from unstir.runtimes.manifest import read
from unstir.runtimes.shelf import folder, shelf
from unstir.tasks.comparison import Progress
from unstir.tasks.request import BadRequest, whole

DRAWN, MOST = 200, 100_000
"""Samples where no number is asked for, and at most."""
KINDS = {"molecule": "molecules", "string": "smiles", "protein": "proteins"}
"""Kind of a model -> file of tasks/domains."""
ENDINGS = {
    ".sdf": "molecules", ".mol": "molecules", ".xyz": "molecules", ".smi": "smiles",
    ".csv": "smiles", ".pdb": "proteins", ".ent": "proteins", ".cif": "proteins",
    ".mmcif": "proteins", ".fasta": "proteins",
}  # fmt: skip
"""Ending of a file -> the same; of those of proteins also packed (.gz)."""
BESIDE = frozenset((".csv", ".fasta", ".xyz"))
"""Files that a folder may have beside those that are measured: a table of pictures, letters
without places, atoms without bonds."""


@dataclass(frozen=True)
class Table:
    """Figures of the samples first, then of the controls."""

    what: str
    settings: Mapping[str, Any]
    columns: Mapping[str, list[Score]]

    def to_json(self) -> dict[str, Any]:
        """Everything; null where nobody knows how sure a figure is."""
        rows = {name: list(map(_row, column)) for name, column in self.columns.items()}
        return {"what": self.what, "settings": dict(self.settings), "figures": rows}


def _row(score: Score) -> dict[str, Any]:
    said = asdict(score)
    return said | {
        name: None for name in ("value", "low", "high") if not math.isfinite(said[name])
    }


def measure(
    what: str,
    *,
    n: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    sampler: str | None = None,
    temperature: float | None = None,
    controls: bool = True,
    threads: int | None = None,
) -> Iterator[Progress | Table]:
    """Measure molecules or proteins.

    Args:
        what: A model, which then draws; a file of them (.sdf, .mol, .smi, .csv, .pdb, .ent, .cif,
            .mmcif, those of proteins also packed, .gz); or a folder of such files.
        n: How many: a model draws 200 without it, of files all are taken.
        seed: Of what is drawn; sample i has SEED + i.
        controls: Also measure real samples that no training saw, and bad ones.
    """
    domain, paths = _domain(what)
    if domain != "proteins" and find_spec("rdkit") is None:
        raise ImportError("measuring molecules needs rdkit: pip install 'unstir[molecules]'")
    module: Any = import_module(f"unstir.tasks.domains.{domain}")
    count = None if n is None else whole("n", n, 2, MOST)
    asked = {"steps": steps, "sampler": sampler, "temperature": temperature}
    asked = {name: value for name, value in asked.items() if value is not None}
    if paths and asked:
        raise BadRequest(f"{what} is there already: nothing is drawn, so no --{next(iter(asked))}")
    if "temperature" in asked and domain == "molecules":
        raise BadRequest("molecules in space are drawn at no temperature")
    return _measured(what, module, paths, count, seed, {**asked, "threads": threads}, controls)


def _measured(
    what: str, module: Any, paths: list[Path], count: int | None, seed: int,
    asked: dict[str, Any], controls: bool,
) -> Iterator[Progress | Table]:  # fmt: skip
    samples = []
    if paths:
        for path in paths:
            samples += module.read(path)
        samples = samples[:count]
        settings: dict[str, Any] = {"files": [str(path) for path in paths]}
    else:
        total = count or DRAWN
        for sample in module.drawn(what, total, seed, **asked):
            samples.append(sample)
            if len(samples) % 16 == 0:
                yield Progress("drawing", len(samples), total)
        settings = {"seed": seed, **asked, "sha256": read(folder(os.path.expanduser(what))).sha256}
    if not samples:
        raise BadRequest(f"{what} holds nothing to measure")
    for done, total in module.building():
        yield Progress(module.DATA, done, total)
    seen, columns = module.known(), {}
    sets = {Path(what).name: samples} | (module.controls(samples) if controls else {})
    for done, (name, each) in enumerate(sets.items()):
        yield Progress("measuring", done, len(sets))
        columns[f"{name} ({len(each):,})"] = module.figures(each, seen)
    yield Table(what, settings | {"n": len(samples)}, columns)


def _domain(what: str) -> tuple[str, list[Path]]:
    """(domain, files); no files where it is a model."""
    if files := files_of(what):
        kinds = {ENDINGS[ending(p)] for p in files}
        if len(kinds) != 1:
            raise BadRequest(
                f"{what} holds files of {' and '.join(sorted(kinds))}; give those of one kind"
            )
        return kinds.pop(), files
    kind = read(folder(os.path.expanduser(what))).kind
    if kind not in KINDS:
        raise BadRequest(f"{what} draws no molecules and no proteins")
    return KINDS[kind], []


def files_of(what: str) -> list[Path]:
    """The files of a folder that are measured so, or the file itself."""
    place = Path(os.path.expanduser(what))
    if what in shelf() or (place / "model.json").is_file():
        return []
    if ending(place) in ENDINGS and not place.exists():
        raise FileNotFoundError(f"there is no file {what}")
    if place.is_file():
        return [place] if ending(place) in ENDINGS else []
    mine = ENDINGS.keys() - BESIDE
    return sorted(f for f in place.glob("*") if ending(f) in mine and f.is_file())
