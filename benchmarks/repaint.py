"""Holes in held-out renderings, filled: by the model, by mathematics, by chance. Which is best?

    pip install scikit-image                      # its biharmonic inpainting is the baseline
    python -m benchmarks.repaint fill 256         # perceptual and kernel distance, in the hole
    python -m benchmarks.repaint seams 256        # gradients along the border, pasted and not
    python -m benchmarks.repaint kept             # 200 masks, every sampler: known pixels
    python -m benchmarks.repaint hats 200         # does the text decide what comes into the hole?
    python -m benchmarks.repaint sheet FILE.png   # what the figures are made of, to look at

Pictures: scenes of held-out combinations, of a seed that no training saw, at the model's own 64
pixels; picture i has hole i and seed i, and none is left out. Hole-only means that all known
pixels of both pictures are gray before their features (efficientnet-lite0) are taken. The
perceptual distance of a pair is 1 - the cosine of its features.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.judge.questions import verdict
from benchmarks.judge.score import Judge, interval
from unstir.core.find import find, names
from unstir.datasets import emoji
from unstir.datasets.emoji import compose
from unstir.datasets.emoji.layers import paint
from unstir.datasets.emoji.wearing import ACCESSORIES
from unstir.evaluation import Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import write
from unstir.recipes.masks import beyond, box
from unstir.runtimes.features import Space, features
from unstir.tasks.generate import generate
from unstir.tasks.inpaint import inpaint

SEED = 4
"""Of the scenes: not the model's 0, the judge's 1 and 2."""
SIDE, GRAY = 64, 128
HOLES = {"box": box, "half": beyond}


@dataclass(frozen=True)
class Case:
    """A rendering, what it shows, and its hole (H, W) bool."""

    number: int
    picture: np.ndarray
    caption: str
    hole: np.ndarray


def cases(kind: str, count: int) -> Iterator[Case]:
    """`count` held-out scenes with a hole of a kind each."""
    glyphs = emoji.load(cache_dir() / "emoji")
    for i in range(count):
        scene = emoji.scene(glyphs, i, seed=SEED, split="heldout")
        rng = np.random.Generator(np.random.Philox(key=(SEED, i)))
        yield Case(i, scene.image, scene.caption, HOLES[kind](rng, SIDE) > 0)


def repainted(case: Case, method: str, composite: bool = True, **options: object) -> np.ndarray:
    """By the task that users call; `composite` False: the model's own picture, nothing pasted."""
    with tempfile.TemporaryDirectory() as folder:
        picture, mask = Path(folder, "picture.png"), Path(folder, "mask.png")
        write(picture, case.picture)
        Image.fromarray(np.uint8(255 * case.hole)).save(mask)
        run = inpaint(str(picture), case.caption, mask=str(mask), method=method,
                      seed=case.number, **options)  # type: ignore[arg-type]  # fmt: skip
        run.job = replace(run.job, composite=composite)  # type: ignore[type-var]
        return run[0].pixels[..., :3]


def biharmonic(case: Case) -> np.ndarray:
    """The smooth surface of least bending (Damelin & Hoang 2018), by scikit-image."""
    from skimage.restoration import inpaint_biharmonic

    filled = inpaint_biharmonic(case.picture / 255.0, case.hole, channel_axis=-1)
    return np.clip(np.rint(255 * filled), 0, 255).astype(np.uint8)


def pasted(case: Case) -> np.ndarray:
    """Another picture by the same model, drawn without a prompt, set into the hole."""
    other = generate("", seed=case.number, size="native")[0].pixels
    return np.where(case.hole[..., None], other, case.picture)


def prompted(case: Case) -> np.ndarray:
    """The same with the prompt: it knows what to show, but not what is around."""
    other = generate(case.caption, seed=case.number, size="native")[0].pixels
    return np.where(case.hole[..., None], other, case.picture)


WAYS: dict[str, Callable[[Case], np.ndarray]] = {
    "seen": lambda case: repainted(case, "seen"),
    "held": lambda case: repainted(case, "held"),
    "held, 4 rounds": lambda case: repainted(case, "held", rounds=4),
    "biharmonic": biharmonic,
    "pasted": pasted,
    "pasted, same prompt": prompted,
}


def fill(count: int) -> None:
    """Each way's distance to the truth, and to how truth is distributed, within the hole."""
    space = features("efficientnet-lite0")
    for kind in HOLES:
        these = list(cases(kind, count))
        truth = hole_only(space, these, lambda case: case.picture)
        for name, way in WAYS.items():
            made = hole_only(space, these, way)
            apart = 1 - (unit(made) * unit(truth)).sum(1)
            half = 1.96 * apart.std() / np.sqrt(count)
            sets = Sets(made, truth)
            distance = find("evaluation", "frechet")(sets)[0]
            near = find("evaluation", "kernel")(sets)[0]
            print(f"{kind:5} {name:20} perceptual {apart.mean():.4f} +- {half:.4f}  "
                  f"Frechet {distance.value:.2f} ({distance.low:.2f} to {distance.high:.2f})  "
                  f"kernel {near.value:.4f}", flush=True)  # fmt: skip


def hole_only(space: Space, these: list[Case], way: Callable[[Case], np.ndarray]) -> np.ndarray:
    """Features of the pictures that a way makes, all gray but their holes."""
    pictures = (np.uint8(np.where(c.hole[..., None], way(c), GRAY)) for c in these)
    parts = extracted(space, pictures, None)
    return np.concatenate([part.values for part in parts]).astype(np.float64)


def unit(x: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def seams(count: int) -> None:
    """Mean gradient across the hole's border, as a multiple of the real pictures' there."""
    for kind in HOLES:
        these = list(cases(kind, count))
        real = np.mean([across(c.picture, c.hole) for c in these])
        for method in ("seen", "held"):
            for composite in (True, False):
                made = [repainted(c, method, composite) for c in these]
                ratios = [across(p, c.hole) for p, c in zip(made, these, strict=True)]
                how = "pasted" if composite else "as decoded"
                print(f"{kind:5} {method:5} {how:10} {np.mean(ratios) / real:.2f} x", flush=True)


def across(picture: np.ndarray, hole: np.ndarray) -> float:
    """Mean |difference| of neighbors on the two sides of the border, of 255."""
    x, steps = picture.astype(np.float64), []
    for axis in (0, 1):
        crossing = np.diff(hole.astype(np.int8), axis=axis) != 0
        steps.append(np.abs(np.diff(x, axis=axis)).mean(-1)[crossing])
    return float(np.concatenate(steps).mean())


def kept(count: int = 200) -> None:
    """The largest difference of a known pixel, over masks, for every sampler and method."""
    for method in ("seen", "held"):
        for sampler in names("samplers"):
            worst = 0
            for kind in HOLES:
                for case in cases(kind, count // len(HOLES)):
                    made = repainted(case, method, steps=2, sampler=sampler).astype(int)
                    known = np.abs(made - case.picture)[~case.hole]
                    worst = max(worst, int(known.max(initial=0)))
            print(f"{method:5} {sampler:12} {count} masks: {worst}", flush=True)


def hats(count: int) -> None:
    """The box of a hat is hidden, and the caption says which it was: does it come back?"""
    glyphs = emoji.load(cache_dir() / "emoji")
    judge, these = Judge(glyphs), list(hatted(glyphs, count))
    for method in ("real", "seen", "held"):
        made = [c.picture if method == "real" else repainted(c, method) for c, _ in these]
        said = judge(np.stack(made))
        found = [verdict(glyphs, parts, c.caption, logits)
                 for (c, parts), logits in zip(these, said, strict=True)]  # fmt: skip
        for question in ("subject", "worn"):
            print(f"{method:5} {question:8} {interval([v[question] for v in found])}")
        print(f"{method:5} all right {interval([all(v.values()) for v in found])}", flush=True)


def hatted(glyphs: emoji.Glyphs, count: int) -> Iterator[tuple[Case, dict[str, object]]]:
    """Scenes of someone in a hat, seen and held-out combinations in turn, the hat's box hidden."""
    number = 0
    for i in range(100 * count):
        split = ("train", "heldout")[i % 2]
        draft = compose.draft(glyphs, i, seed=SEED, split=split)
        if draft.parts["kind"] != "wearing" or not is_hat(draft.parts["other_id"]):
            continue
        scene = emoji.scene(glyphs, i, seed=SEED, split=split)
        _, alpha = paint(glyphs, draft.layers[1:], np.zeros((2 * SIDE, 2 * SIDE, 3), np.float32))
        rows, columns = (np.flatnonzero(alpha.any(axis)) for axis in (1, 0))
        hole = np.zeros((SIDE, SIDE), bool)
        hole[max(0, rows[0] - 2) : rows[-1] + 3, max(0, columns[0] - 2) : columns[-1] + 3] = True
        yield Case(number, scene.image, scene.caption, hole), scene.parts
        number += 1
        if number == count:
            return


def is_hat(thing: str) -> bool:
    """Whether a thing to wear sits where hats do."""
    return any(worn.id == thing and worn.fit.slot == "hat" for worn in ACCESSORIES)


def sheet(file: str) -> None:
    """Eight cases of each kind, a column each: with the hole, all ways, and the truth."""
    columns = []
    for kind in HOLES:
        for case in cases(kind, 8):
            shown = np.where(case.hole[..., None], GRAY, case.picture)
            columns.append([shown, *(way(case) for way in WAYS.values()), case.picture])
    whole = np.concatenate([np.concatenate(column, 0) for column in columns], 1)
    Image.fromarray(np.uint8(whole)).save(file)
    print("from top:", "the hole", *WAYS, "the truth", sep="\n  ")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill" | "seams" | "hats" as what, count]:
            {"fill": fill, "seams": seams, "hats": hats}[what](int(count))
        case ["kept"]:
            kept()
        case ["sheet", file]:
            sheet(file)
        case _:
            sys.exit("usage: python -m benchmarks.repaint fill|seams|hats N | kept | sheet FILE")
