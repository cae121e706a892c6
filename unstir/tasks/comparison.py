"""The work of `evaluate`: pictures to features, features to figures, figures to a report.

for event in compare(Plan(...)): ...            # Progress, at last the Report
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unstir.core.find import find
from unstir.evaluation import Group, Score, Sets, TooFew, by_group, extracted
from unstir.runtimes.features import Space
from unstir.tasks.gallery import Gallery, Item
from unstir.tasks.recipe import versions
from unstir.tasks.request import BadRequest

SCHEMA = 1
UNUSED = 20
"""Files that the report names with the reason why they were left out, at most."""
APART = 1.2
"""Times by which sides may differ before it is told of."""
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
    notes = list(_sizes(generated, reference))
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
    ours, theirs = generated.about["side"], reference.about["side"]
    if max(ours, theirs) > APART * min(ours, theirs):
        yield (
            f"generated pictures have {ours:.0f} pixels on a side, real ones {theirs:.0f}: much "
            "of the distance may be that; bring both to one size (generate has --size native)"
        )


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
    hashed, sides, left_out = hashlib.sha256(), [], len(gallery.unused)

    def pictures() -> Iterator[np.ndarray]:
        nonlocal left_out
        for number, item in enumerate(gallery.items()):
            if item is None:
                left_out += 1
                continue
            items.append((number, item.caption, item.group, item.name))
            sides.append(min(item.pixels.shape[:2]))
            hashed.update(repr(item.pixels.shape).encode() + item.pixels.tobytes())
            yield item.pixels

    values: list[np.ndarray] = []
    new, seconds = 0, 0.0
    for part in extracted(plan.space, pictures(), plan.cache):
        values.append(part.values)
        new, seconds = new + (0 if part.cached else len(part.values)), seconds + part.seconds
        yield Progress(stage, sum(map(len, values)), len(gallery))
    if not values:
        raise BadRequest(f"{gallery.name} gives no picture that can be read")
    about = {
        "name": gallery.name, "pictures": len(items), "side": float(np.median(sides)),
        "left_out": left_out, "unused": list(gallery.unused[:UNUSED]),
        "pixels_sha256": hashed.hexdigest(), "extracted": new,
        "pictures_per_second": round(new / seconds, 2) if new else None,
    }  # fmt: skip
    text = f"{stage}: {len(items):,} pictures of {gallery.name}; {_rate(new, seconds)}"
    text += f"; {left_out} files left out" if left_out else ""
    yield Progress(stage, len(items), len(items), text)
    return Side(about, np.concatenate(values), items, gallery)


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
    if "frechet" in plan.metrics and least < 2 * width:
        yield (
            f"frechet has {least:,} samples for {width:,} features: much of it is bias, and "
            f"frechet_infinity does not take all of that away; give {2 * width:,} or more"
        )
    ours, theirs = ({row.tobytes() for row in side} for side in (sets.generated, sets.reference))
    for name, side, rows in zip(
        between, (sets.generated, sets.reference), (ours, theirs), strict=True
    ):
        if same := len(side) - len(rows):
            yield f"{same:,} of {len(side):,} {name} pictures are the same as others of them"
    if both := len(ours & theirs):
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
