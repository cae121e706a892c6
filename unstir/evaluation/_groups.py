"""The same metrics by group: by class, by prompt, by kind of scene.

for group in by_group([kernel], sets, of_generated, of_reference):
    print(group.name, group.scores or group.problem)

A group's generated samples are compared with the reference samples of the same group, each metric
with its own interval and numbers; a group that has too few says so instead of giving a number.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from unstir.evaluation._sets import BadFeatures, Score, Sets, TooFew

Metric = Callable[..., tuple[Score, ...]]


@dataclass(frozen=True)
class Group:
    """The scores of one group; `problem` says which could not be had."""

    name: str
    n: int
    m: int
    scores: tuple[Score, ...] = ()
    problem: str = ""


def by_group(
    metrics: Sequence[Metric],
    sets: Sets,
    generated: Sequence[Hashable],
    reference: Sequence[Hashable],
    *,
    seed: int = 0,
) -> list[Group]:
    """One `Group` for each name on the generated side, the most frequent first."""
    for side, names in (("generated", generated), ("reference", reference)):
        if len(names) != len(getattr(sets, side)):
            raise BadFeatures(
                f"{len(names)} group names for {len(getattr(sets, side))} {side} samples"
            )
    ours, theirs = _rows(generated), _rows(reference)
    order = sorted(ours, key=lambda name: (-len(ours[name]), str(name)))
    return [_group(metrics, sets, name, ours[name], theirs.get(name, []), seed) for name in order]


def _group(
    metrics: Sequence[Metric],
    sets: Sets,
    name: Hashable,
    ours: list[int],
    theirs: list[int],
    seed: int,
) -> Group:
    part = Sets(sets.generated[ours], sets.reference[theirs], sets.training)
    scores: list[Score] = []
    problems: list[str] = []
    for metric in metrics:
        try:
            scores += metric(part, seed=seed)
        except TooFew as error:
            problems.append(str(error))
    return Group(str(name), len(ours), len(theirs), tuple(scores), "; ".join(problems))


def _rows(names: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    rows: dict[Hashable, list[int]] = {}
    for i, name in enumerate(names):
        rows.setdefault(name, []).append(i)
    return rows
