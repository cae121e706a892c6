"""Complete a molecule: some of its atoms stay as they are, the rest is drawn around them.

    run = complete("it.sdf", keep="0-5", atoms=9, seed=7)

Atoms are counted from 0, as they stand in the file. How they are kept: `kept`.
"""

from __future__ import annotations

import os

from unstir.modalities import sdf
from unstir.modalities.source import sha256
from unstir.tasks.kept import chosen, part
from unstir.tasks.prepared import prepare
from unstir.tasks.structures import Drawn, drawing


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
        keep: The atoms that stay, counted from 0: 0-5 or 0-3,7.
        atoms: How many there shall be; else as many as is usual.
        n: How many molecules; molecule i has the seed SEED + i.
    """
    molecule = os.fspath(molecule)
    path = os.path.expanduser(molecule)
    given = sdf.read(path)[0]
    rows = chosen(keep, len(given))
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="molecule", want=want,
        steps=steps, sampler=sampler, spacing=spacing, scale=scale,
    )  # fmt: skip
    return drawing(
        ready, n, atoms, part(given, rows, ready.model), want=want, scale=scale, verb="inpaint",
        given={"molecule": molecule}, files={molecule: sha256(path)}, options={"keep": keep},
    )  # fmt: skip
