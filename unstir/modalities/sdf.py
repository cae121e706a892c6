"""Molecules in space on disk: SDF (V2000), XYZ; written and read without a chemistry library.

    write([structure, ...], Path("out.sdf"))         # by the ending: .sdf, .mol, .xyz
    structures = read(Path("out.sdf"))

Positions are in angstrom with four decimals (SDF) or five (XYZ, which has no bonds). Tags of an
SDF record are kept, and so are wedges, radicals and isotopes. Format: CTFile Formats, BIOVIA 2020,
the V2000 molfile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
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
RADICAL, DOUBLET = "4", 2
HEAVY = {"D": 2, "T": 3}
"""Hydrogens that have a symbol of their own."""
WEDGES = {"1": 1, "3": 3, "4": 4, "6": 6}
AROMATIC = 4


class BadMolecule(ValueError):
    """A file that holds no molecule that can be read; the message names the line."""


Bad = Callable[[int, str], BadMolecule]
"""A line of a record, counted from 0, and what is wrong with it -> the error."""


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
    atoms, rest = lines[4 : 4 + n], lines[4 + n + bonds :]
    stated = _stated(rest, n, bad, 4 + n + bonds)
    symbols, positions, isotopes = _atoms(atoms, stated.get("ISO"), bad)
    charges, radicals = _electrons(atoms, stated)
    orders, wedges = _bonds(lines[4 + n : 4 + n + bonds], n, bad)
    return Structure(
        symbols, charges, positions, orders, lines[0].strip(), _tags(rest), radicals, isotopes,
        wedges,
    )  # fmt: skip


def _atoms(
    lines: list[str], stated: dict[int, int] | None, bad: Bad
) -> tuple[tuple[str, ...], np.ndarray, dict[int, int]]:
    """Symbols, positions and isotopes, of which all are `stated` if any is."""
    symbols, positions, isotopes = [], np.empty((len(lines), 3)), dict(stated or {})
    for i, line in enumerate(lines):
        try:
            positions[i] = [float(line[a : a + 10]) for a in (0, 10, 20)]
        except ValueError:
            raise bad(4 + i, f"no position in {line[:30]!r}") from None
        symbol, difference = line[31:34].strip(), line[34:36].strip()
        if symbol in HEAVY:
            isotopes.setdefault(i, HEAVY[symbol])
            symbol = "H"
        if symbol not in ELEMENTS or not np.isfinite(positions[i]).all():
            raise bad(4 + i, f"no element and position in {line[:34]!r}")
        if stated is None and difference not in ("", "0"):
            raise bad(4 + i, f"an isotope as a difference, {difference}; state it by M  ISO")
        symbols.append(symbol)
    return tuple(symbols), positions, isotopes


def _bonds(lines: list[str], n: int, bad: Bad) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Orders (N, N), and wedges."""
    orders, wedges = np.zeros((n, n), np.uint8), {}
    for row, line in enumerate(lines, 4 + n):
        try:
            i, j, order = (int(line[a : a + 3]) for a in (0, 3, 6))
        except ValueError:
            raise bad(row, f"no bond in {line[:9]!r}") from None
        if order == AROMATIC:
            raise bad(
                row, f"the bond between atoms {i} and {j} is aromatic; write it with single and "
                "double bonds (kekulized)"
            )  # fmt: skip
        if not (0 < i <= n and 0 < j <= n and i != j and 1 <= order <= 3):
            raise bad(row, f"a bond of order {order} between atoms {i} and {j} of {n}")
        orders[i - 1, j - 1] = orders[j - 1, i - 1] = order
        if wedge := WEDGES.get(line[9:12].strip()):
            wedges[i - 1, j - 1] = wedge
    return orders, wedges


def _electrons(
    atoms: list[str], stated: dict[str, dict[int, int]]
) -> tuple[tuple[int, ...], dict[int, int]]:
    """Charges and radicals by M lines, which put those of the atom block out of force."""
    if stated.keys() & {"CHG", "RAD"}:
        charges = stated.get("CHG", {})
        return tuple(charges.get(i, 0) for i in range(len(atoms))), stated.get("RAD", {})
    codes = [line[36:39].strip() for line in atoms]
    radicals = {i: DOUBLET for i, code in enumerate(codes) if code == RADICAL}
    return tuple(CODES.get(code, 0) for code in codes), radicals


def _stated(lines: list[str], n: int, bad: Bad, first: int) -> dict[str, dict[int, int]]:
    """What M lines say of atoms: charges CHG, radicals RAD, isotopes ISO."""
    found: dict[str, dict[int, int]] = {}
    properties = takewhile(lambda line: not line.startswith("M  END"), lines)
    for row, line in enumerate(properties, first):
        if not (match := re.match(r"M  (CHG|RAD|ISO)", line)):
            continue
        try:
            numbers = [int(word) for word in line[9:].split()]
        except ValueError:
            raise bad(row, f"no numbers in {line!r}") from None
        values = found.setdefault(match[1], {})
        for atom, value in zip(numbers[::2], numbers[1::2], strict=False):
            if not 0 < atom <= n:
                raise bad(row, f"{match[0]} names atom {atom} of {n}")
            values[atom - 1] = value
    return found


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
