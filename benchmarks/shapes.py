"""Shapes of a known molecule: how near do drawn ones come to that of quantum chemistry?

    python -m benchmarks.shapes molecules 200 10    # 200 held-out molecules, ten shapes of each

`unstir inpaint it.sdf --keep graph` of held-out molecules of QM9; root mean square distance of the
atoms after the best alignment (symmetries counted, so rdkit's GetBestRMS), of one shape and of the
nearest of all, in angstrom; and the share of molecules with a shape within 0.5. Beside it as many
shapes by rdkit's ETKDG (Wang et al. 2020), which knows chemistry, without its force field: of the
graph alone, of any stereoisomer, and told that of the molecule, as the model's shapes are mirrored
to it. Needs rdkit.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.completions import drawn, held_out
from unstir.evaluation import Score, mean, share
from unstir.modalities.chemistry import sane
from unstir.modalities.sdf import Structure

LEAST, WITHIN = 5, 0.5
"""Heavy atoms of a molecule that is asked about, at least; angstrom."""
TOLD = "ETKDG, told the stereo"


def main(which: str, count: int, shapes: int) -> None:
    """A line for the model, and two for ETKDG."""
    found: dict[str, list[list[float]]] = {which: [], "ETKDG": [], TOLD: []}
    for true in held_out(which, LEAST):
        placed = {"ETKDG": etkdg(graph(true), len(true), shapes),
                  TOLD: etkdg(handed(true), len(true), shapes)}  # fmt: skip
        if not all(placed.values()):
            continue
        for name, each in placed.items():
            found[name].append([apart(true, x) for x in each])
        made = drawn(which, true, keep="graph", n=shapes, seed=0)
        found[which].append([apart(true, molecule.positions) for molecule in made])
        if len(found[which]) == count:
            break
    for name, rows in found.items():
        nearest = [min(row) for row in rows]
        said = [mean("one", [row[0] for row in rows]), mean("nearest", nearest),
                share("within", [d < WITHIN for d in nearest])]  # fmt: skip
        print(f"{name:22} {len(rows)} molecules: one shape {_said(said[0])} A off, the nearest of "
              f"{shapes} {_said(said[1])}; within {WITHIN} A {_said(said[2], 100)} %")  # fmt: skip


def graph(true: Structure) -> Any:
    """The rdkit molecule with its hydrogens, and no stereo; None where it is not valid."""
    from rdkit import Chem

    molecule = sane(true)
    return molecule and Chem.AddHs(molecule, addCoords=True)


def handed(true: Structure) -> Any:
    """The same with the stereo of its shape."""
    from rdkit import Chem

    if (molecule := graph(true)) is not None:
        Chem.AssignStereochemistryFrom3D(molecule)
    return molecule


def etkdg(molecule: Any, atoms: int, count: int) -> list[np.ndarray]:
    """So many shapes, of its first atoms; none where that fails."""
    from rdkit.Chem import rdDistGeom

    if molecule is None:
        return []
    which = rdDistGeom.EmbedMultipleConfs(molecule, numConfs=count, randomSeed=1)
    places = [molecule.GetConformer(i).GetPositions()[:atoms] for i in which]
    return places if len(places) == count else []


def apart(true: Structure, positions: np.ndarray) -> float:
    """Root mean square distance of heavy atoms, angstrom."""
    from rdkit import Chem
    from rdkit.Chem import rdMolAlign

    both = [Chem.RemoveHs(sane(s)) for s in (true, replace(true, positions=positions))]
    return float(rdMolAlign.GetBestRMS(both[1], both[0]))


def _said(score: Score, times: float = 1) -> str:
    return f"{times * score.value:.3g} ({times * score.low:.3g} to {times * score.high:.3g})"


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count, shapes] if count.isdigit() and shapes.isdigit():
            main(which, int(count), int(shapes))
        case _:
            sys.exit("usage: python -m benchmarks.shapes MODEL MOLECULES SHAPES")
