"""Figures: how good the judge is, and what it says of the shipped model.

    python -m benchmarks.judge.score check          on renderings it never saw
    python -m benchmarks.judge.score model [N]      on N pictures of seen and of held-out prompts
    python -m benchmarks.judge.score model [N [MODEL [STEPS [RUNTIME [SAMPLER [SEED]]]]]]

SEED is that of the prompts: 2, by which steps and students were chosen too, or one that nothing
was chosen by. Every prompt is drawn once, its seed is its number; none is chosen or left out.
Prompts and answers: see `questions`. Retrieval: the prompt that the judge finds likeliest among
100.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.judge.questions import ASKED, UNASKED, answers, sizes, split_logits, verdict
from unstir.datasets import emoji
from unstir.evaluation import share
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, to_model
from unstir.runtimes.model import Runtime, load
from unstir.runtimes.onnx import open_session
from unstir.tasks.generate import generate
from unstir.threads import default_threads

HERE = Path(__file__).parent
FRESH = 2
"""Seed of the renderings and prompts of the figures; the judge saw 1, the model 0."""
AMONG = 100
"""Prompts that a picture is looked for in."""
Case = tuple[dict[str, Any], str]
Logits = Sequence[dict[str, np.ndarray]]


class Judge:
    """The trained judge: pictures uint8 (N, 64, 64, 3) -> logits of every question."""

    def __init__(self, glyphs: emoji.Glyphs) -> None:
        self.counts = json.loads((HERE / "judge.json").read_text())["questions"]
        if self.counts != sizes(glyphs):
            raise SystemExit("the judge was trained on other glyphs; train it again")
        self.session = open_session(HERE / "judge.onnx", default_threads())

    def __call__(self, pictures: np.ndarray) -> Logits:
        x = to_model(pictures)
        parts = [self.session.run(None, {"x": x[i : i + 64]})[0] for i in range(0, len(x), 64)]
        return split_logits(np.concatenate(parts), self.counts)


def check(n: int = 2000) -> None:
    """The judge's own accuracy on new real renderings of seen and of held-out combinations; and
    on the same after the model's autoencoder, which is the most that the model could reach."""
    glyphs, codec = emoji.load(cache_dir() / "emoji"), load("emoji")
    judge = Judge(glyphs)
    for split in ("train", "heldout"):
        scenes = [emoji.scene(glyphs, i, seed=FRESH, split=split) for i in range(n)]
        cases = [(scene.parts, scene.caption) for scene in scenes]
        pictures = np.stack([s.image for s in scenes])
        report(f"renderings, {split}", glyphs, cases, judge(pictures))
        parts = [pictures[i : i + 64] for i in range(0, n, 64)]
        coded = [from_model(codec.decode(codec.encode(to_model(part)))) for part in parts]
        report(f"autoencoder, {split}", glyphs, cases, judge(np.concatenate(coded)))


def model(
    n: int = 500,
    which: str = "emoji",
    steps: int | None = None,
    runtime: Runtime = "onnx",
    sampler: str | None = None,
    prompted: int = FRESH,
) -> None:
    """A model: prompts of seen and held-out combinations, and common single things."""
    glyphs = emoji.load(cache_dir() / "emoji")
    judge = Judge(glyphs)
    for name, cases in prompts(glyphs, n, prompted):
        how: Any = {"model": which, "steps": steps, "runtime": runtime, "sampler": sampler}
        pictures = [
            generate(caption, seed=seed, size="native", **how)[0].pixels
            for seed, (_, caption) in enumerate(cases)
        ]
        logits = judge(np.stack(pictures))
        report(name, glyphs, cases, logits)
        if len(cases) >= AMONG:
            print(f"{name:24} {f'R@1 of {AMONG}':12} {interval(retrieval(glyphs, cases, logits))}")


def prompts(
    glyphs: emoji.Glyphs, n: int, prompted: int = FRESH
) -> Iterator[tuple[str, list[Case]]]:
    """(name, cases): single things; combinations that training shows; held-out ones."""
    scenes = (emoji.scene(glyphs, i, seed=prompted, size=16) for i in range(20 * n))
    seen = [(s.parts, s.caption) for s in scenes if s.parts["kind"] != "single"][:n]
    yield "seen combinations", seen
    held = (emoji.scene(glyphs, i, seed=prompted, size=16, split="heldout") for i in range(n))
    yield "held-out combinations", [(s.parts, s.caption) for s in held]
    singles = emoji.single_prompts(glyphs, n, seed=prompted)
    yield "single common things", [(p.parts, p.text) for p in singles]


def report(name: str, glyphs: emoji.Glyphs, cases: Sequence[Case], logits: Logits) -> None:
    """One line for each question that was asked, and one for all of them together."""
    found = [verdict(glyphs, *case, given) for case, given in zip(cases, logits, strict=True)]
    for question in ASKED:
        hits = [v[question] for v in found if question in v]
        if hits:
            print(f"{name:24} {question:12} {interval(hits)}")
    rest = [all(right for q, right in v.items() if q != "subject") for v in found]
    print(f"{name:24} {'attributes':12} {interval(rest)}")
    print(f"{name:24} {'all right':12} {interval([all(v.values()) for v in found])}")


def retrieval(
    glyphs: emoji.Glyphs, cases: Sequence[Case], logits: Logits, among: int = AMONG
) -> list[bool]:
    """Whether each picture's own prompt is the likeliest of its hundred, by the judge; pictures
    that make no whole hundred are not asked."""
    out = []
    for start in range(0, len(cases) - among + 1, among):
        rows = range(start, start + among)
        scores = np.array(
            [[likelihood(glyphs, cases[p][0], logits[i]) for p in rows] for i in rows]
        )
        out += (scores.argmax(1) == np.arange(among)).tolist()
    return out


def likelihood(
    glyphs: emoji.Glyphs, parts: dict[str, Any], logits: dict[str, np.ndarray]
) -> float:
    """log p of a prompt's answers; a background nobody named is not asked."""
    right, total = answers(glyphs, parts), 0.0
    for question, answer in right.items():
        if answer == UNASKED or (question == "background" and not parts.get("background_named")):
            continue
        row = logits[question] - logits[question].max()
        total += float(row[answer] - np.log(np.exp(row).sum()))
    return total


def interval(hits: Sequence[bool]) -> str:
    """Share with its 95 % interval and the number of cases."""
    score = share("", hits)
    value, low, high = (100 * part for part in (score.value, score.low, score.high))
    return f"{value:5.1f} %  ({low:.1f} to {high:.1f}, n = {score.n})"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check", *count]:
            check(*map(int, count))
        case ["model", *asked] if len(asked) <= 6:
            model(*(int(value) if at in (0, 2, 5) else value for at, value in enumerate(asked)))
        case _:
            sys.exit(
                "usage: python -m benchmarks.judge.score check [N] | "
                "model [N [MODEL [STEPS [RUNTIME [SAMPLER [SEED]]]]]]"
            )
