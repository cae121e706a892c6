"""How good pictures are, beside what they cost: an exam for every row of benchmarks/speed.py.

    exam = of_emoji(1000, 400)
    exam.passed(draw, model)

The distances of N pictures for held-out captions to 2,000 held-out scenes in the features of
EfficientNet-Lite0 (the Frechet distance is biased by so few, alike for all); and the share of
prompts, of combinations that training shows and of held-out ones, whose pictures are all right,
by the judge (benchmarks/judge). All with their 95 % intervals; captions, seeds and prompts are
the same for every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.draws import Draw, told
from unstir.core.find import find
from unstir.evaluation import Score, Sets, extracted
from unstir.folders import cache_dir
from unstir.modalities.images import from_model
from unstir.runtimes.features import features
from unstir.runtimes.model import Model
from unstir.tasks.gallery import GROUP, Item, opened

REAL = 2_000
SEED = 1_000_000
"""Apart from the seeds of every figure that is published by itself."""
Features = Callable[[Iterable[np.ndarray]], np.ndarray]
"""Pictures to rows."""


@dataclass(frozen=True)
class Exam:
    """What is asked of a row.

    Args:
        captions: of the pictures that are compared with real ones.
        features: of pictures (H, W, 3).
        real: features of real ones.
        prompts: by title, what the judge asks for.
        right: a title's pictures, and whether each is what was asked for.
    """

    captions: Sequence[str]
    features: Features
    real: np.ndarray
    prompts: Mapping[str, Sequence[str]]
    right: Callable[[str, np.ndarray], Score]

    @property
    def size(self) -> list[int]:
        """How many pictures it takes, for the distances and for each title."""
        return [len(self.captions), *map(len, self.prompts.values())]

    def passed(self, draw: Draw, model: Model) -> dict[str, list[float]]:
        """By the name of a figure: its value, and the ends of its interval."""
        made = self.features(drawn(draw, model, self.captions, SEED))
        found = {
            f"{name} distance": [score.value, score.low, score.high]
            for name, score in distances(made, self.real).items()
        }
        for title, prompts in self.prompts.items():
            score = self.right(title, drawn(draw, model, prompts, 0))
            found[f"{title}: right, %"] = [100 * x for x in (score.value, score.low, score.high)]
        return found


def drawn(draw: Draw, model: Model, prompts: Sequence[str], seed: int) -> np.ndarray:
    """A picture (H, W, 3) for each prompt, of the seeds from this one on."""
    parts = []
    for first in range(0, len(prompts), GROUP):
        some = prompts[first : first + GROUP]
        seeds = range(seed + first, seed + first + len(some))
        parts.append(from_model(draw(told(model, some), seeds)))
    return np.concatenate(parts)


def distances(made: np.ndarray, real: np.ndarray) -> dict[str, Score]:
    """The Frechet and the kernel distance of features."""
    sets = Sets(made, real)
    return {name: find("evaluation", name)(sets)[0] for name in ("frechet", "kernel")}


def rows_of(pictures: Iterable[np.ndarray], keep: bool = False) -> np.ndarray:
    """Their features; `keep`: for the next time."""
    space, known = features("efficientnet-lite0"), cache_dir() / "features"
    parts = extracted(space, pictures, known if keep else None)
    return np.concatenate([part.values for part in parts])


def held_out() -> tuple[np.ndarray, list[str]]:
    """The features of real scenes, and their captions."""
    items = [item for item in opened("emoji", most=REAL).items() if isinstance(item, Item)]
    return rows_of((item.pixels for item in items), keep=True), [item.caption for item in items]


def of_emoji(count: int, asked: int) -> Exam:
    """The exam of the emoji model, of so many pictures and prompts."""
    from benchmarks.judge.questions import verdict
    from benchmarks.judge.score import Judge, prompts
    from unstir.datasets import emoji
    from unstir.evaluation import share

    glyphs = emoji.load(cache_dir() / "emoji")
    judge, (real, captions) = Judge(glyphs), held_out()
    cases = {name: some for name, some in prompts(glyphs, asked) if "combinations" in name}

    def right(title: str, pictures: np.ndarray) -> Score:
        pairs = zip(cases[title], judge(pictures), strict=True)
        hits = [all(verdict(glyphs, *case, given).values()) for case, given in pairs]
        return share(title, hits)

    texts = {title: [caption for _, caption in some] for title, some in cases.items()}
    asked_for = [captions[i % len(captions)] for i in range(count)]
    return Exam(asked_for, rows_of, real, texts, right)
