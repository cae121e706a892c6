"""Complete a molecule: some of its atoms stay as they are, the rest is drawn around them.

    run = complete("it.sdf", keep="0-5", atoms=9, seed=7)
    run = complete("it.sdf", keep="graph", n=10)      # the same molecule in other shapes

Atoms are counted from 0, as they stand in the file. How they are kept: `kept`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from unstir.modalities import sdf
from unstir.modalities.source import sha256
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
            bonds stay, and where they are is drawn.
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
    if kept.placed and len(rows) > 1:
        _apart(given.positions[list(rows)], rows)
    if graph and atoms not in (None, len(kept)):
        raise BadRequest(f"atoms is {atoms}; the graph that is kept has {len(kept)}")
    return drawing(
        ready, n, len(kept) if graph else atoms, kept, want=want, scale=scale, verb="inpaint",
        given={"molecule": molecule}, files={molecule: sha256(path)}, options={"keep": keep},
    )  # fmt: skip


def _apart(places: np.ndarray, rows: Sequence[int]) -> None:
    """BadRequest where two kept atoms stand in one place, as all do in a file without any."""
    far = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(len(places))
    one, two = np.unravel_index(far.argmin(), far.shape)
    if far[one, two] < TOUCHING:
        raise BadRequest(
            f"atoms {rows[one]} and {rows[two]} of the file stand in the same place; keep graph "
            "draws where atoms stand"
        )
