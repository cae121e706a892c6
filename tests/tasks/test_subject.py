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


@pytest.mark.parametrize(
    ("prompt", "says"),
    [("🐱", "tiny does not know 🐱: it draws without"), ("a 🐱 cat", "does not know 🐱"),
     ("\u200b", "the prompt is empty"), ("a\x07cat", "control characters"), ("a\ncat", ""),
     ("a cat", "")],
)  # fmt: skip
def test_what_is_lost_of_a_prompt_is_told(prompt: str, says: str, home: Path) -> None:
    notes = " ".join(generate(prompt, model="tiny", seed=1).notes)
    assert (says in notes) if says else not notes


def test_unknown_words_of_the_negative_are_told(home: Path) -> None:
    said = generate("a cat", model="tiny", seed=1, negative="a 猫 dog").notes
    assert said == ("tiny does not know 猫 in the negative prompt: it cannot keep away from it",)


@pytest.mark.parametrize("lost", ["x" * 1500, "".join(map(chr, range(0x4E00, 0x4E00 + 1500)))])
def test_notes_of_unknown_words_are_short(lost: str, home: Path) -> None:
    [first, _] = generate(lost, model="tiny", seed=1, negative=lost).notes[:2]
    assert first.startswith(f"tiny does not know {lost[0]}")
    assert first.endswith(" ...: it draws without")
    assert len(first) < 120


def test_numbers_of_numpy_are_numbers(home: Path) -> None:
    asked = {"seed": np.int64(3), "steps": np.int32(2), "n": np.int64(1), "threads": np.int8(1)}
    run = generate("a cat", model="tiny", scale=np.float32(2), size=np.int64(64), **asked)
    assert run[0].save("cat.png").is_file()
    assert type(run.recipe.seed) is int


@pytest.mark.parametrize(
    "asked",
    [{"interval": 3}, {"interval": (0.1,)}, {"sampler": 3}, {"model": None}, {"seed": True},
     {"steps": 2.0}, {"seed": "3"}],
)  # fmt: skip
def test_what_is_of_another_kind_is_named(asked: dict[str, Any], home: Path) -> None:
    with pytest.raises(BadRequest, match=f"{next(iter(asked))} is "):
        generate("a cat", **{"model": "tiny", **asked})
