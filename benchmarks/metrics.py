"""How long the metrics take, given features: 2 x 5,000 samples, 1,280 numbers each.

    python benchmarks/metrics.py

Features are random numbers with the spectrum that pictures have (singular values falling as
1 / rank): what they are makes no difference to the time. The intervals are part of it.
"""

from __future__ import annotations

import time

import numpy as np

from unstir.core.find import find, names
from unstir.evaluation import Sets

SAMPLES, WIDTH = 5_000, 1_280


def main() -> None:
    """One line for each metric that needs no training set, and the sum."""
    rng = np.random.default_rng(0)
    scale = 1 / np.arange(1, WIDTH + 1)
    sides = [rng.standard_normal((SAMPLES, WIDTH)) * scale for _ in range(2)]
    sets = Sets(generated=sides[0].astype(np.float32), reference=sides[1].astype(np.float32))
    total = 0.0
    for name in names("evaluation"):
        if name == "copies":
            continue
        begin = time.perf_counter()
        scores = find("evaluation", name)(sets)
        taken = time.perf_counter() - begin
        total += taken
        said = ", ".join(f"{s.name} {s.value:.3g} ({s.low:.3g} to {s.high:.3g})" for s in scores)
        print(f"{name:18} {taken:5.1f} s   {said}")
    print(f"{'all':18} {total:5.1f} s for 2 x {SAMPLES:,} samples of {WIDTH:,} features")


if __name__ == "__main__":
    main()
