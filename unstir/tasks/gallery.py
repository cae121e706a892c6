"""Sets of pictures by number: a folder, a data set that is composed here, or what a model draws.

    gallery = opened("pictures/", most=5000)        # or "emoji", "digits"
    for item in gallery.items(): item.pixels, item.caption, item.group, item.name

Pictures are read, composed or drawn when they are asked for, and none is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from unstir.conditions.tokens import Tokens
from unstir.core.find import named
from unstir.core.noise import gaussian, seeds
from unstir.datasets import digits, emoji
from unstir.folders import cache_dir
from unstir.modalities import image_folder
from unstir.modalities.images import BadPicture, from_model, read
from unstir.recipes.digits import Digits
from unstir.recipes.emoji import SCENES
from unstir.runtimes.model import Model
from unstir.tasks.process import Process
from unstir.tasks.request import BadRequest
from unstir.tasks.subject import understood

GROUP = 16
"""Pictures a model draws together."""
NAMED = 3
"""Files left out that a person is told of by name."""
SPLITS = (*image_folder.HELD, "train")


@dataclass(frozen=True)
class Item:
    """One picture: its caption or label, if any, the group it counts to, its name, and what was
    lost of the prompt it was drawn from."""

    pixels: np.ndarray  # (H, W, 3) uint8
    caption: str
    group: str
    name: str
    notes: tuple[str, ...] = ()


class Gallery(Protocol):
    """Pictures by number."""

    @property
    def name(self) -> str: ...

    @property
    def captioned(self) -> bool:
        """Whether any picture has a caption or a label."""
        ...

    @property
    def unused(self) -> Sequence[str]:
        """Files that are no pictures for it, with the reasons."""
        ...

    @property
    def total(self) -> int | None:
        """How many there are to take from; None where there is no end of them."""
        ...

    def __len__(self) -> int: ...

    def item(self, index: int, /) -> Item:
        """One picture; BadPicture where a file is damaged."""
        ...

    def items(self) -> Iterator[Item | str]:
        """All, in order; for a damaged file its name and the reason."""
        ...


@dataclass(frozen=True)
class Composed:
    """A data set: picture i is a pure function of i."""

    name: str
    count: int
    item: Callable[[int], Item]
    total: int | None = None
    captioned: bool = True
    unused: Sequence[str] = ()

    def __len__(self) -> int:
        return self.count

    def items(self) -> Iterator[Item | str]:
        return map(self.item, range(self.count))


@dataclass(frozen=True)
class Files:
    """Pictures of a folder."""

    folder: image_folder.Folder
    chosen: Sequence[int]
    classes: bool  # whether there are several, whose names are as good as captions

    @property
    def name(self) -> str:
        return str(self.folder.root)

    @property
    def captioned(self) -> bool:
        return self.classes or any(item.caption for item in self.folder.items)

    @property
    def unused(self) -> Sequence[str]:
        skipped = (s for s in self.folder.skipped if s.why != image_folder.HELD_OUT)
        return [self.folder.line(s) for s in skipped]

    @property
    def total(self) -> int | None:
        return len(self.folder.items)

    def __len__(self) -> int:
        return len(self.chosen)

    def item(self, index: int, /) -> Item:
        found = self.folder.items[self.chosen[index]]
        caption = found.caption or (found.label if self.classes else "")
        name = found.path.relative_to(self.folder.root).as_posix()
        return Item(read(found.path), caption, found.label or found.caption, name)

    def items(self) -> Iterator[Item | str]:
        for index, which in enumerate(self.chosen):
            try:
                yield self.item(index)
            except (BadPicture, OSError) as error:
                path = self.folder.items[which].path
                yield self.folder.line(image_folder.unusable(path, error))


@dataclass(frozen=True)
class Drawn:
    """What a model draws: picture i of prompt i, with the seed `seed` + i, at its own size."""

    model: Model
    way: Process
    prompts: Sequence[tuple[str | None, str]]  # and the group of each
    seed: int
    unused: Sequence[str] = ()
    total: int | None = None

    @property
    def name(self) -> str:
        return self.model.manifest.name

    @property
    def captioned(self) -> bool:
        return self.model.manifest.condition is not None

    def __len__(self) -> int:
        return len(self.prompts)

    def item(self, index: int, /) -> Item:
        return next(self._group(range(index, index + 1)))

    def items(self) -> Iterator[Item | str]:
        for first in range(0, len(self), GROUP):
            yield from self._group(range(first, min(first + GROUP, len(self))))

    def _group(self, which: range) -> Iterator[Item]:
        subjects = [understood(self.model, self.prompts[i][0], "") for i in which]
        pos, neg = (_together([getattr(s, side) for s in subjects]) for side in ("pos", "neg"))
        noise = gaussian(seeds(self.seed + which[0], len(which)), self.model.manifest.shape)
        x = self.way.path[0].sigma * noise(-1)
        denoise = self.way.denoiser(self.model, pos, neg)
        for step in self.way.sampler(denoise, x, self.way.path, noise=noise):
            x = step.x
        drawn = zip(which, subjects, from_model(self.model.decode(x)), strict=True)
        for i, subject, pixels in drawn:
            prompt, group = self.prompts[i]
            name = f"seed {self.seed + i}" + ("" if prompt is None else f" {prompt!r}")
            yield Item(pixels, prompt or "", group, name, subject.notes)


def _together(rows: list[Tokens | None]) -> Tokens | None:
    given = [row for row in rows if row is not None]
    if not given:
        return None
    return Tokens(
        np.concatenate([t.states for t in given]), np.concatenate([t.mask for t in given])
    )


def opened(
    what: str, *, most: int, split: str | None = None, size: int = 64, seed: int = 0
) -> Gallery:
    """The pictures of a data set's name or of a folder, `most` of them at most; of a folder they
    come in an order drawn by lot, so that the first of them are of all its classes."""
    path = Path(os.path.expanduser(what))
    if what in SETS:
        return SETS[what](split or "heldout", most, size)
    if not path.is_dir() and (path.exists() or os.sep in what or what.startswith((".", "~"))):
        raise image_folder.BadFolder(
            f"{what} is {'a file' if path.exists() else 'not there'}; give a folder of pictures, "
            f"or a data set: {', '.join(SETS)}"
        )
    if not path.is_dir():
        named(SETS, what, "data sets and folders")
    return _files(image_folder.scan(path, _split(path, split), classes=1), most, seed)


def whole_folder(what: str, *, most: int, seed: int = 0) -> Gallery:
    """The pictures of a folder as it is: parts that are held out are as good as any."""
    folder = image_folder.scan(os.path.expanduser(what), split=None, classes=1)
    return _files(folder, most, seed)


def _files(folder: image_folder.Folder, most: int, seed: int) -> Files:
    order = np.random.default_rng(seed).permutation(len(folder.items))[:most]
    classes = len({item.label for item in folder.items}) > 1
    return Files(folder, [int(i) for i in order], classes)


def first_of(unused: Sequence[str]) -> str:
    """The first files left out, with the reasons."""
    more = len(unused) - NAMED
    return "; ".join(unused[:NAMED]) + (f"; and {more:,} more" if more > 0 else "")


def _split(path: Path, asked: str | None) -> str:
    """The part of a folder that has parts: what was asked for, else the first that is held out."""
    if asked is not None:
        return asked
    return next((name for name in SPLITS if (path / name).is_dir()), "train")


def _emoji(split: str, count: int, size: int) -> Gallery:
    if split not in ("train", "heldout", "glyphs"):
        raise BadRequest(f"split is {split!r}; emoji has train, heldout and glyphs")
    glyphs = emoji.load(cache_dir() / "emoji")
    shares = emoji.SHARES if split == "train" else None  # as the recipe has them

    def item(index: int) -> Item:
        scene = emoji.scene(glyphs, index, size=size, split=split, shares=shares)
        return Item(scene.image, scene.caption, scene.parts["kind"], f"emoji {split} {index}")

    return Composed(f"emoji {split}", count, item, SCENES if split == "train" else None)


def _digits(split: str, count: int, size: int) -> Gallery:
    if split not in ("train", "heldout"):
        raise BadRequest(f"split is {split!r}; digits has train and heldout")
    seed = {"train": 0, "heldout": 1}[split]

    def item(index: int) -> Item:
        gray, label = digits.digit(index, seed=seed)
        pixels = np.repeat((255 * gray).round().astype(np.uint8)[..., None], 3, 2)
        return Item(pixels, str(label), str(label), f"digits {split} {index}")

    return Composed(f"digits {split}", count, item, len(Digits()) if split == "train" else None)


SETS = {"emoji": _emoji, "digits": _digits}


def prompts_of(
    model: Model, captions: Sequence[tuple[str, str]], n: int
) -> list[tuple[str | None, str]]:
    """`n` prompts with their groups, from captions with theirs, again and again."""
    if model.manifest.condition is None:
        return [(None, "")] * n
    given = [pair for pair in captions if pair[0].strip()]
    if not given:
        raise BadRequest("no picture with a caption could be read; give prompts: --prompts FILE")
    return [given[i % len(given)] for i in range(n)]


def read_prompts(file: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """A prompt on each line of a text file, each a group of its own."""
    if not isinstance(file, (str, os.PathLike)):
        raise BadRequest(f"prompts is {file!r}; give a text file with a prompt on each line")
    try:
        lines = Path(os.path.expanduser(file)).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadRequest(f"{file} is not UTF-8 text ({error.reason})") from None
    found = [" ".join(line.split()) for line in lines if line.strip()]
    if not found:
        raise BadRequest(f"{file} holds no prompt; write one on each line")
    return [(line, line) for line in found]
