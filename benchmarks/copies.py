"""Does the emoji model copy what it was taught? A check behind its codec.

    python -m benchmarks.copies emoji 1000 10000

The model draws 1,000 pictures for captions of its last stretch of training. Nothing that it draws
is as sharp as a rendering, so the 10,000 training scenes of those numbers go through its
autoencoder before they are compared with, and so do as many held-out scenes, which say how near
to a training scene new pictures lie (unstir/evaluation/copies.py). Controls: training scenes whose
codes were moved a little have to be found, and held-out scenes must not be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.draws import ours
from benchmarks.quality import drawn, rows_of
from unstir.core.find import find
from unstir.core.noise import gaussian
from unstir.evaluation import Sets
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, to_model
from unstir.recipes.emoji import LAST, LAST_SHARES, Scenes
from unstir.runtimes.model import Model, load
from unstir.tasks.process import resolve

SEED, GROUP = 2_000_000, 64
MOVED = (0.0, 0.1, 0.3)
"""Noise on the codes of training scenes, whose own deviation is 1."""


def main(which: str, count: int, known: int) -> None:
    """A line for what is drawn, and for each control."""
    model = load(which)
    learned = Scenes(cache_dir() / "emoji", known, first=LAST, shares=LAST_SHARES)
    new = Scenes(cache_dir() / "emoji", known, split="heldout")
    training, reference = rows_of(coded(model, learned)), rows_of(coded(model, new))
    captions = [learned.sample(i)[1] for i in range(count)]
    made = drawn(ours(model, resolve(model)), model, captions, SEED)
    report("drawn for captions that it learned", rows_of(made), reference, training)
    half = known // 2
    report("held-out scenes", reference[:half], reference[half:], training)
    some = Scenes(cache_dir() / "emoji", count, first=LAST, shares=LAST_SHARES)
    for moved in MOVED:
        again = rows_of(coded(model, some, moved))
        report(f"training scenes, codes moved by {moved}", again, reference, training)


def coded(model: Model, scenes: Scenes, moved: float = 0.0) -> Iterator[np.ndarray]:
    """Scenes after the model's autoencoder, their codes moved."""
    for first in range(0, len(scenes), GROUP):
        numbers = range(first, min(first + GROUP, len(scenes)))
        z = model.encode(to_model(np.stack([scenes.sample(i)[0] for i in numbers])))
        z = z + moved * gaussian(list(numbers), z.shape[1:])(0)
        yield from from_model(model.decode(z))


def report(name: str, made: np.ndarray, reference: np.ndarray, training: np.ndarray) -> None:
    """The share of copies, and how far the nearest is."""
    (score,) = find("evaluation", "copies")(Sets(made, reference, training))
    nearest = min(pair["distance"] for pair in score.details["pairs"])
    share = [f"{100 * x:.2f}" for x in (score.value, score.low, score.high)]
    print(f"{name:40} {share[0]} % ({share[1]} to {share[2]}) of {score.n:,} are copies; the "
          f"nearest at {nearest:.2f}, a copy below {score.details['threshold']:.2f}",
          flush=True)  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count, known] if (count + known).isdigit():
            main(which, int(count), int(known))
        case _:
            sys.exit("usage: python -m benchmarks.copies MODEL PICTURES SCENES")
