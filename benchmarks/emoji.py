"""The figures of the shipped emoji model, from a command anyone can repeat.

    python benchmarks/emoji.py codec     PSNR of the autoencoder, held-out scenes and unseen glyphs
    python benchmarks/emoji.py sheet     64 uncurated pictures, seeds 0 to 63, and their key
    python benchmarks/emoji.py score     a reader's answers against the key
    python benchmarks/emoji.py outside   40 prompts outside the training captions, with pictures
    python benchmarks/emoji.py banner    the picture in the README

`codec` and `sheet` fetch the glyphs by npm into the cache folder the first time. The sheet is read
by somebody who has not seen the key; what is in each picture goes into
docs/evaluation/answers.json, number -> words.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from unstir.datasets import emoji
from unstir.datasets.emoji.prompts import contact_sheet
from unstir.folders import cache_dir
from unstir.modalities.images import from_model, resize, to_model
from unstir.runtimes.model import load
from unstir.tasks.generate import generate

DOCS = Path(__file__).parents[1] / "docs"
PLACE = DOCS / "evaluation"
SHUFFLE = 20261122
"""The order of the prompts on the sheet, fixed before the first sheet was made."""
BANNER = (
    "a cat wearing a hat", "a panda wearing a crown", "a rocket on a black background",
    "a fox wearing sunglasses", "a strawberry", "three stars on a purple background",
    "a ghost wearing a top hat on an orange background", "an octopus",
)  # fmt: skip
OUTSIDE = (
    """
kitten, automobile, a puppy in a crown, two strawberries, a feline, a canine wearing shades,
a bunny with a sombrero, a big cat, a small dog, a very happy octopus, an angry tomato, a jet,
a choo-choo train, a motor vehicle, a fruit, a vegetable, something to drink, a musical instrument,
a wild animal, a sea creature, winter, birthday, love, night, music, breakfast, the ocean,
a dragon breathing fire, a cat riding a bicycle, a dog reading a book, a penguin on the moon,
a castle made of ice cream, a blue strawberry, a green cat, seven stars, a lion and a mouse and
a bear, a car with no wheels, not a cat, photograph of a woman, asdfgh
""".replace("\n", " ")
    .strip()
    .split(", ")
)
"""Synonyms, kinds, moods, deeds, colors, numbers, nonsense; none was dropped for its look."""


def codec(count: int = 256) -> None:
    """PSNR in dB: the mean over pictures, of 8-bit reconstructions."""
    glyphs, model = emoji.load(cache_dir() / "emoji"), load("emoji")
    for split in ("heldout", "glyphs"):
        scenes = [emoji.scene(glyphs, i, split=split) for i in range(count)]
        x = np.stack([s.image for s in scenes])
        y = np.concatenate([from_model(model.decode(model.encode(to_model(x[i : i + 64]))))
                            for i in range(0, count, 64)])  # fmt: skip
        error = ((x.astype(float) - y) / 255) ** 2
        mask = np.stack([s.mask for s in scenes])[..., None]
        inside = (error * mask).sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3)))
        print(f"{split:8} {count} pictures: {_psnr(error.mean((1, 2, 3)))} dB, "
              f"inside the objects {_psnr(inside)} dB")  # fmt: skip


def _psnr(errors: np.ndarray) -> str:
    decibels = -10 * np.log10(errors)
    half = 1.96 * decibels.std(ddof=1) / math.sqrt(len(decibels))
    return f"{decibels.mean():.2f} +- {half:.2f}"


def sheet() -> None:
    """Write sheet.webp and key.json."""
    prompts = contact_sheet()
    order = np.random.default_rng(SHUFFLE).permutation(len(prompts))
    glyphs = emoji.load(cache_dir() / "emoji")
    pictures, key = [], {}
    for seed, row in enumerate(order):
        prompt = prompts[row]
        pictures.append(generate(prompt.text, seed=seed, size=256)[0].pixels)
        subject = prompt.parts["subject"]
        key[str(seed + 1)] = {"prompt": prompt.text, "seed": seed, **prompt.parts,
                              "accepted": accepted(glyphs, subject)}  # fmt: skip
    PLACE.mkdir(parents=True, exist_ok=True)
    labeled(pictures, [str(i + 1) for i in range(len(pictures))], 8).save(
        PLACE / "sheet.webp", quality=90
    )
    (PLACE / "key.json").write_text(json.dumps(key, indent=1) + "\n")
    print(f"{PLACE / 'sheet.webp'}; read it before key.json and write answers.json")


def outside() -> None:
    """Write outside.webp: what comes of prompts unlike the training captions, each at seed 0."""
    pictures = [generate(prompt, seed=0, size=256)[0].pixels for prompt in OUTSIDE]
    labeled(pictures, OUTSIDE, 8).save(PLACE / "outside.webp", quality=90)


def accepted(glyphs: emoji.Glyphs, subject: str) -> list[str]:
    """The words that name a subject rightly: the names its glyphs have in captions."""
    words = {subject}
    for glyph in glyphs.info:
        plain = [name.lstrip("~+") for name in glyph.names]
        if subject in plain:
            words.update(plain)
    return sorted(words)


def labeled(pictures: list[np.ndarray], labels: list[str], columns: int) -> Image.Image:
    """A sheet of pictures of one size, each under its label."""
    side, bar = pictures[0].shape[0], 22 * max(label.count("\n") + 1 for label in labels)
    rows = -(-len(pictures) // columns)
    out = Image.new("RGB", (columns * (side + 8), rows * (side + bar + 8)), "white")
    draw = ImageDraw.Draw(out)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = i % columns * (side + 8) + 4, i // columns * (side + bar + 8) + 4
        draw.text((x, y), label, fill="black", font_size=18)
        out.paste(Image.fromarray(picture), (x, y + bar))
    return out


def score() -> None:
    """How many subjects the reader named rightly, by whole words of the accepted names."""
    key = json.loads((PLACE / "key.json").read_text())
    answers = json.loads((PLACE / "answers.json").read_text())
    hits = {n: right(answers.get(n, ""), entry) for n, entry in key.items()}
    kinds = {n: "single" if e["kind"] == "single" else "composition" for n, e in key.items()}
    for kind in ("single", "composition"):
        mine = [hits[n] for n in key if kinds[n] == kind]
        print(f"{kind:12} subject right {sum(mine)} of {len(mine)}")
    print(f"{'all':12} subject right {sum(hits.values())} of {len(hits)}"
          f" = {100 * sum(hits.values()) / len(hits):.0f} %")  # fmt: skip
    for n in key:
        if not hits[n]:
            print(f"  {n}: asked {key[n]['prompt']!r}, read {answers.get(n, '')!r}")


def right(answer: str, entry: dict[str, Any]) -> bool:
    """Whether the answer has one of the accepted names, in singular or plural."""
    said = answer.lower()
    return any(re.search(rf"\b{re.escape(w.lower())}(s|es)?\b", said) for w in entry["accepted"])


def banner() -> None:
    """Eight prompts at seed 0, not chosen from several."""
    pictures = [generate(prompt, seed=0, size=256)[0].pixels for prompt in BANNER]
    rows = [np.concatenate([resize(p, 192, 192) for p in pictures[i : i + 4]], 1) for i in (0, 4)]
    (DOCS / "images").mkdir(exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(DOCS / "images" / "emoji.png", optimize=True)


if __name__ == "__main__":
    commands = {f.__name__: f for f in (codec, sheet, score, outside, banner)}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python benchmarks/emoji.py {'|'.join(commands)}")
    commands[sys.argv[1]]()
