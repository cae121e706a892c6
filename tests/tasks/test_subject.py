"""Prompts and classes for models of every condition."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unstir.conditions.labels import Labels
from unstir.core.find import NotFound
from unstir.tasks.generate import generate
from unstir.tasks.request import BadRequest
from unstir.tasks.subject import understood


def model(condition: dict[str, Any] | None) -> Any:
    labels = Labels(condition["classes"]) if condition else None
    manifest = SimpleNamespace(name="pets", condition=condition)
    return SimpleNamespace(manifest=manifest, condition=labels)


PETS = model({"name": "labels", "classes": ["cat", "dog", "fish"]})


def test_a_class() -> None:
    subject = understood(PETS, "dog", "cat")
    assert subject.pos is not None
    assert subject.neg is not None
    assert subject.pos.states.tolist() == [[[0, 1, 0]]]
    assert subject.neg.states.tolist() == [[[1, 0, 0]]]
    assert subject.notes == ()


def test_any_class() -> None:
    subject = understood(PETS, "", "")
    assert subject.pos is not None
    assert not subject.pos.mask.any()
    assert "the prompt is empty" in subject.notes[0]


def test_an_unknown_class_answers_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'fish'"):
        understood(PETS, "fisch", "")


def test_a_model_without_condition_takes_none() -> None:
    assert understood(model(None), None, "").pos is None
    for prompt, negative in (("a cat", ""), (None, "a cat")):
        with pytest.raises(BadRequest, match="pets takes no prompt"):
            understood(model(None), prompt, negative)


@pytest.mark.parametrize("parametrization", ["x0", "eps", "v", "flow", "edm(1.0)"])
@pytest.mark.parametrize("schedule", ["cosine", "flow", "scaled_linear", "edm"])
def test_every_process_that_a_model_may_have(
    parametrization: str, schedule: str, home: Path
) -> None:
    path = home / "models" / "tiny" / "model.json"
    said = json.loads(path.read_text())
    said |= {"parametrization": parametrization, "schedule": {"name": schedule}}
    path.write_text(json.dumps(said))
    pixels = generate("a cat", model=str(path.parent), seed=1, steps=3, threads=1)[0].native
    assert np.std(pixels) > 3
