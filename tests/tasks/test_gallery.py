"""Which pictures `unstir evaluate` compares: parts of folders and data sets, what is left out."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.tasks.evaluating import pictures, report
from unstir.datasets import emoji
from unstir.modalities.images import read, write
from unstir.tasks.comparison import Progress, Report
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
    line = "004.png is cut off: the picture ends too early"
    assert found.sides["reference"].about["unused"] == [line]
    assert f"reference: 1 files left out: {line}" in found.notes


def test_every_file_that_is_left_out_counts(place: Path) -> None:
    """Also those that no look inside is needed for; and the first are named."""
    (place / "real" / "scan.tif").write_bytes(b"II*")
    (place / "real" / "empty.png").write_bytes(b"")
    about = report("learned", against="real", metrics="kernel").sides["reference"].about
    assert (about["pictures"], about["left_out"]) == (40, 2)
    assert sorted(line.split()[0] for line in about["unused"]) == ["empty.png", "scan.tif"]


def test_a_person_is_told_of_the_first(place: Path) -> None:
    """Where they are, too."""
    (place / "real" / "more").mkdir()
    for i in range(5):
        (place / "real" / "more" / f"{i}.png").write_bytes(b"")
    notes = report("learned", against="real", metrics="kernel").notes
    told = next(note for note in notes if note.startswith("reference: 5 files left out: "))
    assert "more/2.png is empty; and 2 more" in told
    assert "3.png" not in told


def test_nothing_that_can_be_read(place: Path) -> None:
    pictures(place / "cut", 1, 3)
    data = (place / "cut" / "000.png").read_bytes()
    (place / "cut" / "000.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadRequest, match=r"can be read: 000[.]png is cut off"):
        report("cut", against="real")


def test_a_cut_training_set_is_told_of(place: Path) -> None:
    events = list(evaluate("learned", against="real", training="learned", most=30,
                           features="own.onnx", threads=1))  # fmt: skip
    *others, found = events
    texts = [event.text for event in others if isinstance(event, Progress)]
    assert any(text.startswith("training: 30 of 50 pictures of learned;") for text in texts)
    assert any(text.startswith("reference: 30 of 40 pictures of real;") for text in texts)
    assert isinstance(found, Report)
    assert found.sides["training"].about["total"] == 50
    told = "copies of the other 20 training pictures are not found; --most takes more"
    assert told in found.notes
    whole = report("learned", against="real", training="learned", most=50)
    assert not any("are not found" in note for note in whole.notes)


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


def sized(folder: Path, sides: list[int]) -> str:
    """Pictures of these sides."""
    folder.mkdir()
    for i, side in enumerate(sides):
        write(folder / f"{i:03d}.png", np.full((side, side, 3), 9 * i % 256, np.uint8))
    return folder.name


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ([64] * 11 + [96] * 9, [64] * 20, "64 to 96 .* 45 % of the generated ones are larger"),
        ([64] * 20, [64] * 17 + [96] * 3, "ones 64 to 96, and 15 % of the real ones are larger"),
        ([64] * 18 + [96] * 2, [64] * 20, " 10 % of the generated ones"),
        ([64] * 19 + [96], [64] * 20, ""),
        ([64] * 10 + [96] * 10, [96] * 10 + [64] * 10, ""),
        ([64] * 20, [70] * 20, ""),
    ],
)
def test_a_share_of_another_size(
    ours: list[int], theirs: list[int], said: str, place: Path
) -> None:
    one, two = sized(place / "one", ours), sized(place / "two", theirs)
    notes = report(one, against=two, metrics="kernel", real_floor=False).notes
    told = [note for note in notes if "on a side" in note]
    assert len(told) == bool(said)
    assert not told or re.search(said, told[0])


def test_what_is_no_square_is_told_of(place: Path) -> None:
    for name, width in (("long", 49), ("wide", 48)):
        (place / name).mkdir()
        for i in range(12):
            write(place / name / f"{i}.png", np.full((24, width, 3), 20 * i, np.uint8))
    notes = report("long", against="wide", metrics="kernel").notes
    assert [note for note in notes if "square" in note] == [
        "generated: 12 of 12 pictures are more than twice as long as wide, and only the middle "
        "square of a picture counts"
    ]


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
    learned, held_out = opened("emoji", most=8, split="train"), opened("emoji", most=8)
    learned.item(0), held_out.item(0)
    assert (learned.total, held_out.total) == (100_000, None)
    assert asked == [emoji.SHARES, None]
