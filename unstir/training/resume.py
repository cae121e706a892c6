"""Which checkpoint a run goes on from, and whether it may.

A run keeps its settings, but for those of `settings.FREE`. Its number of steps may change: up to
where the decay of the rate begins, runs of different lengths are the same run, so it goes back to
the newest checkpoint before that point (one is pinned there), and ends as if planned so from the
start.
"""

from __future__ import annotations

from pathlib import Path

from unstir.training.checkpoint import Checkpoint, CheckpointError, newest, usable
from unstir.training.schedule import decay_start
from unstir.training.settings import Settings, differences


def choose(run: Path, settings: Settings, samples: int, notes: list[str]) -> Checkpoint | None:
    """The checkpoint to go on from, None for a new run; what to tell a person goes to `notes`.

    Raises:
        CheckpointError: a setting or the data differ, or no checkpoint can be read.
    """
    problems: list[str] = []
    found = newest(run, problems)
    if found is None:
        return None
    notes += [f"passed over a damaged checkpoint: {problem}" for problem in problems]
    differ = differences(found.manifest["settings"], settings)
    if found.manifest["samples"] != samples:
        differ.append(f"the data had {found.manifest['samples']} samples, now {samples}")
    if differ:
        raise CheckpointError(
            f"{run} was begun otherwise: "
            + "; ".join(differ)
            + ". Give the old values, or another folder"
        )
    steps = settings.steps or found.manifest["steps"]
    if steps != found.manifest["steps"]:
        found = branch(run, settings, found, steps, notes)
    notes.append(f"going on from step {found.manifest['step']} of {steps}")
    return found


def branch(
    run: Path, settings: Settings, found: Checkpoint, steps: int, notes: list[str]
) -> Checkpoint:
    """The newest checkpoint that a run of `steps` would also have passed through."""
    old, done = found.manifest["steps"], found.manifest["step"]
    limit = min(decay_start(settings, steps), decay_start(settings, old))
    for saved in usable(run, []):
        if saved.manifest["step"] <= limit:
            at = saved.manifest["step"]
            notes.append(f"{steps} steps instead of {old}: back to step {at}, before the decay")
            return saved
    if done > steps:
        raise CheckpointError(f"{run} has done {done} steps and cannot end at {steps}; give more")
    notes.append(f"{steps} steps instead of {old}, from within the decay: the rate rises again")
    return found
