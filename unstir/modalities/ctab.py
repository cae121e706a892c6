"""The connection tables of molfiles, read: who the atoms are, where they stand, what binds them.

    table, rest = read(lines, bad)      # of one record, from its first line; rest: after the table

Both forms, V2000 of fixed columns and V3000 of words. Format: CTFile Formats, BIOVIA 2020. What
cannot be told by a `Table` is an error (aromatic bonds, atoms of no element), or says nothing of
the molecule's shape and is left out (groups, templates).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import dropwhile, takewhile
from typing import NamedTuple

import numpy as np

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
CONFIGURED = {"1": 1, "2": 4, "3": 6}
"""Wedges of V3000 -> of V2000; 2 of a double bond is 3."""
CROSSED, AROMATIC = 3, 4
V30 = "M  V30 "

Bad = Callable[[int, str], Exception]
"""A line of a record, counted from 0, and what is wrong with it -> the error."""


class Table(NamedTuple):
    """Fields as of `sdf.Structure`."""

    symbols: tuple[str, ...]
    charges: tuple[int, ...]
    positions: np.ndarray
    bonds: np.ndarray
    radicals: dict[int, int]
    isotopes: dict[int, int]
    wedges: dict[tuple[int, int], int]


def read(lines: list[str], bad: Bad) -> tuple[Table, list[str]]:
    """The table of a record, and the lines after it; errors are made by `bad`."""
    counts = lines[3] if len(lines) > 3 else ""
    for version, form in (("V2000", _columns), ("V3000", _words)):
        if version in counts:
            return form(lines, bad)
    raise bad(3, "no V2000 or V3000 counts line; other forms of molfiles are not read")


def _columns(lines: list[str], bad: Bad) -> tuple[Table, list[str]]:
    """V2000."""
    try:
        n, bonds = int(lines[3][:3]), int(lines[3][3:6])
    except ValueError:
        raise bad(3, f"no counts of atoms and bonds in {lines[3][:6]!r}") from None
    _counted(n, bonds, 3, bad)
    if len(lines) < 4 + n + bonds:
        raise bad(len(lines) - 1, f"the file ends before its {n} atoms and {bonds} bonds")
    atoms, rest = lines[4 : 4 + n], lines[4 + n + bonds :]
    stated = _stated(rest, n, bad, 4 + n + bonds)
    symbols, positions, isotopes = _atoms(atoms, stated.get("ISO"), bad)
    charges, radicals = _electrons(atoms, stated)
    orders, wedges = np.zeros((n, n), np.uint8), {}
    for row, line in enumerate(lines[4 + n : 4 + n + bonds], 4 + n):
        try:
            i, j, order = (int(line[a : a + 3]) for a in (0, 3, 6))
        except ValueError:
            raise bad(row, f"no bond in {line[:9]!r}") from None
        _bind(orders, i, j, order, row, bad)
        if wedge := WEDGES.get(line[9:12].strip()):
            wedges[i - 1, j - 1] = wedge
    return Table(symbols, charges, positions, orders, radicals, isotopes, wedges), rest


def _atoms(
    lines: list[str], stated: dict[int, int] | None, bad: Bad
) -> tuple[tuple[str, ...], np.ndarray, dict[int, int]]:
    """Symbols, positions and isotopes, of which all are `stated` if any is."""
    symbols, positions, isotopes = [], np.empty((len(lines), 3)), dict(stated or {})
    for i, line in enumerate(lines):
        words, difference = [line[a : a + 10] for a in (0, 10, 20)], line[34:36].strip()
        symbol, mass, positions[i] = _atom(line[31:34].strip(), words, 4 + i, bad)
        if mass:
            isotopes.setdefault(i, mass)
        if stated is None and difference not in ("", "0"):
            raise bad(4 + i, f"an isotope as a difference, {difference}; state it by M  ISO")
        symbols.append(symbol)
    return tuple(symbols), positions, isotopes


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


def _words(lines: list[str], bad: Bad) -> tuple[Table, list[str]]:
    """V3000. Atoms have names, which are numbers in any order; here they count as they stand."""
    blocks = _blocks(lines, bad)
    row, counts = next(iter(blocks.get("CTAB", ())), (3, []))
    n, bonds = _numbers(counts[1:3], 2, row, bad) if counts[:1] == ["COUNTS"] else (0, 0)
    _counted(n, bonds, row, bad)
    atoms, bound = blocks.get("ATOM", []), blocks.get("BOND", [])
    if (len(atoms), len(bound)) != (n, bonds):
        raise bad(row, f"{n} atoms and {bonds} bonds, but {len(atoms)} and {len(bound)} follow")
    symbols, positions, names = [], np.empty((n, 3)), {}
    said: dict[str, dict[int, int]] = {"CHG": {}, "RAD": {}, "MASS": {}}
    for i, (row, words) in enumerate(atoms):
        symbol, mass, positions[i] = _atom(" ".join(words[1:2]), words[2:5], row, bad)
        symbols.append(symbol)
        names[words[0]] = i + 1
        said["MASS"].update({i: mass} if mass else {})
        for key, values in said.items():
            if word := _option(words, key):
                (values[i],) = _numbers([word], 1, row, bad)
    if len(names) < n:
        raise bad(atoms[0][0], "two atoms with one number")
    orders, wedges = np.zeros((n, n), np.uint8), {}
    for row, words in bound:
        (order,) = _numbers(words[1:2], 1, row, bad)
        i, j = (names.get(word, 0) for word in [*words, "", ""][2:4])
        _bind(orders, i, j, order, row, bad)
        if wedge := CONFIGURED.get(_option(words, "CFG")):
            wedges[i - 1, j - 1] = CROSSED if (order, wedge) == (2, 4) else wedge
    charges = tuple(said["CHG"].get(i, 0) for i in range(n))
    table = Table(tuple(symbols), charges, positions, orders, said["RAD"], said["MASS"], wedges)
    return table, list(dropwhile(lambda line: not line.startswith("M  END"), lines))


def _blocks(lines: list[str], bad: Bad) -> dict[str, list[tuple[int, list[str]]]]:
    """Of the first table: name of a block -> its lines, as words; a line may go on in the next."""
    blocks: dict[str, list[tuple[int, list[str]]]] = {}
    inside: list[str] = []
    for row, text in _joined(lines, bad):
        match text.split():
            case ["BEGIN", name, *_]:
                inside.append(name)
            case ["END", "CTAB", *_]:
                return blocks
            case ["END", *_] if inside:
                inside.pop()
            case [_, *_] as words if inside:
                blocks.setdefault(inside[-1], []).append((row, words))
    raise bad(len(lines) - 1, "the file ends before its table")


def _joined(lines: list[str], bad: Bad) -> Iterator[tuple[int, str]]:
    """What stands after M  V30, and the row of each; after a - at the end it goes on."""
    text = ""
    for row, line in enumerate(lines[4:], 4):
        if line.startswith("M  END"):
            return
        if not line.startswith(V30):
            raise bad(row, f"{line[:20]!r} in a V3000 table, whose lines begin with {V30.strip()}")
        text += line[len(V30) :].rstrip()
        if text.endswith("-"):
            text = text[:-1]
        else:
            yield row, text
            text = ""


def _option(words: list[str], key: str) -> str:
    """What KEY= says in such a line."""
    return next((w.partition("=")[2] for w in words if w.startswith(f"{key}=")), "")


def _numbers(words: list[str], count: int, row: int, bad: Bad) -> list[int]:
    try:
        numbers = [int(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise bad(row, f"no number in {' '.join(words)!r}")
    return numbers


def _counted(n: int, bonds: int, row: int, bad: Bad) -> None:
    if n < 1 or bonds < 0:
        raise bad(row, f"a molecule of {n} atoms and {bonds} bonds")


def _atom(symbol: str, words: list[str], row: int, bad: Bad) -> tuple[str, int, list[float]]:
    """Its element, its mass where its symbol says that, and its position."""
    try:
        x, y, z = map(float, words)
    except ValueError:
        raise bad(row, f"no position in {' '.join(words)!r}") from None
    mass = HEAVY.get(symbol, 0)
    symbol = "H" if mass else symbol
    if symbol not in ELEMENTS or not np.isfinite([x, y, z]).all():
        raise bad(row, f"no element and position in {' '.join([symbol, *words])!r}")
    return symbol, mass, [x, y, z]


def _bind(orders: np.ndarray, i: int, j: int, order: int, row: int, bad: Bad) -> None:
    """Atoms i and j of n, counted from 1."""
    n = len(orders)
    if order == AROMATIC:
        raise bad(
            row, f"the bond between atoms {i} and {j} is aromatic; write it with single and "
            "double bonds (kekulized)"
        )  # fmt: skip
    if not (0 < i <= n and 0 < j <= n and i != j and 1 <= order <= 3):
        raise bad(row, f"a bond of order {order} between atoms {i} and {j} of {n}")
    orders[i - 1, j - 1] = orders[j - 1, i - 1] = order
