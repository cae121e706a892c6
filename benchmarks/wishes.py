"""Do molecules get the numbers that are wished for?

    python -m benchmarks.wishes molecules 200             # guidance as it is, and 2
    python -m benchmarks.wishes smiles 400 1 3

For each property the model knows of, molecules are drawn with a low, a middling and a high wish
(below which a tenth, a half and nine tenths of the training set are), and what they have is
measured: of strings by rdkit. The gap and the dipole moment belong to quantum chemistry, so they
are estimated by a regression on real molecules, whose own error on held-out ones is printed first
(ridge on counts of Morgan's fragments and on the moment that Gasteiger's partial charges have
where the atoms are). It has no part in drawing. Needs rdkit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstir.datasets import moses, qm9
from unstir.evaluation import mean
from unstir.folders import cache_dir
from unstir.modalities.chemistry import PROPERTIES, judged, properties, sane
from unstir.modalities.sdf import Structure
from unstir.runtimes.manifest import read
from unstir.runtimes.shelf import folder
from unstir.tasks.domains.molecules import building, one
from unstir.tasks.strings import strings
from unstir.tasks.structures import structures

LEARNED, TESTED = 20_000, 2_000
BITS, RIDGE = 2_048, 3.0
WISHES = 0.1, 0.5, 0.9
Draw = Callable[[dict[str, Any]], np.ndarray]
"""What is asked for -> the numbers (B, K) that the valid ones have."""


@dataclass(frozen=True)
class Regression:
    """values = [features, 1] @ weights."""

    weights: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weights[:-1] + self.weights[-1]


def fitted(features: np.ndarray, values: np.ndarray) -> Regression:
    """Ridge; the constant is not held back."""
    middle, usual = features.mean(0), values.mean(0)
    x = features - middle
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (values - usual))
    return Regression(np.concatenate([weights, [usual - middle @ weights]]))


def seen(molecules: Sequence[Structure]) -> np.ndarray:
    """(B, BITS + 1) of valid ones: fragments, and the moment of partial charges in debye."""
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator, rdPartialCharges

    fragments = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=BITS)
    rows = []
    for structure in molecules:
        whole = Chem.AddHs(sane(structure), addCoords=True)
        rdPartialCharges.ComputeGasteigerCharges(whole)
        charge = np.array([a.GetDoubleProp("_GasteigerCharge") for a in whole.GetAtoms()])
        places = np.array(whole.GetConformer().GetPositions())
        moment = np.linalg.norm(np.nan_to_num(charge) @ (places - places.mean(0))) * 4.803
        counts = fragments.GetCountFingerprintAsNumPy(Chem.RemoveHs(whole))
        rows.append(np.append(np.minimum(counts, 9), moment))
    return np.array(rows, np.float64)


def main(which: str, count: int, scales: Sequence[float]) -> None:
    """A line for each wish; before them, in space, the error of the regression."""
    manifest = read(folder(which))
    names = list((manifest.condition or {}).get("names", ()))
    if not names:
        sys.exit(f"{which} knows of no numbers that could be wished for")
    about = {"molecule": in_space, "string": as_strings}[manifest.kind]
    learned, drawn = about(which, names, count)
    for k, name in enumerate(names):
        for scale in scales:
            for wish in np.quantile(learned[:, k], WISHES).round(2).tolist():
                has = drawn({"want": f"{name}={wish}", "scale": scale})[:, k]
                score = mean(name, has.tolist())
                half = score.high - score.value
                print(f"{name} {wish:g}, scale {scale:g}: {score.value:.3g} +- {half:.2g}, "
                      f"of each {np.abs(has - wish).mean():.2g} off; {len(has)} of {count} valid",
                      flush=True)  # fmt: skip


def in_space(which: str, names: Sequence[str], count: int) -> tuple[np.ndarray, Draw]:
    """Numbers of training molecules, and those estimated of valid ones that are drawn."""
    for _ in building():
        pass
    molecules = qm9.load(cache_dir() / "qm9")
    train, test = (molecules.split(name) for name in ("train", "test"))
    known = np.random.default_rng(0).permutation(len(train))[:LEARNED]
    x, y = (
        _told(part.heavy(), rows, names)
        for part, rows in ((train, known), (test, np.arange(TESTED)))
    )
    regression = fitted(*x)
    wrong = np.abs(regression(y[0]) - y[1])
    for name, error, spread in zip(names, wrong.mean(0), y[1].std(0), strict=True):
        print(f"{name}: held out off by {error:.2f} on average, spread over {spread:.2f}")

    def drawn(asked: dict[str, Any]) -> np.ndarray:
        made = structures(model=which, n=count, seed=0, **asked)
        return regression(seen([molecule for molecule in made if judged(molecule).good]))

    return x[1], drawn


def as_strings(which: str, names: Sequence[str], count: int) -> tuple[np.ndarray, Draw]:
    """The same of strings, whose numbers rdkit knows."""
    for _ in moses.building(cache_dir() / "moses"):
        pass
    train = moses.load(cache_dir() / "moses", "train")
    known = np.random.default_rng(0).permutation(len(train))[:TESTED]
    columns = [PROPERTIES.index(name) for name in names]

    def numbers(texts: Sequence[str]) -> np.ndarray:
        values = np.array([properties(text) for text in texts])[:, columns]
        return values[np.isfinite(values).all(1)]

    def drawn(asked: dict[str, Any]) -> np.ndarray:
        return numbers([made.text for made in strings(model=which, n=count, seed=0, **asked)])

    return numbers([train[i] for i in known]), drawn


def _told(
    molecules: qm9.Molecules, rows: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """What is seen of real molecules, and their numbers."""
    made = [one(molecules, int(row)) for row in rows]
    good = [i for i, molecule in enumerate(made) if sane(molecule) is not None]
    values = np.stack([molecules.properties[name][rows[good]] for name in names], 1)
    return seen([made[i] for i in good]), values


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count, *scales] if count.isdigit():
            main(which, int(count), [float(scale) for scale in scales] or [1.0, 2.0])
        case _:
            sys.exit("usage: python -m benchmarks.wishes MODEL N [SCALE ...]")
