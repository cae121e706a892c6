"""Protein backbones on disk: PDB, mmCIF and FASTA.

    write([protein], Path("out.pdb"))            # by the ending: .pdb, .cif, .fasta
    protein = read(Path("it.pdb"), "A")          # one chain; by gemmi

Positions are in angstrom with three decimals. A residue whose kind is not known (X) is written as
glycine, which is what the backbone alone looks like. What a file was made from stands in REMARK
999 of a PDB file, and in `_unstir.recipe` of an mmCIF file; `said` reads it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unstir.modalities.files import replacing
from unstir.modalities.images import BadEnding

ENDINGS = (".pdb", ".cif", ".fasta")
ATOMS = ("N", "CA", "C", "O")
NAMES = {
    "A": "ALA", "R": "ARG", "N": "ASN", "D": "ASP", "C": "CYS", "Q": "GLN", "E": "GLU",
    "G": "GLY", "H": "HIS", "I": "ILE", "L": "LEU", "K": "LYS", "M": "MET", "F": "PHE",
    "P": "PRO", "S": "SER", "T": "THR", "W": "TRP", "Y": "TYR", "V": "VAL",
}  # fmt: skip
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
"""The twenty letters, in the order of tokens."""
UNKNOWN = "X"
REMARK = "REMARK 999 "
WIDE = 80
"""Columns of a PDB file."""
LOWEST, HIGHEST = -999.999, 9999.999
"""Angstrom that a PDB file's eight columns have room for, from and to."""


class BadProtein(ValueError):
    """A file that holds no chain that can be read; the message says what is missing."""


@dataclass(frozen=True)
class Protein:
    """One chain: backbone (N, 4, 3) of N, CA, C, O in angstrom; a letter for each residue, X where
    it is not known; the residues' numbers; what the file says of itself; and the number and code
    of residues with an insertion code, which are left out."""

    xyz: np.ndarray
    sequence: str
    numbers: tuple[int, ...]
    title: str = ""
    recipe: str = ""
    inserted: tuple[tuple[int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.xyz)


def write(proteins: Sequence[Protein], path: str | os.PathLike[str]) -> Path:
    """Write all into one FASTA file, or one into a PDB or mmCIF file, whole or not at all."""
    path = Path(path)
    make = {".pdb": pdb, ".cif": cif, ".fasta": fasta}[ending(path)]
    if make is not fasta and len(proteins) != 1:
        raise BadEnding(f"{path} has room for one chain, not {len(proteins)}")
    text = "".join(make(protein) for protein in proteins)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def ending(path: Path) -> str:
    """The path's ending; BadEnding where no chains go there."""
    if path.suffix.lower() not in ENDINGS:
        raise BadEnding(
            f"{path} ends in {path.suffix or 'nothing'}; chains go to {', '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def pdb(protein: Protein) -> str:
    """The text of a PDB file (format 3.3): one chain A."""
    rows = _rows(protein)
    check_room(protein)
    lines = [f"TITLE     {protein.title}"[:WIDE]] if protein.title else []
    lines += [REMARK + part for part in _parts(protein.recipe, WIDE - len(REMARK))]
    for serial, (atom, name, number, (x, y, z)) in enumerate(rows, 1):
        lines.append(
            f"ATOM  {serial:5d}  {atom:<3} {name} A{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}"
            f"  1.00  0.00          {atom[0]:>2}  "
        )
    last = f"TER   {4 * len(protein) + 1:5d}      {name} A{number:4d}"
    return "\n".join([*lines, f"{last:<{WIDE}}", f"{'END':<{WIDE}}"]) + "\n"


def check_room(protein: Protein) -> None:
    """BadProtein where a PDB file's columns have no room for its positions or numbers."""
    low, high = np.round([protein.xyz.min(), protein.xyz.max()], 3)
    if low < LOWEST or high > HIGHEST:
        raise BadProtein(
            f"the chain reaches from {low} to {high} angstrom, a PDB file from {LOWEST} to "
            f"{HIGHEST}; write .cif"
        )
    if not -1000 < min(protein.numbers) <= max(protein.numbers) < 10_000:
        raise BadProtein("a PDB file has room for numbers of residues to 9999; write .cif")


def cif(protein: Protein) -> str:
    """The text of an mmCIF file: one chain A."""
    columns = (
        "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
        "label_asym_id", "label_entity_id", "label_seq_id", "Cartn_x", "Cartn_y", "Cartn_z",
        "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
    )  # fmt: skip
    title = protein.title.replace("'", "")
    lines = ["data_unstir", "#", f"_struct.title '{title}'"]
    if protein.recipe:
        lines += ["_unstir.recipe", f";{protein.recipe}", ";"]
    lines += ["#", "loop_", *(f"_atom_site.{column}" for column in columns)]
    for serial, (atom, name, number, (x, y, z)) in enumerate(_rows(protein), 1):
        at = (serial + 3) // 4
        lines.append(
            f"ATOM {serial} {atom[0]} {atom} . {name} A 1 {at} {x:.3f} {y:.3f} {z:.3f} 1.00 0.00 "
            f"{number} A 1"
        )
    return "\n".join([*lines, "#"]) + "\n"


def fasta(protein: Protein) -> str:
    """The sequence under its title, sixty letters a line."""
    return "\n".join([f">{protein.title}", *_parts(protein.sequence, 60)]) + "\n"


def said(path: Path) -> str:
    """The recipe that a file of ours holds, or nothing."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix.lower() == ".cif":
        return text.partition("_unstir.recipe\n;")[2].partition("\n;")[0]
    lines = [line for line in text.splitlines() if line.startswith(REMARK)]
    return "".join(line[len(REMARK) :] for line in lines)


def read(path: str | os.PathLike[str], chain: str | None = None) -> Protein:
    """The residues of a chain, or of the first, that have all of N, CA, C and O; of PDB or mmCIF,
    packed or not. Modified ones have the letter of what they are made of; of those that a file has
    in several kinds, the first counts.

    Raises:
        ImportError: gemmi is not installed.
        BadProtein: no such file format, chain, or residue.
    """
    models = _models(path)
    names = [one.name for one in models[0]]
    chain = names[0] if chain is None else chain
    if chain not in names:
        there = ", ".join(map(repr, names))
        raise BadProtein(f"{path} has no chain {chain!r}; there are: {there}")
    found: dict[tuple[int, str], tuple[list[list[float]], str]] = {}
    for residue in models[0][chain]:
        atoms = [residue.find_atom(name, "*") for name in ATOMS]
        if all(atom is not None for atom in atoms):
            key = residue.seqid.num, residue.seqid.icode.strip()
            found.setdefault(key, ([atom.pos.tolist() for atom in atoms], _letter(residue.name)))
    numbers = tuple(number for number, code in found if not code)
    if not numbers:
        raise BadProtein(f"chain {chain!r} of {path} has no residue with N, CA, C and O")
    xyz = np.array([found[number, ""][0] for number in numbers])
    if wrong := np.flatnonzero(~np.isfinite(xyz).all((1, 2))).tolist():
        raise BadProtein(
            f"residue {numbers[wrong[0]]} of chain {chain!r} of {path} stands nowhere"
        )
    text = "".join(found[number, ""][1] for number in numbers)
    return Protein(xyz, text, numbers, inserted=tuple(key for key in found if key[1]))


def chains(path: str | os.PathLike[str]) -> list[str]:
    """The names of a file's chains, in its order; errors as of `read`."""
    return [chain.name for chain in _models(path)[0]]


def _models(path: str | os.PathLike[str]) -> Any:
    """What a file holds, as gemmi has it; the first model has chains."""
    if Path(path).suffix.lower() == ".fasta":
        raise BadProtein(f"{path} holds letters alone; a .pdb or .cif file holds a backbone")
    try:
        import gemmi
    except ImportError:
        raise ImportError("reading proteins needs gemmi: pip install 'unstir[proteins]'") from None
    try:
        models = gemmi.read_structure(os.fspath(path))
    except IndexError:  # what gemmi has for an mmCIF file with nothing in it
        raise BadProtein(f"{path} holds no chain") from None
    except (ValueError, RuntimeError) as error:
        raise BadProtein(f"{path} is no PDB or mmCIF file ({error})") from None
    if not len(models) or not len(models[0]):
        raise BadProtein(f"{path} holds no chain")
    return models


def _letter(name: str) -> str:
    """Of a residue with that name."""
    import gemmi

    letter = gemmi.find_tabulated_residue(name).one_letter_code.upper()
    return letter if letter in NAMES else UNKNOWN


def _rows(protein: Protein) -> list[tuple[str, str, int, np.ndarray]]:
    """(atom, residue, its number, position) of every atom; BadProtein where one has none."""
    if wrong := np.flatnonzero(~np.isfinite(protein.xyz).all((1, 2))).tolist():
        raise BadProtein(f"residue {protein.numbers[wrong[0]]} stands nowhere; no file is written")
    return [
        (atom, NAMES.get(letter, "GLY"), number, place)
        for letter, number, four in zip(
            protein.sequence, protein.numbers, protein.xyz, strict=True
        )
        for atom, place in zip(ATOMS, four, strict=True)
    ]


def _parts(text: str, wide: int) -> list[str]:
    return [text[at : at + wide] for at in range(0, len(text), wide)]
