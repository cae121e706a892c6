"""Other letters for a backbone that there is: which amino acids fold so?

    for protein in rewriting("it.pdb", "backbone:B", "B", n=8, seed=7): print(protein.sequence)

Every residue stays where it is, to the last digit; all letters are hidden and drawn (letters.py).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from unstir.core import paths
from unstir.core.find import find, named
from unstir.core.noise import seeds as following
from unstir.modalities import proteins
from unstir.modalities.chains import SCALE
from unstir.modalities.proteins import Protein
from unstir.modalities.source import sha256
from unstir.runtimes.model import Model
from unstir.tasks.letters import letters, useful
from unstir.tasks.prepared import first_seed, loaded_model
from unstir.tasks.proteins import SURE
from unstir.tasks.recipe import Recipe
from unstir.tasks.request import BadRequest, number, whole, words

GROUP = 16
"""Chains that are written together."""
USUAL = "random_order"
FARTHEST = 4.5
"""Angstrom that the CA of neighbors are apart at most."""


@dataclass(frozen=True)
class Rewritten:
    """The chain of a request with other letters, written as they are asked for."""

    model: Model
    chain: Protein
    seed: int
    n: int
    temperature: float
    recipe: Recipe
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Protein]:
        longest, count = self.model.manifest.shape[1], len(self.chain)
        ca = self.chain.xyz[:, 1]
        trace = np.zeros((1, 3, longest), np.float32)
        trace[0, :, :count] = (ca - ca.mean(0)).T / SCALE
        for first in range(0, self.n, GROUP):
            each = following(self.seed + first, min(GROUP, self.n - first))
            texts = letters(
                self.model, trace.repeat(len(each), 0), [count] * len(each), each,
                self.temperature, sampler=self.recipe.sampler, steps=self.recipe.steps,
                spacing=self.recipe.spacing,
            )  # fmt: skip
            for seed, text in zip(each, texts, strict=True):
                yield replace(self.chain, sequence=text, title=f"{self.recipe.name} {seed}")

    @property
    def stays(self) -> Protein:
        """What each has before it is written."""
        return self.chain

    def record(self, i: int, file: str) -> str:
        """What the i-th was made from, for a file of that name."""
        return json.dumps(replace(self.recipe, seed=self.seed + i).to_json(file))


def backbone(keep: str) -> str | None:
    """The chain that "backbone:B" names, or nothing for the first; None where residues are
    named."""
    match = re.fullmatch(r" *backbone(?::(\w+))? *", keep)
    return (match[1] or "") if match else None


def rewriting(
    protein: str, keep: str, chain: str | None, *, model: str = "proteins", n: int = 1,
    seed: int | None = None, temperature: float | None = None, steps: int | None = None,
    sampler: str | None = None, spacing: str | None = None, threads: int | None = None,
) -> Rewritten:  # fmt: skip
    """The run that writes n sequences for a chain of a file, or for its first."""
    path = os.path.expanduser(protein)
    given = proteins.read(path, chain)
    first, loaded = first_seed(seed, n), loaded_model(model, "onnx", threads, False, "protein")
    name, longest = loaded.manifest.name, loaded.manifest.shape[1]
    if "letters" not in loaded.graphs:
        raise BadRequest(f"{name} was not taught letters")
    if len(given) > longest:
        raise BadRequest(f"the chain has {len(given)} residues; {name} knows up to {longest}")
    heat = number("temperature", SURE if temperature is None else temperature, 0.01, 10)
    steps = whole("steps", len(given) if steps is None else steps, 1, 1000)
    find("discrete.samplers", words("sampler", sampler or USUAL))
    steps = useful(sampler or USUAL, steps, longest)
    named(paths.TABLE, words("spacing", spacing or "uniform"), "spacings")
    recipe = Recipe(
        prompt=None, negative="", model=model, name=name, sha256=loaded.manifest.sha256,
        seed=first, steps=steps, evaluations=steps, sampler=sampler or USUAL,
        spacing=spacing or "uniform", scale=None, guidance="cfg", interval=None, pixels=(0, 0),
        padded=False, runtime="onnx", threads=loaded.threads, asked_threads=threads,
        verb="inpaint", given={"protein": protein}, files={protein: sha256(path)},
        options={"keep": keep, "temperature": heat},
    )  # fmt: skip
    return Rewritten(loaded, given, first, n, heat, recipe, broken(given))


def broken(chain: Protein) -> tuple[str, ...]:
    """A note where neighbors in the file are no neighbors in the chain."""
    long = np.linalg.norm(np.diff(chain.xyz[:, 1], axis=0), axis=-1)
    after = [str(chain.numbers[i]) for i in np.flatnonzero(long > FARTHEST)]
    if not after:
        return ()
    return (
        f"residues are missing after {', '.join(after)}, lack N, CA, C or O, or have an insertion "
        "code; letters are drawn as if the chain went on there",
    )
