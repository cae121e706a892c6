"""SMILES in text files: .smi, a string and its name on each line, or .csv, where each is beside
its seed, the command that makes it and the model's SHA-256."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstir.modalities.files import replacing

ENDINGS = (".smi", ".csv")


@dataclass(frozen=True)
class Line:
    """One string, its seed, the words of the command that makes it, and the SHA-256 of the model
    that did."""

    text: str
    seed: int
    command: Sequence[str]
    sha256: str


def write(lines: Sequence[Line], out: Path, name: str) -> None:
    """All into one file, by its ending; what `name` made."""
    with replacing(out) as temporary:
        text = _smi(lines, name) if out.suffix.lower() == ".smi" else _csv(lines)
        temporary.write_text(text, encoding="utf-8", newline="")


def _smi(lines: Sequence[Line], name: str) -> str:
    return "".join(f"{line.text}\t{name}-{line.seed}\n" for line in lines)


def _csv(lines: Sequence[Line]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("smiles", "seed", "command", "sha256"))
    rows.writerows((w.text, w.seed, shlex.join(w.command), w.sha256) for w in lines)
    return text.getvalue()
