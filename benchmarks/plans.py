"""Does a protein become what it was to be? Residues that are as planned, of chains a model draws.

    python -m benchmarks.plans proteins 200

Plans are those that the seeds draw. Beside each figure, in brackets, what it would be by chance:
of plans of other chains.
"""

from __future__ import annotations

import sys

import numpy as np

from unstir.evaluation import Score, mean
from unstir.modalities.folds import secondary
from unstir.modalities.plans import LETTERS, from_json
from unstir.runtimes.model import load
from unstir.tasks.proteins import proteins

NAMES = dict(zip(LETTERS, ("helix", "strand", "neither"), strict=True))


def main(which: str, count: int, seed: int = 0) -> None:
    """Print a line for each letter and one for all."""
    plans = from_json((load(which, kind="protein").manifest.protein or {})["plans"])
    found = [secondary(p.xyz[:, 1]) for p in proteins(model=which, n=count, seed=seed)]
    seeds, lengths = range(seed, seed + count), list(map(len, found))
    asked, other = plans.seeded(seeds, lengths), plans.seeded(seeds[::-1], lengths)
    for letter in (*LETTERS, ""):
        if not any(letter in plan for plan in asked):
            continue
        own, chance = share(asked, found, letter), share(other, found, letter)
        name = NAMES.get(letter, "all")
        print(f"{name:8} {own.value:.3f} ({own.low:.3f} to {own.high:.3f}) as planned "
              f"({chance.value:.3f} by chance)")  # fmt: skip


def share(asked: list[str], found: list[str], letter: str) -> Score:
    """Of the residues planned to be `letter` those that are; a mean over chains that have any."""
    rows = []
    for plan, text in zip(asked, found, strict=True):
        same = [a == b for a, b in zip(plan, text, strict=True) if letter in ("", a)]
        if same:
            rows.append(float(np.mean(same)))
    return mean(letter, rows)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.plans MODEL N")
