"""Draw a protein around a part of one that there is: motif scaffolding.

run = scaffold("it.pdb", keep="A20-35", length=80, seed=7)
run = scaffold("it.pdb", keep="backbone", n=8)    # other letters for the same backbone
"""

from __future__ import annotations

import os

from unstir.modalities.source import sha256
from unstir.tasks import motif
from unstir.tasks.prepared import prepare
from unstir.tasks.proteins import Folded, folding
from unstir.tasks.request import BadRequest
from unstir.tasks.rewritten import Rewritten, backbone, rewriting


def scaffold(
    protein: str,
    *,
    keep: str,
    length: int | None = None,
    structure: str | None = None,
    model: str = "proteins",
    n: int = 1,
    seed: int | None = None,
    temperature: float | None = None,
    relax: bool = True,
    steps: int | None = None,
    sampler: str | None = None,
    spacing: str | None = None,
    threads: int | None = None,
) -> Folded | Rewritten:
    """Draw protein backbones around residues that stay where they are.

    Args:
        protein: The protein: .pdb or .cif.
        keep: The residues that stay, as A20-35 or A20-35,A50-60; or backbone (backbone:B): the
            places of a chain stay, and its letters are drawn.
        length: How many residues the new chain has; else as many as is usual.
        structure: What the residues of the new chain are to be, as in `generate`; those that stay
            are what they are.
        n: How many; backbone i has the seed SEED + i.
    """
    protein = os.fspath(protein)
    path = os.path.expanduser(protein)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {protein}")
    if (chain := backbone(keep)) is not None:
        if (length, structure, relax) != (None, None, True):
            raise BadRequest("keep is backbone, which stays: leave length, structure, relax out")
        return rewriting(
            protein, keep, chain or None, model=model, n=n, seed=seed, temperature=temperature,
            steps=steps, sampler=sampler, spacing=spacing, threads=threads,
        )  # fmt: skip
    kept = motif.read(path, keep)
    ready = prepare(
        None, "", model=model, n=n, seed=seed, threads=threads, kind="protein", steps=steps,
        sampler=sampler, spacing=spacing,
    )  # fmt: skip
    return folding(
        ready, n, length, structure, temperature, relax, kept, verb="inpaint",
        given={"protein": protein}, files={protein: sha256(path)}, options={"keep": keep},
    )  # fmt: skip
