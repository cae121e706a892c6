"""Molecules in space on disk: SDF and MOL, XYZ; written and read without a chemistry library.

    write([structure, ...], Path("out.sdf"))         # by the ending: .sdf, .mol, .xyz
    structures = read(Path("out.sdf"))

Positions are in angstrom with four decimals (SDF) or five (XYZ, which has no bonds). Tags of an
SDF record are kept, and so are wedges, radicals and isotopes. Written is the V2000 molfile
(CTFile Formats, BIOVIA 2020), read also V3000 (ctab.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unstir.modalities import ctab
from unstir.modalities.files import replacing
from unstir.modalities.images import BadEnding

MOST = 999
"""Atoms that the V2000 counts line has room for."""
ENDINGS = (".sdf", ".mol", ".xyz")


class BadMolecule(ValueError):
    """A file that holds no molecule that can be read; the message names the line."""


@dataclass(frozen=True)
class Structure:
    """One molecule: element symbols, formal charges, positions (N, 3) in angstrom, and bond orders
    (N, N), 0 to 3, symmetric; by atom, where they are stated, `radicals` (1 singlet, 2 doublet, 3
    triplet) and `isotopes` (masses); by bond from its narrow end, how a flat drawing has it, as
    `wedges` (1 up, 6 down, 4 either; 3 either, of a double bond)."""

    symbols: tuple[str, ...]
    charges: tuple[int, ...]
    positions: np.ndarray
    bonds: np.ndarray
    title: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    radicals: Mapping[int, int] = field(default_factory=dict)
    isotopes: Mapping[int, int] = field(default_factory=dict)
    wedges: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @property
    def flat(self) -> bool:
        """Whether all stands in one plane of the page, as in a drawing."""
        return not np.ptp(self.positions[:, 2])

    def __len__(self) -> int:
        return len(self.symbols)


def kind(symbol: str, charge: int) -> str:
    """Element and charge in one name: N, N+, O-."""
    return symbol + ("+" if charge > 0 else "-") * abs(charge)


def of_kind(name: str) -> tuple[str, int]:
    """The element and the charge of such a name."""
    symbol = name.rstrip("+-")
    return symbol, name.count("+") - name.count("-")


def write(structures: Sequence[Structure], path: str | os.PathLike[str]) -> Path:
    """Write all into one file, which appears whole or not at all."""
    path = Path(path)
    make = {".sdf": record, ".mol": molfile, ".xyz": xyz}[ending(path)]
    check_room(path, len(structures))
    text = "".join(make(structure) for structure in structures)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def check_room(path: Path, count: int) -> None:
    """BadEnding where the path has no room for so many molecules."""
    if path.suffix.lower() == ".mol" and count != 1:
        raise BadEnding(f"{path} has room for one molecule, not {count}; give an .sdf")


def ending(path: Path) -> str:
    """The path's ending; BadEnding where no molecules go there."""
    if path.suffix.lower() not in ENDINGS:
        raise BadEnding(
            f"{path} ends in {path.suffix or 'nothing'}; molecules go to {', '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def record(structure: Structure) -> str:
    """A molfile with its tags, as SDF has it."""
    tags = "".join(
        f">  <{name}>\n{_unbroken(value)}\n\n" for name, value in structure.tags.items()
    )
    return f"{molfile(structure)}{tags}$$$$\n"


def molfile(structure: Structure) -> str:
    """The V2000 connection table."""
    n = len(structure)
    if n > MOST:
        raise ValueError(f"a molecule of {n} atoms; a V2000 file has room for {MOST}")
    bonded = np.argwhere(np.triu(structure.bonds, 1)).tolist()
    code = "3D" if structure.positions[:, 2].round(4).any() else ""
    lines = [_one_line(structure.title)[:80], f"{'  unstir':20}{code}".rstrip(), "",
             f"{n:3d}{len(bonded):3d}  0  0  0  0  0  0  0  0999 V2000"]  # fmt: skip
    for symbol, (x, y, z) in zip(structure.symbols, structure.positions, strict=True):
        lines.append(f"{x:10.4f}{y:10.4f}{z:10.4f} {symbol:<3} 0  0  0  0  0  0  0  0  0  0  0  0")
    for i, j in bonded:
        a, b = (j, i) if (j, i) in structure.wedges else (i, j)
        order, wedge = int(structure.bonds[i, j]), structure.wedges.get((a, b), 0)
        lines.append(f"{a + 1:3d}{b + 1:3d}{order:3d}{wedge:3d}")
    stated = {"CHG": dict(enumerate(structure.charges)), "RAD": structure.radicals,
              "ISO": structure.isotopes}  # fmt: skip
    for name, values in stated.items():
        told = [(i + 1, value) for i, value in values.items() if value]
        for at in range(0, len(told), 8):
            few = told[at : at + 8]
            lines.append(f"M  {name}{len(few):3d}" + "".join(f"{i:4d}{v:4d}" for i, v in few))
    return "\n".join([*lines, "M  END"]) + "\n"


def xyz(structure: Structure) -> str:
    """Count, a line of title and tags, and a line for each atom."""
    said = "; ".join(f"{name}={_unbroken(value)}" for name, value in structure.tags.items())
    lines = [str(len(structure)), " ".join(filter(None, (_one_line(structure.title), said)))]
    for symbol, (x, y, z) in zip(structure.symbols, structure.positions, strict=True):
        lines.append(f"{symbol:<2} {x:12.5f} {y:12.5f} {z:12.5f}")
    return "\n".join(lines) + "\n"


def read(path: str | os.PathLike[str]) -> list[Structure]:
    """All molecules of an SDF or MOL file."""
    path = Path(path)
    if path.suffix.lower() == ".xyz":
        raise BadMolecule(f"{path} holds no bonds; an .sdf or .mol file does")
    lines = lines_of(path, "an SDF file is")
    found = [_parsed(path, start, part) for start, part in _records(lines)]
    if not found:
        raise BadMolecule(f"{path} holds no molecule")
    return found


def lines_of(path: Path, wanted: str) -> list[str]:
    """The lines of a text: UTF-8, or else Latin-1, which old programs write; `wanted` is what it
    should be where it is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    if "\0" in text:
        raise BadMolecule(f"{path} is no text; {wanted} wanted")
    return text.removesuffix("\n").split("\n")


def _records(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    start = 0
    for at, line in enumerate([*lines, "$$$$"]):
        if line.startswith("$$$$"):
            part = lines[start:at]
            if any(text.strip() for text in part):
                yield start, part
            start = at + 1


def _parsed(path: Path, start: int, lines: list[str]) -> Structure:
    def bad(row: int, what: str) -> BadMolecule:
        return BadMolecule(f"{path}, line {start + row + 1}: {what}")

    table, rest = ctab.read(lines, bad)
    title, tags = lines[0].strip(), _tags(rest)
    return Structure(
        table.symbols, table.charges, table.positions, table.bonds, title, tags,
        table.radicals, table.isotopes, table.wedges,
    )  # fmt: skip


def _tags(lines: list[str]) -> dict[str, str]:
    tags, name = {}, ""
    for line in lines:
        if match := re.match(r">.*<([^>]*)>", line):
            name = match[1]
            tags[name] = ""
        elif name and line.strip():
            tags[name] = f"{tags[name]}\n{line}".strip()
        elif not line.strip():
            name = ""
    return tags


def _unbroken(text: str) -> str:
    """On one line, with all its blanks, which a recipe may need."""
    return " ".join(text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
