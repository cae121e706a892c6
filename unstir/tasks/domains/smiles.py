"""Molecules as strings: the figures of MOSES (Polykovskiy et al. 2020). Needs rdkit.

Valid: rdkit reads it, in one piece, without radicals; unique among the valid; novel: not among the
training strings; filters: atoms C N O S F Cl Br and H, no charge, no ring of eight or more, and
none of the two lists of unwanted groups that come with the data. Diversity: one less the mean
Tanimoto similarity of Morgan fingerprints. Distances of log P, drug-likeness and weight:
Wasserstein's, from test molecules. FCD (Preuer et al. 2018), from as many test molecules, where
the package fcd is installed.
"""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from unstir.datasets import moses
from unstir.datasets.wheels import wheel
from unstir.evaluation import Score, plain, share
from unstir.folders import cache_dir
from unstir.modalities.chemistry import PROPERTIES, properties
from unstir.modalities.sdf import BadMolecule, lines_of
from unstir.modalities.smiles import symbols
from unstir.tasks.strings import strings

DATA = "MOSES"
ATOMS = frozenset(("C", "N", "S", "O", "F", "Cl", "Br", "H"))
LARGEST_RING = 7
PAIRS = 1000
"""Molecules that diversity is measured on."""
MOST = 10_000
"""Test molecules that distances are measured from."""


def building() -> Iterator[tuple[int, int]]:
    """The data, fetched and read once."""
    return moses.building(cache_dir() / "moses")


def drawn(model: str, n: int, seed: int, **asked: Any) -> Iterator[str]:
    """By a model."""
    return (written.text for written in strings(model=model, n=n, seed=seed, **asked))


def read(path: Path) -> list[str]:
    """The strings of a file: the first word of each line, or the column of a .csv."""
    lines = lines_of(path, "SMILES strings are")
    if path.suffix.lower() == ".csv":
        header, *rows = [row for row in csv.reader(lines) if row] or [[]]
        at = _column(path, header)
        return [row[at] if at < len(row) else "" for row in rows]
    return [line.split()[0] for line in lines if line.strip()]


def _column(path: Path, header: Sequence[str]) -> int:
    """Where SMILES stand: in the column of that name, or in the only one."""
    names = [name.strip().lower() for name in header]
    if "smiles" not in names and len(names) > 1:
        raise BadMolecule(f"{path} has no column named smiles; it has {', '.join(header)}")
    return names.index("smiles") if "smiles" in names else 0


def known() -> set[str]:
    """The training strings."""
    return set(moses.load(cache_dir() / "moses", "train"))


def controls(samples: Sequence[str]) -> dict[str, list[str]]:
    """Test molecules, others than distances are from; and those with two symbols exchanged."""
    rng = np.random.default_rng(0)
    real = _test()[MOST : MOST + len(samples)]
    return {"held out": real, "two symbols exchanged": [exchanged(s, rng) for s in real]}


@cache
def _test() -> list[str]:
    test = moses.load(cache_dir() / "moses", "test")
    return [test[i] for i in np.random.default_rng(0).permutation(len(test))]


def figures(samples: Sequence[str], seen: set[str] | None) -> list[Score]:
    """What they are worth; `seen` is what is not novel; without it nothing is compared."""
    from rdkit import Chem

    found = [molecule(string) for string in samples]
    good = [m for m in found if m is not None]
    out = [share("valid", [m is not None for m in found])]
    if len(good) < 2:
        return out
    canonical = [Chem.MolToSmiles(m) for m in good]
    fresh = set(canonical)
    out.append(plain("of these unique", len(fresh) / len(good), len(good)))
    if seen is not None:
        out.append(share("of these novel", [s not in seen for s in fresh], len(seen)))
        out.append(share("filters", [passes(m) for m in good]))
    out.append(plain("diversity", diversity(good), min(PAIRS, len(good))))
    if seen is not None:
        real = [m for m in map(molecule, _test()[: min(MOST, len(samples))]) if m is not None]
        tested = [Chem.MolToSmiles(m) for m in real]
        ours, theirs = (np.array([properties(s) for s in part]).T for part in (canonical, tested))
        for title, here, there in zip(PROPERTIES, ours, theirs, strict=True):
            out.append(
                plain(f"{title} from test", apart(here, there), len(good), len(real), "lower")
            )
        if (distance := frechet(canonical, tested)) is not None:
            out.append(plain("FCD", distance, len(good), len(real), "lower"))
    return out


def molecule(string: str) -> Any:
    """The rdkit molecule of a valid string, or None."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(string)
    if found is None or not found.GetNumAtoms() or len(Chem.GetMolFrags(found)) > 1:
        return None
    return None if any(a.GetNumRadicalElectrons() for a in found.GetAtoms()) else found


def passes(found: Any) -> bool:
    """Whether a molecule has nothing that the filters forbid."""
    from rdkit import Chem

    if any(len(ring) > LARGEST_RING for ring in found.GetRingInfo().AtomRings()):
        return False
    if any(a.GetFormalCharge() or a.GetSymbol() not in ATOMS for a in found.GetAtoms()):
        return False
    whole = Chem.AddHs(found)
    return not any(whole.HasSubstructMatch(group) for group in unwanted())


@cache
def unwanted() -> tuple[Any, ...]:
    """The two lists of groups in the wheel of the data: medicinal chemistry's, and PAINS."""
    from rdkit import Chem, rdBase

    path, found = wheel(cache_dir() / "moses", moses.PACKAGE), []
    with ZipFile(path) as archive:
        mcf = archive.read("moses/metrics/mcf.csv").decode()
        pains = archive.read("moses/metrics/wehi_pains.csv").decode()
    found += [row["smarts"] for row in csv.DictReader(io.StringIO(mcf))]
    found += [row[0] for row in csv.reader(io.StringIO(pains)) if row]
    with rdBase.BlockLogs():
        return tuple(Chem.MolFromSmarts(smarts.strip()) for smarts in found)


def exchanged(string: str, rng: np.random.Generator) -> str:
    """The string with two of its symbols in each other's place."""
    cut = symbols(string)
    i, j = rng.choice(len(cut), 2, replace=False)
    cut[i], cut[j] = cut[j], cut[i]
    return "".join(cut)


def diversity(molecules: Sequence[Any]) -> float:
    """One less the mean similarity of different pairs."""
    from rdkit import DataStructs
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    maker = GetMorganGenerator(radius=2, fpSize=1024)
    prints = [maker.GetFingerprint(m) for m in molecules[:PAIRS]]
    alike = [
        np.mean(DataStructs.BulkTanimotoSimilarity(one, prints[:i]))
        for i, one in enumerate(prints[1:], 1)
    ]
    return 1 - float(np.average(alike, weights=range(1, len(prints))))


def apart(one: Sequence[float], two: Sequence[float]) -> float:
    """Wasserstein's distance of two samples of one number."""
    shares = (np.arange(1000) + 0.5) / 1000
    return float(np.abs(np.quantile(one, shares) - np.quantile(two, shares)).mean())


def frechet(one: Sequence[str], two: Sequence[str]) -> float | None:
    """Frechet distance in the features of ChemNet, if the package fcd is here."""
    try:
        fcd = importlib.import_module("fcd")
    except ImportError:
        return None
    return float(fcd.get_fcd(list(one), list(two), fcd.load_ref_model()))
