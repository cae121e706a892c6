"""Complete a molecule: some of its atoms stay as they are, the rest is drawn around them.

    run = complete("it.sdf", keep="0-5", atoms=9, seed=7)
    run = complete("it.sdf", keep="graph", n=10)      # the same molecule in other shapes

Atoms are counted from 0, as they stand in the file. How they are kept: `kept`. Whether a shape is
the same stereoisomer is rdkit's to say, of a file with positions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from unstir.modalities import sdf
from unstir.modalities.chemistry import lacking, stereo
from unstir.modalities.sdf import Structure
from unstir.modalities.source import sha256
from unstir.runtimes.model import Model
from unstir.tasks.kept import Kept, chosen, part
from unstir.tasks.prepared import prepare
from unstir.tasks.request import BadRequest
from unstir.tasks.structures import Drawn, drawing

GRAPH = "graph"
"""What is kept where atoms and bonds stay and only their places are drawn."""
TOUCHING = 0.1
"""Angstrom below which two atoms stand in one place."""


def complete(
    molecule: str,
    *,
    keep: str,
    atoms: int | None = None,
    model: str = "molecules",
    n: int = 1,
    seed: int | None = None,
    want: str | None = None,
    scale: float | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Drawn:
    """Complete a molecule around some of its atoms.

    Args:
        molecule: The molecule: .sdf (its first one) or .mol.
        keep: The atoms that stay, counted from 0: 0-5 or 0-3,7; or graph: all of them and their
            bonds stay, and where they are is drawn, of the same stereoisomer where mirroring
            makes it so (by rdkit).
        atoms: How many there shall be; else as many as is usual.
        n: How many molecules; molecule i has the seed SEED + i.
    """
    molecule = os.fspath(molecule)
    path = os.path.expanduser(molecule)
    given = sdf.read(path)[0]
    graph = keep.strip() == GRAPH
    rows = range(len(given)) if graph else chosen(keep, len(given))
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="molecule", want=want,
        steps=steps, sampler=sampler, spacing=spacing, scale=scale,
    )  # fmt: skip
    kept = Kept(part(given, rows, ready.model), placed=not graph)
    name, notes = ready.model.manifest.name, []
    if left := len(rows) - len(kept):
        notes.append(f"hydrogens of the file are left out, {left} of them; {name} draws none")
    if graph:
        _whole(kept.atoms, ready.model)
    if graph and find_spec("rdkit"):
        kept = replace(kept, stereo=stereo(kept.atoms))
    elif graph:
        notes.append(
            "shapes may be of another stereoisomer than the file's; with rdkit it is seen to: "
            "pip install 'unstir[molecules]'"
        )
    if kept.placed and len(rows) > 1:
        _apart(given.positions[list(rows)], rows)
    if graph and atoms not in (None, len(kept)):
        raise BadRequest(f"atoms is {atoms}; the graph that is kept has {len(kept)}")
    run = drawing(
        ready, n, len(kept) if graph else atoms, kept, want=want, scale=scale, verb="inpaint",
        given={"molecule": molecule}, files={molecule: sha256(path)}, options={"keep": keep},
    )  # fmt: skip
    return replace(run, notes=tuple(notes))


def _whole(atoms: Structure, model: Model) -> None:
    """BadRequest where hydrogens are missing that the model draws."""
    if "H" in (model.manifest.molecule or {})["kinds"] and (bare := lacking(atoms)):
        raise BadRequest(
            f"atom {bare[0]} of the file lacks hydrogens, which {model.manifest.name} draws; add "
            "them, or give --model molecules"
        )


def _apart(places: np.ndarray, rows: Sequence[int]) -> None:
    """BadRequest where two kept atoms stand in one place, as all do in a file without any."""
    far = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(len(places))
    one, two = np.unravel_index(far.argmin(), far.shape)
    if far[one, two] < TOUCHING:
        raise BadRequest(
            f"atoms {rows[one]} and {rows[two]} of the file stand in the same place; keep graph "
            "draws where atoms stand"
        )
