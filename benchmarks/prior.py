"""The baseline of the emoji model: its autoencoder alone, with a Gaussian fitted to the latents.

    python benchmarks/prior.py FOLDER 10000
    unstir evaluate FOLDER --against emoji --most 10000 --metrics frechet,kernel
    unstir evaluate emoji --n 10000 --against emoji --most 10000

The Gaussian has the mean and the full covariance (1,024 x 1,024) of the latents of 20,000 training
scenes: the best that an autoencoder with a Gaussian prior can draw without further learning.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from unstir.datasets import emoji
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, to_model, write
from unstir.runtimes.model import load

SCENES, CHUNK, SEED = 20_000, 64, 0


def main(folder: Path, count: int) -> None:
    """Write `count` PNG pictures drawn from the prior."""
    model, glyphs = load("emoji"), emoji.load(cache_dir() / "emoji")
    codes = []
    for first in range(0, SCENES, CHUNK):
        scenes = range(first, min(first + CHUNK, SCENES))
        pictures = np.stack([emoji.scene(glyphs, i, split="train").image for i in scenes])
        codes.append(model.encode(to_model(pictures)).reshape(len(scenes), -1))
        print(f"\r{first + len(scenes):,} of {SCENES:,} scenes encoded", end="", file=sys.stderr)
    x = np.concatenate(codes).astype(np.float64)
    root = np.linalg.cholesky(np.cov(x.T) + 1e-6 * np.eye(x.shape[1]))
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, CHUNK):
        rows = min(CHUNK, count - first)
        z = x.mean(0) + rng.standard_normal((rows, x.shape[1])) @ root.T
        z = z.reshape(rows, *model.manifest.shape).astype(np.float32)
        for i, picture in enumerate(from_model(model.decode(z))):
            write(folder / f"{first + i:05d}.png", picture)
    print(f"\n{count:,} pictures in {folder}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit("usage: python benchmarks/prior.py FOLDER COUNT")
    main(Path(sys.argv[1]), int(sys.argv[2]))
