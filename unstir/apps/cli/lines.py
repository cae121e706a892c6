"""SMILES in text files: .smi, a string and its name on each line, or .csv, where each is beside
its seed and the command that makes it."""

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
    """One string, its seed, and the words of the command that makes it."""

    text: str
    seed: int
    command: Sequence[str]


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
    rows.writerow(("smiles", "seed", "command"))
    rows.writerows((line.text, line.seed, shlex.join(line.command)) for line in lines)
    return text.getvalue()
