"""How good the strings of a model of molecules are, beside real ones.

    python -m benchmarks.smiles 10000 --model runs/smiles        # needs rdkit; FCD needs fcd

Seeds 0 to N - 1, none left out; the figures of MOSES (Polykovskiy et al. 2020). Valid: rdkit reads
it, in one piece, without radicals; unique among the valid; novel: not among the training strings;
filters: atoms C N O S F Cl Br and H, no charge, no ring of eight or more, and none of the two
lists of unwanted groups that come with the data. Diversity: one less the mean Tanimoto similarity
of Morgan fingerprints. Distances of log P, weight and drug-likeness: Wasserstein's, between
distributions. FCD (Preuer et al. 2018) is from as many test molecules. The controls: test
molecules, and those with two symbols exchanged.
"""

from __future__ import annotations

import csv
import importlib
import io
import sys
import time
from collections.abc import Sequence
from functools import cache
from typing import Any
from zipfile import ZipFile

import numpy as np
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import QED, Crippen, Descriptors
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from benchmarks.judge.score import interval
from unstir.datasets import moses
from unstir.datasets.wheels import wheel
from unstir.folders import cache_dir
from unstir.modalities.smiles import symbols
from unstir.tasks.strings import strings

ATOMS = frozenset(("C", "N", "S", "O", "F", "Cl", "Br", "H"))
LARGEST_RING = 7
PAIRS = 1000
"""Molecules that diversity is measured on."""
PROPERTIES = {"log P": Crippen.MolLogP, "weight": Descriptors.MolWt, "drug-likeness": QED.qed}


def main(count: int, model: str) -> None:
    """A block of lines for the model and for each control."""
    root = cache_dir() / "moses"
    for _ in moses.building(root):
        pass
    known, test = set(moses.load(root, "train")), moses.load(root, "test")
    rng = np.random.default_rng(0)
    order = rng.permutation(len(test))
    real, reference = ([test[i] for i in order[a : a + count]] for a in (0, count))
    begin = time.process_time()
    made = [written.text for written in strings(model=model, n=count, seed=0)]
    taken = time.process_time() - begin
    report(f"{model}, {count / taken:.0f} each CPU-s", made, known, reference)
    report("test molecules", real, known, reference)
    report("two symbols exchanged", [exchanged(s, rng) for s in real], known, reference)


def molecule(string: str) -> Any:
    """The rdkit molecule of a valid string, or None."""
    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(string)
    if found is None or not found.GetNumAtoms() or len(Chem.GetMolFrags(found)) > 1:
        return None
    return None if any(a.GetNumRadicalElectrons() for a in found.GetAtoms()) else found


def passes(found: Any) -> bool:
    """Whether a molecule has nothing that the filters forbid."""
    if any(len(ring) > LARGEST_RING for ring in found.GetRingInfo().AtomRings()):
        return False
    if any(a.GetFormalCharge() or a.GetSymbol() not in ATOMS for a in found.GetAtoms()):
        return False
    whole = Chem.AddHs(found)
    return not any(whole.HasSubstructMatch(group) for group in unwanted())


@cache
def unwanted() -> tuple[Any, ...]:
    """The two lists of groups in the wheel of the data: medicinal chemistry's, and PAINS."""
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


def report(name: str, made: Sequence[str], known: set[str], reference: Sequence[str]) -> None:
    """What they are worth."""
    found = [molecule(string) for string in made]
    good = [m for m in found if m is not None]
    print(f"{name}\n  valid          {interval([m is not None for m in found])}")
    if len(good) < 2:
        return
    canonical = [Chem.MolToSmiles(m) for m in good]
    fresh = set(canonical)
    print(f"  unique         {100 * len(fresh) / len(good):5.1f} %")
    print(f"  novel          {interval([s not in known for s in fresh])}")
    print(f"  filters        {interval([passes(m) for m in good])}")
    print(f"  diversity      {diversity(good):.3f}")
    real = [m for m in map(molecule, reference) if m is not None]
    for title, measure in PROPERTIES.items():
        here, there = ([measure(m) for m in part] for part in (good, real))
        print(f"  {title:14} {apart(here, there):.3f}")
    if (distance := frechet(canonical, [Chem.MolToSmiles(m) for m in real])) is not None:
        print(f"  FCD            {distance:.2f}")
    print("  for example", *canonical[:5], flush=True)


def frechet(one: Sequence[str], two: Sequence[str]) -> float | None:
    """Frechet distance in the features of ChemNet, if the package fcd is here."""
    try:
        fcd = importlib.import_module("fcd")
    except ImportError:
        return None
    return float(fcd.get_fcd(list(one), list(two), fcd.load_ref_model()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case [count] if count.isdigit():
            main(int(count), "smiles")
        case [count, "--model", model] if count.isdigit():
            main(int(count), model)
        case _:
            sys.exit("usage: python -m benchmarks.smiles N [--model MODEL]")
