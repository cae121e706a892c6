"""Which pictures `unstir evaluate` compares: parts of folders and data sets, what is left out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.tasks.evaluating import pictures, report
from unstir.datasets import emoji
from unstir.modalities.images import read, write
from unstir.tasks.evaluate import evaluate
from unstir.tasks.gallery import opened
from unstir.tasks.request import BadRequest


def test_a_data_set_brings_its_training_part(place: Path) -> None:
    found = report("real", against="digits", most=60)
    assert found.sides["training"].about["name"] == "digits train"
    assert found.sides["reference"].about["name"] == "digits heldout"
    one, two = (found.sides[k].gallery.item(3).pixels for k in ("training", "reference"))
    assert not np.array_equal(one, two)
    other = report("real", against="digits", most=60, split="train", metrics="kernel")
    assert other.sides["reference"].about["name"] == "digits train"


def test_the_held_out_part_of_a_folder_is_taken(place: Path) -> None:
    pictures(place / "set" / "train", 20, 3)
    pictures(place / "set" / "heldout", 18, 4)
    found = report("real", against="set", training="set")
    assert (len(found.sides["reference"].values), len(found.sides["training"].values)) == (18, 20)
    assert len(report("real", against="set", split="train", metrics="kernel")
               .sides["reference"].values) == 20  # fmt: skip


def test_damaged_pictures_are_left_out(place: Path) -> None:
    data = (place / "real" / "004.png").read_bytes()
    (place / "real" / "004.png").write_bytes(data[: len(data) // 2])
    found = report("learned", against="real", metrics="kernel")
    assert found.sides["reference"].about["left_out"] == 1
    assert found.sides["reference"].about["pictures"] == 39
    assert "004.png" not in [name for *_, name in found.sides["reference"].items]


def test_every_file_that_is_left_out_counts(place: Path) -> None:
    """Also those that no look inside is needed for; and the first are named."""
    (place / "real" / "scan.tif").write_bytes(b"II*")
    (place / "real" / "empty.png").write_bytes(b"")
    about = report("learned", against="real", metrics="kernel").sides["reference"].about
    assert (about["pictures"], about["left_out"]) == (40, 2)
    assert sorted(line.split()[0] for line in about["unused"]) == ["empty.png", "scan.tif"]


def test_n_and_most_are_drawn_by_lot(place: Path) -> None:
    found = report("learned", against="real", n=20, most=25, metrics="kernel")
    names = [name for *_, name in found.sides["generated"].items]
    assert len(set(names)) == 20
    assert sorted(names) != [f"{i:03d}.png" for i in range(20)]
    assert len(found.sides["reference"].values) == 25


def test_the_first_prompts_are_of_all_classes(place: Path) -> None:
    """Although files come sorted by folder."""
    for i, label in enumerate(("0", "1", "2", "3")):
        pictures(place / "classes" / label, 20, i, captions=())
    found = report("tiny", against="classes", n=40, steps=1, metrics="kernel")
    groups = [group for _, _, group, _ in found.sides["generated"].items]
    assert min(groups.count(label) for label in "0123") >= 4


def test_a_generated_folder_is_taken_as_it_is(place: Path) -> None:
    """With its parts, whatever they are called."""
    pictures(place / "made", 20, 3, captions=())
    pictures(place / "made" / "test", 12, 4, captions=())
    assert len(report("made", against="real").sides["generated"].values) == 32


def test_a_run_without_a_model_is_no_folder_of_pictures(place: Path) -> None:
    pictures(place / "run" / "samples", 14, 3)
    (place / "run" / "denoiser").mkdir()
    with pytest.raises(BadRequest, match="no model yet"):
        evaluate("run", against="real", features="own.onnx")


def test_other_sizes_are_told_of(place: Path) -> None:
    for i in range(20):
        (place / "large").mkdir(exist_ok=True)
        file = place / "real" / f"{i:03d}.png"
        write(place / "large" / file.name, np.kron(read(file), np.ones((2, 2, 1), np.uint8)))
    assert not any("on a side" in note for note in report("learned", against="real").notes)
    notes = report("large", against="real", metrics="kernel").notes
    assert any("have 48 pixels on a side, real ones 24" in note for note in notes)


def test_a_data_sets_training_part_is_what_its_recipe_trains_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same number is another scene where the shares of the kinds are others."""
    asked: list[Any] = []

    def scene(glyphs: Any, index: int, **how: Any) -> Any:
        asked.append(how["shares"])
        return SimpleNamespace(image=np.zeros((64, 64, 3)), caption="", parts={"kind": "single"})

    monkeypatch.setattr(emoji, "load", lambda root: None)
    monkeypatch.setattr(emoji, "scene", scene)
    opened("emoji", most=8, split="train").item(0)
    opened("emoji", most=8).item(0)
    assert asked == [emoji.SHARES, None]
