"""The work of `evaluate`: pictures to features, features to figures, figures to a report.

for event in compare(Plan(...)): ...            # Progress, at last the Report
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.find import find
from unstir.evaluation import Group, Score, Sets, TooFew, by_group, extracted
from unstir.runtimes.features import Space
from unstir.tasks.gallery import Gallery, Item, first_of
from unstir.tasks.recipe import versions
from unstir.tasks.request import BadRequest

SCHEMA = 1
UNUSED = 20
"""Files that the report names with the reason why they were left out, at most."""
APART = 1.2
"""Times by which sides may differ before it is told of."""
LONG = 2
"""Times a picture may be longer than wide: beyond it, less than half is in the middle square."""
NOTICED = 0.1
"""The share of pictures of another size or form that is told of: precision, recall and coverage
can be off by as much."""
Caption = tuple[str, str]
"""A caption and the group it counts to."""


@dataclass(frozen=True)
class Progress:
    """`done` of `total` in a stage; `text` at its end, for a person."""

    stage: str
    done: int
    total: int
    text: str = ""


@dataclass(frozen=True)
class Side:
    """One set of pictures and its features; rows of the lists are rows of `values`."""

    about: Mapping[str, Any]
    values: np.ndarray
    items: Sequence[tuple[int, str, str, str]]  # number in the gallery, caption, group, name
    gallery: Gallery = field(repr=False)
    shapes: np.ndarray  # (N, 2) height and width
    notes: Sequence[str]

    @property
    def captions(self) -> list[Caption]:
        """Captions with their groups."""
        return [(caption, group) for _, caption, group, _ in self.items]

    @property
    def groups(self) -> list[str]:
        """The group of each row."""
        return [group for _, _, group, _ in self.items]


@dataclass(frozen=True)
class Plan:
    """What to compare, and how.

    Args:
        space: the features.
        reference: real pictures.
        generated: made from the reference's captions, which are known once it was looked at.
        training: what a model was trained on, for the copy check.
        metrics: names of files of unstir/evaluation.
        grouped, floor: also by group; also one half of the reference with the other.
        seed: of the intervals and the halves.
        cache: folder of features.
        settings: what was asked for, for the report.
        notes: what was told of the request already, for the same.
    """

    space: Space
    reference: Gallery
    generated: Callable[[list[Caption]], Gallery]
    training: Gallery | None
    metrics: Sequence[str]
    grouped: bool
    floor: bool
    seed: int
    cache: Path | None
    settings: Mapping[str, Any]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """All figures, and what they were measured on."""

    plan: Plan
    sides: Mapping[str, Side]  # generated, reference, and training where there is one
    scores: tuple[Score, ...]
    floor: tuple[Score, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    def title(self, name: str) -> str:
        """What a score is called: FID only in the features of the network of FID."""
        return name.replace("frechet", "FID") if self.plan.space.fid else name

    def pairs(self) -> list[tuple[float, Item, Item]]:
        """The nearest pairs of the copy check: (distance, generated, training), the pictures
        made or read again."""
        found = next((s.details["pairs"] for s in self.scores if s.name == "copies"), [])
        return [
            (p["distance"], self._item("generated", p["generated"]),
             self._item("training", p["training"])) for p in found
        ]  # fmt: skip

    def _item(self, side: str, row: int) -> Item:
        return self.sides[side].gallery.item(self.sides[side].items[row][0])

    def to_json(self) -> dict[str, Any]:
        """Everything, for a machine."""
        space = self.plan.space
        return {
            "schema": SCHEMA,
            **{name: dict(side.about) for name, side in self.sides.items()},
            "features": {
                "name": space.name, "sha256": space.sha256, "size": list(space.size),
                "resize": space.resize,
            },
            "scores": [self._row(score) for score in self.scores],
            "real_floor": [self._row(score) for score in self.floor],
            "groups": [{"name": g.name, "n": g.n, "m": g.m, "problem": g.problem,
                        "scores": [self._row(s) for s in g.scores]} for g in self.groups],
            "nearest_pairs": self._named_pairs(),
            "notes": list(self.notes),
            "settings": dict(self.plan.settings),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "versions": versions(),
        }  # fmt: skip

    def _named_pairs(self) -> list[dict[str, Any]]:
        found = next((s.details["pairs"] for s in self.scores if s.name == "copies"), [])
        return [{k: self.sides[k].items[v][3] if k in self.sides else v for k, v in pair.items()}
                for pair in found]  # fmt: skip

    def _row(self, score: Score) -> dict[str, Any]:
        details = {k: v for k, v in score.details.items() if k != "pairs"}
        row = {"title": self.title(score.name), "confidence": 0.95, "details": details}
        return asdict(score) | row


def compare(plan: Plan) -> Iterator[Progress | Report]:
    """Do it, telling of the stages; the last event is the report."""
    clock: dict[str, float] = {}
    reference = yield from _timed(clock, "reference", _side(plan, "reference", plan.reference))
    gallery = plan.generated(reference.captions)
    generated = yield from _timed(clock, "generated", _side(plan, "generated", gallery))
    sides = {"generated": generated, "reference": reference}
    if plan.training is not None:
        stage = _side(plan, "training", plan.training)
        sides["training"] = yield from _timed(clock, "training", stage)
    notes = [*plan.notes, *(note for side in sides.values() for note in side.notes)]
    notes += _sizes(generated, reference)
    learned = sides["training"].values if "training" in sides else None
    sets = Sets(generated.values, reference.values, learned)
    scores = yield from _timed(clock, "metrics", _scores(plan, sets, "metrics", notes))
    floor: tuple[Score, ...] = ()
    if plan.floor:
        stage = _scores(plan, _halved(sets, plan.seed), "real against real", notes)
        floor = yield from _timed(clock, "real against real", stage)
    groups: tuple[Group, ...] = ()
    if plan.grouped:
        can = [name for name in plan.metrics if name != "copies" or learned is not None]
        metrics = [find("evaluation", name) for name in can]
        ours, theirs = generated.groups, reference.groups
        groups = tuple(by_group(metrics, sets, ours, theirs, seed=plan.seed))
    yield Report(plan, sides, scores, floor, groups, tuple(notes), clock)


def _sizes(generated: Side, reference: Side) -> Iterator[str]:
    """A note where pictures of one side are larger: their features differ by that alone."""
    ours, theirs = generated.shapes.min(1), reference.shapes.min(1)
    larger, smaller = _above(ours, theirs), _above(theirs, ours)
    if max(larger, smaller) >= NOTICED:
        which = "generated" if larger > smaller else "real"
        yield (
            f"generated pictures have {_span(ours)} pixels on a side, real ones {_span(theirs)}, "
            f"and {100 * max(larger, smaller):.0f} % of the {which} ones are larger than the "
            "others: much of the distance may be that; bring both to one size (generate has "
            "--size native)"
        )


def _above(sizes: np.ndarray, others: np.ndarray) -> float:
    """The share that finds no partner of its size among the others, all being given away in the
    best way, and is larger: max over t of P(size > APART t) - P(other > t) (Strassen 1965)."""
    at = np.sort(others)
    more = (len(sizes) - np.searchsorted(np.sort(sizes), APART * at, "right")) / len(sizes)
    left = (len(at) - np.searchsorted(at, at, "right")) / len(at)
    return float(np.max(more - left))


def _span(sizes: np.ndarray) -> str:
    least, most = sizes.min(), sizes.max()
    return f"{least}" if least == most else f"{least} to {most}"


def _timed(
    clock: dict[str, float], stage: str, work: Generator[Progress, None, Any]
) -> Generator[Progress, None, Any]:
    begin = time.perf_counter()
    result = yield from work
    clock[stage] = time.perf_counter() - begin
    return result


def _side(plan: Plan, stage: str, gallery: Gallery) -> Generator[Progress, None, Side]:
    """Features of a gallery, and who is who in it."""
    items: list[tuple[int, str, str, str]] = []
    damaged: list[str] = []
    lost: list[tuple[str, str]] = []
    hashed, shapes = hashlib.sha256(), []

    def pictures() -> Iterator[np.ndarray]:
        for number, item in enumerate(gallery.items()):
            if isinstance(item, str):
                damaged.append(item)
                continue
            items.append((number, item.caption, item.group, item.name))
            lost.extend((item.caption, note) for note in item.notes)
            shapes.append(item.pixels.shape[:2])
            hashed.update(repr(item.pixels.shape).encode() + item.pixels.tobytes())
            yield item.pixels

    values: list[np.ndarray] = []
    new, seconds = 0, 0.0
    for part in extracted(plan.space, pictures(), plan.cache):
        values.append(part.values)
        new, seconds = new + (0 if part.cached else len(part.values)), seconds + part.seconds
        yield Progress(stage, sum(map(len, values)), len(gallery))
    unused = [*damaged, *gallery.unused]
    if not values:
        raise BadRequest(f"{gallery.name} gives no picture that can be read: {first_of(unused)}")
    about = {
        "name": gallery.name, "pictures": len(items), "total": gallery.total,
        "side": float(np.median(np.min(shapes, 1))), "left_out": len(unused),
        "unused": unused[:UNUSED], "pixels_sha256": hashed.hexdigest(), "extracted": new,
        "pictures_per_second": round(new / seconds, 2) if new else None,
    }  # fmt: skip
    count = f"{len(items):,} of {gallery.total:,}" if _cut(gallery) else f"{len(items):,}"
    text = f"{stage}: {count} pictures of {gallery.name}; {_rate(new, seconds)}"
    text += f"; {len(unused)} files left out" if unused else ""
    yield Progress(stage, len(items), len(items), text)
    notes = [*_left_out(stage, unused), *_unseen(stage, gallery), *_long(stage, np.array(shapes))]
    notes += _lost(lost, len({caption for _, caption, *_ in items}))
    return Side(about, np.concatenate(values), items, gallery, np.array(shapes), notes)


def _cut(gallery: Gallery) -> int:
    """How many pictures there are beyond those that are taken."""
    return max(0, (gallery.total or 0) - len(gallery))


def _left_out(stage: str, unused: Sequence[str]) -> Iterator[str]:
    if unused:
        yield f"{stage}: {len(unused):,} files left out: {first_of(unused)}"


def _unseen(stage: str, gallery: Gallery) -> Iterator[str]:
    if stage == "training" and (others := _cut(gallery)):
        yield f"copies of the other {others:,} training pictures are not found; --most takes more"


def _long(stage: str, shapes: np.ndarray) -> Iterator[str]:
    """A note where of many pictures less than half is looked at."""
    count = int((shapes.max(1) > LONG * shapes.min(1)).sum())
    if count >= NOTICED * len(shapes):
        yield (
            f"{stage}: {count:,} of {len(shapes):,} pictures are more than twice as long as wide, "
            "and only the middle square of a picture counts"
        )


def _lost(lost: Sequence[tuple[str, str]], prompts: int) -> Iterator[str]:
    """What was lost of prompts, (prompt, note), each kind of note once: its first four words,
    without numbers, are the same for all prompts."""
    kinds: dict[str, dict[str, str]] = {}
    for prompt, note in lost:
        kind = " ".join(re.sub(r"[\d,]+", "", note).split()[:4])
        kinds.setdefault(kind, {}).setdefault(prompt, note)
    for found in kinds.values():
        prompt, note = next(iter(found.items()))
        yield f"{len(found):,} of {prompts:,} prompts, the first {prompt[:60]!r}: {note}"


def _rate(new: int, seconds: float) -> str:
    if not new:
        return "all features from the cache"
    return f"features of {new:,} at {new / seconds:.0f} pictures/s"


def _scores(
    plan: Plan, sets: Sets, stage: str, notes: list[str]
) -> Generator[Progress, None, tuple[Score, ...]]:
    """All metrics that can be had; the notes say which cannot. None at all is an error."""
    scores: list[Score] = []
    reasons: list[str] = []
    wanted = [name for name in plan.metrics if name != "copies" or sets.training is not None]
    for number, name in enumerate(wanted):
        yield Progress(stage, number, len(wanted), "")
        try:
            scores += find("evaluation", name)(sets, seed=plan.seed)
        except TooFew as error:
            reasons.append(f"{stage}: {error}")
    if not scores and stage == "metrics":
        raise TooFew("; ".join(reasons).replace(f"{stage}: ", ""))
    notes += reasons
    between = ("generated", "real") if stage == "metrics" else ("first half's", "second half's")
    notes += [f"{stage}: {text}" for text in _warnings(plan, sets, scores, between)]
    yield Progress(stage, len(wanted), len(wanted), "")
    return tuple(scores)


def _warnings(
    plan: Plan, sets: Sets, scores: Sequence[Score], between: tuple[str, str]
) -> Iterator[str]:
    least, width = min(len(sets.generated), len(sets.reference)), sets.generated.shape[1]
    if any(s.name == "frechet" for s in scores) and least < 2 * width:
        yield (
            f"frechet has {least:,} samples for {width:,} features: much of it is bias, and "
            f"frechet_infinity does not take all of that away; give {2 * width:,} or more"
        )
    ours, theirs = ([row.tobytes() for row in side] for side in (sets.generated, sets.reference))
    for name, rows in zip(between, (ours, theirs), strict=True):
        if same := len(rows) - len(set(rows)):
            yield f"{same:,} of {len(rows):,} {name} pictures are the same as others of them"
    known = set(theirs)
    if both := sum(row in known for row in ours):
        yield f"{both:,} of the {between[0]} pictures are also among the {between[1]} ones"
    if any(s.name == "copies" and s.details["threshold"] == 0 for s in scores):
        yield (
            "copies: the reference shares pictures with the training set, so only exact copies "
            "count; give a reference that was held out"
        )


def _halved(sets: Sets, seed: int) -> Sets:
    """One half of the reference, drawn by lot, against the other."""
    order = np.random.default_rng((seed, 2)).permutation(len(sets.reference))
    middle = len(order) // 2
    return Sets(sets.reference[order[:middle]], sets.reference[order[middle:]], sets.training)
