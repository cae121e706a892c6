"""Does the branch for lines make the model draw along them, and does the text still hold?

    python -m benchmarks.trace lines 200          # agreement of edges, judge, perceptual distance
    python -m benchmarks.trace sheet FILE.png     # lines, drawn, drawn without, true: to look at

    ... --model runs/trace                        # another one than the shipped

Pictures: scenes of held-out combinations, of a seed that no training saw; picture i is drawn with
seed i from its caption and from the edges of its true picture, and none is left out. Agreement is
the F1 of edge pixels, each allowed to lie one pixel off (as in the Berkeley segmentation
benchmark, Martin et al. 2004, with a fixed tolerance). The baseline is the same model, prompt and
seed without the lines; "codec" is the true picture after the autoencoder, which is the most there
is to reach.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.judge.questions import verdict
from benchmarks.judge.score import Judge, interval
from unstir.datasets import emoji
from unstir.folders import cache_dir
from unstir.modalities.edges import edges
from unstir.modalities.images import from_model, to_model, write
from unstir.runtimes.features import features
from unstir.runtimes.model import load
from unstir.tasks.generate import generate
from unstir.tasks.trace import trace

SEED = 4
"""Of the scenes: not the model's 0, the judge's 1 and 2."""


def scenes(glyphs: emoji.Glyphs, count: int) -> list[emoji.Scene]:
    """Held-out combinations."""
    return [emoji.scene(glyphs, i, seed=SEED, split="heldout") for i in range(count)]


def ways(model: str) -> dict[str, Callable[[int, emoji.Scene], np.ndarray]]:
    """Pictures of a scene by its number."""
    codec = load(model)

    def traced(i: int, scene: emoji.Scene, words: bool = True) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "true.png")
            write(file, scene.image)
            prompt = scene.caption if words else ""
            return trace(str(file), prompt, model=model, seed=i)[0].pixels

    def coded(_: int, scene: emoji.Scene) -> np.ndarray:
        return from_model(codec.decode(codec.encode(to_model(scene.image[None]))))[0]

    def told(i: int, scene: emoji.Scene) -> np.ndarray:
        return generate(scene.caption, model=model, seed=i, size="native")[0].pixels

    return {
        "true": lambda _, scene: scene.image,
        "codec": coded,
        "lines and text": traced,
        "lines alone": lambda i, scene: traced(i, scene, False),
        "text alone": told,
    }


def agreement(made: np.ndarray, true: np.ndarray) -> float:
    """F1 of two maps of edges, (H, W), within one pixel."""
    if not made.any() or not true.any():
        return float(made.any() == true.any())
    precision = (made * near(true)).sum() / made.sum()
    recall = (true * near(made)).sum() / true.sum()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def near(lines: np.ndarray) -> np.ndarray:
    """Each edge pixel and its eight neighbors."""
    high, wide = lines.shape
    p = np.pad(lines, 1)
    return np.max([p[y : y + high, x : x + wide] for y in range(3) for x in range(3)], 0)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def report(count: int, model: str) -> None:
    """A line for each way."""
    glyphs, space = emoji.load(cache_dir() / "emoji"), features("efficientnet-lite0")
    judge, these = Judge(glyphs), scenes(glyphs, count)
    truth = unit(space(np.stack([scene.image for scene in these])))
    for name, way in ways(model).items():
        made = np.stack([way(i, scene) for i, scene in enumerate(these)])
        agree = [agreement(edges(p), edges(s.image)) for p, s in zip(made, these, strict=True)]
        said = [
            verdict(glyphs, scene.parts, scene.caption, logits)
            for scene, logits in zip(these, judge(made), strict=True)
        ]
        apart = 1 - (unit(space(made)) * truth).sum(1)
        print(f"{name:15} edges {mean(agree)}  perceptual {mean(apart)}  "
              f"subject {interval([v['subject'] for v in said])}  "
              f"all right {interval([all(v.values()) for v in said])}", flush=True)  # fmt: skip


def mean(values: Sequence[float] | np.ndarray) -> str:
    """With its 95 % half-width."""
    return f"{np.mean(values):.3f} +- {1.96 * np.std(values) / np.sqrt(len(values)):.3f}"


def sheet(file: str, model: str, count: int = 12) -> None:
    """A column for each scene: its lines, and every way."""
    glyphs, rows = emoji.load(cache_dir() / "emoji"), []
    these = scenes(glyphs, count)
    rows.append([np.uint8(255 * (1 - edges(s.image)))[..., None].repeat(3, 2) for s in these])
    for name, way in ways(model).items():
        if name != "codec":
            rows.append([way(i, scene) for i, scene in enumerate(these)])
    made = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))
    made.resize((2 * made.width, 2 * made.height), Image.Resampling.NEAREST).save(file)


if __name__ == "__main__":
    words = sys.argv[1:]
    at = words.index("--model") if "--model" in words else len(words)
    chosen = (words[at + 1 : at + 2] or ["emoji"])[0]
    match words[:at]:
        case ["lines", number]:
            report(int(number), chosen)
        case ["sheet", place]:
            sheet(place, chosen)
        case _:
            sys.exit("usage: python -m benchmarks.trace lines N | sheet FILE [--model M]")
