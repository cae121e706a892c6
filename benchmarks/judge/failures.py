"""The pictures of the shipped model that the judge finds wrong, as they come.

    python -m benchmarks.judge.failures [N]      # writes docs/evaluation/failures.webp

The first N (24) of seen combinations in the order of their numbers, none left out, each with its
prompt and what is wrong by the judge.
"""

from __future__ import annotations

import sys
from textwrap import fill

from benchmarks.emoji import PLACE, labeled
from benchmarks.judge.questions import verdict
from benchmarks.judge.score import Judge, prompts
from unstir.datasets import emoji
from unstir.folders import cache_dir
from unstir.tasks.generate import generate

AMONG, WIDE = 1_000, 26


def main(count: int = 24) -> None:
    """Draw until so many are wrong."""
    glyphs = emoji.load(cache_dir() / "emoji")
    judge, (_, cases) = Judge(glyphs), next(prompts(glyphs, AMONG))
    pictures, labels = [], []
    for seed, (parts, caption) in enumerate(cases):
        picture = generate(caption, seed=seed, size="native")[0].pixels
        found = verdict(glyphs, parts, caption, judge(picture[None])[0])
        wrong = [question for question, right in found.items() if not right]
        if wrong:
            pictures.append(generate(caption, seed=seed, size=256)[0].pixels)
            labels.append(f"{fill(caption, WIDE)}\n({', '.join(wrong)})")
        if len(pictures) == count:
            print(f"{count} of the first {seed + 1} pictures are wrong by the judge")
            break
    labeled(pictures, labels, 6).save(PLACE / "failures.webp", quality=90)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
