"""Complete a molecule: some of its atoms stay as they are, the rest is drawn around them.

    run = complete("it.sdf", keep="0-5", atoms=9, seed=7)
    run = complete("it.sdf", keep="graph", n=10)      # the same molecule in other shapes

Atoms are counted from 0, as they stand in the file. How they are kept: `kept`. Whether a shape is
the same stereoisomer is rdkit's to say, of a file with positions or of a drawing with wedges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from unstir.modalities import sdf
from unstir.modalities.chemistry import lacking, stereo_of
from unstir.modalities.sdf import Structure
from unstir.modalities.source import sha256
from unstir.runtimes.model import Model
from unstir.tasks.kept import Kept, chosen, drawable, part
from unstir.tasks.prepared import prepare
from unstir.tasks.request import BadRequest
from unstir.tasks.structures import Drawn, drawing

GRAPH = "graph"
"""What is kept where atoms and bonds stay and only their places are drawn."""
TOUCHING = 0.1
"""Angstrom below which two atoms stand in one place."""
FLAT = 4
"""Atoms that seldom lie in a plane but in a drawing."""


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
        molecule: The molecule: .sdf (its first one) or .mol, V2000 or V3000.
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
    stay = drawable(given, rows, ready.model)
    kept = Kept(part(given, stay), placed=not graph)
    if graph:
        _whole(kept.atoms, ready.model)
    if graph and find_spec("rdkit"):
        kept = replace(kept, stereo=stereo_of(given, stay))
    if kept.placed and len(rows) > 1:
        _apart(given.positions[list(rows)], rows)
    if graph and atoms not in (None, len(kept)):
        raise BadRequest(f"atoms is {atoms}; the graph that is kept has {len(kept)}")
    run = drawing(
        ready, n, len(kept) if graph else atoms, kept, want=want, scale=scale, verb="inpaint",
        given={"molecule": molecule}, files={molecule: sha256(path)}, options={"keep": keep},
    )  # fmt: skip
    gone = sorted(set(rows) - set(stay))
    return replace(run, notes=tuple(_notes(given, gone, kept, ready.model.manifest.name)))


def _notes(given: Structure, gone: Sequence[int], kept: Kept, name: str) -> Iterator[str]:
    """What may surprise: hydrogens that are `gone`, hands that nothing sees to, a flat file."""
    if gone:
        marked = sum(row in given.isotopes for row in gone)
        heavy = f" ({marked} by isotope)" if marked else ""
        yield f"hydrogens of the file are left out, {len(gone)} of them{heavy}; {name} draws none"
    if not kept.placed and not find_spec("rdkit"):
        yield (
            "shapes may be of another stereoisomer than the file's; with rdkit it is seen to: "
            "pip install 'unstir[molecules]'"
        )
    if kept.placed and len(kept) > 1 and given.flat and len(given) >= FLAT:
        yield (
            "all atoms of the file lie in one plane, and those that are kept stay as they lie; "
            "if that is a drawing, --keep graph draws where atoms stand"
        )


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
