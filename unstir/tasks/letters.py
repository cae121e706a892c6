"""Letters for chains that are drawn: which amino acids fold so?

    texts = letters(model, traces, lengths, seeds, temperature=0.1)

All are hidden at first but those that are `kept`, and shown one by one in random order (compare
Dauparas et al. 2022, ProteinMPNN).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstir.core import paths
from unstir.core.discrete.guidance.temperature import temperature as tempered
from unstir.core.discrete.process import MASK, PAD, subs
from unstir.core.discrete.schedules import TABLE
from unstir.core.find import find
from unstir.core.levels import Level
from unstir.core.noise import uniform
from unstir.modalities.proteins import RESIDUES
from unstir.runtimes.model import Model

FIXED = ("random_order", "confidence")
"""Samplers that show tokens in fixed numbers."""


def letters(
    model: Model, states: np.ndarray, lengths: Sequence[int], seeds: Sequence[int],
    temperature: float, kept: Sequence[dict[int, str]] | None = None,
    sampler: str = "random_order", steps: int | None = None, spacing: str = "uniform",
) -> list[str]:  # fmt: skip
    """The letters of each chain (B, 3, N) of so many residues, by its seed; without `steps` one
    by one."""
    longest = states.shape[2]
    x = np.where(np.arange(longest) < np.asarray(lengths)[:, None], MASK, PAD)
    for row, known in zip(x, kept or [{}] * len(x), strict=True):
        for place, letter in known.items():
            if letter in RESIDUES:
                row[place] = RESIDUES.index(letter)
    trace = states.astype(np.float32)
    net = subs(lambda z, t: model.graphs["letters"](z.astype(np.float32), trace))
    count = useful(sampler, longest if steps is None else steps, longest)
    path: list[Level] = paths.path(TABLE["polynomial"](), count, paths.TABLE[spacing])
    noise = uniform(seeds, (longest,), field="letters")
    walk = find("discrete.samplers", sampler)
    for step in walk(tempered(net, temperature), x, path, noise=noise):
        x = step.x
    return ["".join(RESIDUES[token] for token in row[row >= 0]) for row in x]


def useful(sampler: str, steps: int, longest: int) -> int:
    """Of so many steps those that are run: where numbers are fixed, more than there are tokens
    would show nothing."""
    return min(steps, longest) if sampler in FIXED else steps
