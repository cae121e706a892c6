"""The upscaler beside resampling, on pictures it never saw.

    python -m benchmarks.enlarge quality 64       # decibels, perceptual and Frechet distance
    python -m benchmarks.enlarge large            # a photograph of 512 x 512 to 2048 x 2048
    python -m benchmarks.enlarge sheet FILE.png   # small, bicubic, drawn, true: to look at

    ... --model runs/upscaler                     # another one than the shipped

Scenes of held-out combinations, 256 x 256, and pieces, 128 x 128, of the photographs that are for
measuring only. Their block means over 4 x 4 are enlarged again. Piece i is drawn with the seeds
8 i to 8 i + 7, the first of which is the single sample. Perceptual: 1 - the cosine of the
features (efficientnet-lite0) of a pair.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from unstir.codecs.residual import shrink
from unstir.core.find import find
from unstir.datasets import emoji, photos
from unstir.evaluation import Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, to_model, write
from unstir.runtimes.features import features
from unstir.tasks.upscale import upscale

SEED, SIDE, FACTOR, DRAWS = 4, 256, 4, 8
PIECE = 128
"""Side of the pieces of photographs, of which there are three."""
Pictures = np.ndarray
"""(N, H, W, 3) uint8."""


def truth(kind: str, count: int, piece: int = PIECE) -> Pictures:
    """Held-out pictures; pieces of photographs are spread evenly over them."""
    if kind == "scenes":
        glyphs = emoji.load(cache_dir() / "emoji", SIDE)
        scenes = (
            emoji.scene(glyphs, i, seed=SEED, size=SIDE, split="heldout") for i in range(count)
        )
        return np.stack([scene.image for scene in scenes])
    pieces = []
    for picture in photos.load(cache_dir() / "photos", photos.HELD_OUT).values():
        high, wide = (n // piece for n in picture.shape[:2])
        for y, x in np.ndindex(high, wide):
            pieces.append(picture[y * piece :, x * piece :][:piece, :piece])
    if count > len(pieces):
        print(f"there are {len(pieces)} pieces of photographs", file=sys.stderr)
    return np.stack(pieces)[np.linspace(0, len(pieces) - 1, min(count, len(pieces))).astype(int)]


def small(large: Pictures) -> Pictures:
    """Block means, 8 bits."""
    return from_model(shrink(to_model(large), FACTOR))


def resampled(how: Image.Resampling) -> Callable[[Pictures], Pictures]:
    """Enlarging by a filter."""

    def enlarge(low: Pictures) -> Pictures:
        size = FACTOR * low.shape[2], FACTOR * low.shape[1]
        return np.stack([np.asarray(Image.fromarray(p).resize(size, how)) for p in low])

    return enlarge


def drawn(low: Pictures, model: str, n: int) -> np.ndarray:
    """(N, n, H, W, 3): `n` samples of each."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for i, picture in enumerate(low):
            file = Path(folder, f"{i}.png")
            write(file, picture)
            out.append([p.pixels for p in upscale(str(file), model=model, n=n, seed=DRAWS * i)])
    return np.asarray(out)


def quality(count: int, model: str) -> None:
    """The table."""
    space = features("efficientnet-lite0")

    def seen(pictures: Pictures) -> np.ndarray:
        return np.concatenate([p.values for p in extracted(space, pictures, None)]).astype(float)

    for kind in ("scenes", "photos"):
        high = truth(kind, count)
        low, real = small(high), seen(high)
        samples = drawn(low, model, DRAWS)
        ways = {
            "bicubic": resampled(Image.Resampling.BICUBIC)(low),
            "lanczos": resampled(Image.Resampling.LANCZOS)(low),
            "one sample": samples[:, 0],
            f"mean of {DRAWS}": np.rint(samples.mean(1)).astype(np.uint8),
        }
        for name, made in ways.items():
            x = seen(made)
            apart = 1 - (x * real).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(
                real, axis=1
            )
            far = find("evaluation", "frechet")(Sets(x, real))[0].value
            print(
                f"{kind:7} {name:12} {decibels(made, high)} dB  "
                f"perceptual {apart.mean():.4f}  Frechet {far:.2f}  "
                f"shrunk again {decibels(small(made), low)} dB",
                flush=True,
            )


def decibels(x: Pictures, y: Pictures) -> str:
    """Mean PSNR over pictures, with its 95 % half-width."""
    error = ((x.astype(float) - y) ** 2).mean((1, 2, 3))
    each = 10 * np.log10(255**2 / np.maximum(error, 1e-2))
    return f"{each.mean():.2f} +- {1.96 * each.std() / np.sqrt(len(each)):.2f}"


def large(model: str) -> None:
    """Time, memory, and gradients where tiles meet beside those elsewhere."""
    picture = photos.load(cache_dir() / "photos", photos.HELD_OUT)["china"][:427, :512]
    picture = np.pad(picture, ((0, 85), (0, 0), (0, 0)), mode="reflect")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "china.png")
        write(file, picture)
        begin = time.perf_counter(), time.process_time()
        run = upscale(str(file), model=model, seed=0)
        made = run[0].pixels.astype(float)
        wall, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{picture.shape} to {made.shape}: {wall:.0f} s, {cpu:.0f} CPU-s, {peak:.0f} MB")
    tile = run.model.manifest.shape[1]
    for axis, name in enumerate(("rows", "columns")):
        steps = np.abs(np.diff(made, axis=axis)).mean((1 - axis, 2))
        starts = range(tile * 3 // 4, picture.shape[axis] - tile // 4, tile * 3 // 4)
        ends = (start + tile // 4 for start in starts)
        meet = [FACTOR * n - 1 for pair in zip(starts, ends, strict=True) for n in pair]
        blocks = np.arange(FACTOR - 1, len(steps), FACTOR)
        beside = [n + d for n in meet for d in (-2 * FACTOR, -FACTOR, FACTOR, 2 * FACTOR)]
        beside = [n for n in beside if n in blocks]
        ratio = steps[[n for n in meet if n < len(steps)]].mean() / steps[beside].mean()
        print(f"where tiles meet along {name}: {ratio:.2f} times the gradients beside")


def sheet(file: str, model: str) -> None:
    """Four of each kind, a column each."""
    rows = []
    for kind in ("scenes", "photos"):
        high = truth(kind, 4, SIDE)
        low = small(high)
        ways = [
            resampled(how)(low) for how in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)
        ]
        rows.append(np.concatenate([*ways, drawn(low, model, 1)[:, 0], high], 1))
    columns = np.concatenate([column for row in rows for column in row], 1)
    Image.fromarray(columns).save(file)


if __name__ == "__main__":
    words = sys.argv[1:]
    at = words.index("--model") if "--model" in words else len(words)
    chosen = (words[at + 1 : at + 2] or ["upscaler"])[0]
    match words[:at]:
        case ["quality", number]:
            quality(int(number), chosen)
        case ["large"]:
            large(chosen)
        case ["sheet", place]:
            sheet(place, chosen)
        case _:
            sys.exit(
                "usage: python -m benchmarks.enlarge quality N | large | sheet FILE [--model M]"
            )
