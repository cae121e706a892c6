"""Molecules in space on disk: SDF (V2000), XYZ; written and read without a chemistry library.

    write([structure, ...], Path("out.sdf"))         # by the ending: .sdf, .mol, .xyz
    structures = read(Path("out.sdf"))

Positions are in angstrom with four decimals (SDF) or five (XYZ, which has no bonds). Tags of an
SDF record are kept. Format: CTFile Formats, BIOVIA 2020, the V2000 molfile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unstir.modalities.files import replacing
from unstir.modalities.images import BadEnding

MOST = 999
"""Atoms that the V2000 counts line has room for."""
ENDINGS = (".sdf", ".mol", ".xyz")
PERIODS = """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se
    Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy
    Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf
    Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
ELEMENTS = frozenset(PERIODS.split())
CODES = {"1": 3, "2": 2, "3": 1, "5": -1, "6": -2, "7": -3}
"""Charges in the atom block of a V2000 file; 4, a radical, has none."""


class BadMolecule(ValueError):
    """A file that holds no molecule that can be read; the message names the line."""


@dataclass(frozen=True)
class Structure:
    """One molecule: element symbols, formal charges, positions (N, 3) in angstrom, and bond orders
    (N, N), 0 to 3, symmetric."""

    symbols: tuple[str, ...]
    charges: tuple[int, ...]
    positions: np.ndarray
    bonds: np.ndarray
    title: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

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
    if make is molfile and len(structures) != 1:
        raise BadEnding(f"{path} has room for one molecule, not {len(structures)}; give an .sdf")
    text = "".join(make(structure) for structure in structures)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


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
    first, second = np.nonzero(np.triu(structure.bonds, 1))
    code = "3D" if structure.positions[:, 2].round(4).any() else ""
    lines = [_one_line(structure.title)[:80], f"{'  unstir':20}{code}".rstrip(), "",
             f"{n:3d}{len(first):3d}  0  0  0  0  0  0  0  0999 V2000"]  # fmt: skip
    for symbol, (x, y, z) in zip(structure.symbols, structure.positions, strict=True):
        lines.append(f"{x:10.4f}{y:10.4f}{z:10.4f} {symbol:<3} 0  0  0  0  0  0  0  0  0  0  0  0")
    for i, j in zip(first, second, strict=True):
        lines.append(f"{i + 1:3d}{j + 1:3d}{int(structure.bonds[i, j]):3d}  0")
    charged = [(i + 1, c) for i, c in enumerate(structure.charges) if c]
    for at in range(0, len(charged), 8):
        few = charged[at : at + 8]
        lines.append(f"M  CHG{len(few):3d}" + "".join(f"{i:4d}{c:4d}" for i, c in few))
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
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise BadMolecule(f"{path} is no text; an SDF file is wanted") from None
    found = [_parsed(path, start, part) for start, part in _records(lines)]
    if not found:
        raise BadMolecule(f"{path} holds no molecule")
    return found


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

    if len(lines) < 4 or "V2000" not in lines[3]:
        raise bad(3, "no V2000 counts line; other forms of molfiles are not read")
    try:
        n, bonds = int(lines[3][:3]), int(lines[3][3:6])
    except ValueError:
        raise bad(3, f"no counts of atoms and bonds in {lines[3][:6]!r}") from None
    if n < 1 or bonds < 0:
        raise bad(3, f"a molecule of {n} atoms and {bonds} bonds")
    if len(lines) < 4 + n + bonds:
        raise bad(len(lines) - 1, f"the file ends before its {n} atoms and {bonds} bonds")
    symbols, positions, codes = [], np.empty((n, 3)), [0] * n
    for i, line in enumerate(lines[4 : 4 + n]):
        try:
            positions[i] = [float(line[a : a + 10]) for a in (0, 10, 20)]
        except ValueError:
            raise bad(4 + i, f"no position in {line[:30]!r}") from None
        symbol, code = line[31:34].strip(), line[36:39].strip()
        if symbol not in ELEMENTS or not np.isfinite(positions[i]).all():
            raise bad(4 + i, f"no element and position in {line[:34]!r}")
        symbols.append(symbol)
        codes[i] = CODES.get(code, 0)
    orders = np.zeros((n, n), np.uint8)
    for row in range(4 + n, 4 + n + bonds):
        try:
            i, j, order = (int(lines[row][a : a + 3]) for a in (0, 3, 6))
        except ValueError:
            raise bad(row, f"no bond in {lines[row][:9]!r}") from None
        if not (0 < i <= n and 0 < j <= n and i != j and 1 <= order <= 3):
            raise bad(row, f"a bond of order {order} between atoms {i} and {j} of {n}")
        orders[i - 1, j - 1] = orders[j - 1, i - 1] = order
    charges, tags = _charges_and_tags(lines[4 + n + bonds :], codes, path)
    return Structure(tuple(symbols), charges, positions, orders, lines[0].strip(), tags)


def _charges_and_tags(
    lines: list[str], codes: list[int], path: Path
) -> tuple[tuple[int, ...], dict[str, str]]:
    """Charges by M CHG lines, which put those of the atom block out of force, and the tags."""
    n, tags, name = len(codes), {}, ""
    stated = any(line.startswith("M  CHG") for line in lines)
    charges = [0] * n if stated else codes
    for line in lines:
        if line.startswith("M  CHG"):
            try:
                numbers = [int(word) for word in line[9:].split()]
            except ValueError:
                raise BadMolecule(f"{path}: no charges in {line!r}") from None
            for atom, charge in zip(numbers[::2], numbers[1::2], strict=False):
                if not 0 < atom <= n:
                    raise BadMolecule(f"{path}: a charge on atom {atom} of {n}")
                charges[atom - 1] = charge
        elif match := re.match(r">.*<([^>]*)>", line):
            name = match[1]
            tags[name] = ""
        elif name and line.strip():
            tags[name] = f"{tags[name]}\n{line}".strip()
        elif not line.strip():
            name = ""
    return tuple(charges), tags


def _unbroken(text: str) -> str:
    """On one line, with all its blanks, which a recipe may need."""
    return " ".join(text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
