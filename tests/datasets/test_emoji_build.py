"""The folder `unstir data emoji` writes: whole or not at all, refusing what is foreign."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.datasets import emoji
from unstir.datasets.emoji import build


@pytest.fixture(scope="module")
def cache(tarballs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    emoji.load(folder, source=tarballs)
    return folder


def build_all(out: Path, count: int, cache: Path, **more: object) -> None:
    deque(emoji.building(out, count, cache=cache, **more), maxlen=0)  # type: ignore[arg-type]


def test_a_built_folder_holds_the_scenes(cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    steps = list(emoji.building(out, 5, cache=cache, heldout=3, size=32, seed=2))
    assert [(step.done, step.total) for step in steps] == [(i, 8) for i in range(1, 9)]
    glyphs = emoji.load(cache)
    for split, count in (("train", 5), ("heldout", 3)):
        lines = (out / split / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(lines) == count == len(list((out / split).glob("*.png")))
        for i, line in enumerate(map(json.loads, lines)):
            scene = emoji.scene(glyphs, i, seed=2, size=32, split=split)
            assert (line["text"], line["parts"]) == (scene.caption, scene.parts)
            with Image.open(out / split / line["file_name"]) as image:
                assert np.array_equal(np.asarray(image), scene.image)


def test_the_licences_stand_beside(cache: Path, tmp_path: Path) -> None:
    build_all(tmp_path / "set", 1, cache, heldout=0)
    fluent = (tmp_path / "set" / "LICENSE-fluent-emoji.txt").read_text(encoding="utf-8")
    names = (tmp_path / "set" / "LICENSE-emojibase-data.txt").read_text(encoding="utf-8")
    assert "Microsoft" in fluent
    assert "Miles Johnson" in names
    assert all("Permission is hereby granted" in text for text in (fluent, names))
    about = json.loads((tmp_path / "set" / build.MARK).read_text(encoding="utf-8"))
    assert about["sources"] == {"@lobehub/fluent-emoji-3d": "1.1.0", "emojibase-data": "17.0.0"}
    assert about["counts"] == {"train": 1, "heldout": 0}


def test_a_neighbor_is_never_touched(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "set.part").mkdir()
    (tmp_path / "set.part" / "diary.txt").write_text("dear diary", encoding="utf-8")
    build_all(tmp_path / "set", 1, cache, heldout=0)
    assert (tmp_path / "set.part" / "diary.txt").is_file()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set", "set.part"]


def test_what_a_person_added_to_a_set_is_not_replaced(cache: Path, tmp_path: Path) -> None:
    build_all(tmp_path / "set", 1, cache, heldout=0)
    build_all(tmp_path / "set", 1, cache, heldout=0, replace=True)
    (tmp_path / "set" / "train" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"mine\.txt was not made by unstir"):
        build_all(tmp_path / "set", 1, cache, heldout=0, replace=True)
    assert (tmp_path / "set" / "train" / "mine.txt").is_file()


def test_a_foreign_folder_is_refused_and_untouched(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary", encoding="utf-8")
    for replace in (False, True):
        with pytest.raises(FileExistsError, match=r"mine holds files that unstir did not make"):
            build_all(tmp_path / "mine", 1, cache, replace=replace)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["diary.txt"]


def test_an_own_folder_is_replaced_only_when_asked(cache: Path, tmp_path: Path) -> None:
    build_all(tmp_path / "set", 2, cache, heldout=0)
    with pytest.raises(FileExistsError, match="--replace it"):
        build_all(tmp_path / "set", 1, cache, heldout=0)
    assert len(list((tmp_path / "set" / "train").glob("*.png"))) == 2
    build_all(tmp_path / "set", 1, cache, heldout=0, replace=True)
    assert len(list((tmp_path / "set" / "train").glob("*.png"))) == 1


def test_an_empty_folder_is_filled(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    build_all(tmp_path / "set", 1, cache, heldout=0)
    assert (tmp_path / "set" / build.MARK).is_file()


def test_a_broken_off_build_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    steps = emoji.building(tmp_path / "set", 50, cache=cache, heldout=0)
    next(steps)
    steps.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "told"),
    [({"count": 0}, "count is 0"), ({"heldout": -1}, "heldout -1"), ({"size": 8}, "size is 8"),
     ({"size": 1000}, "size is 1000")],
)  # fmt: skip
def test_numbers_out_of_range_are_named(
    cache: Path, tmp_path: Path, more: dict[str, int], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        emoji.building(tmp_path / "set", **({"count": 1} | more), cache=cache)  # type: ignore[arg-type]
    assert not (tmp_path / "set").exists()


def test_a_file_in_the_way_is_named(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("", encoding="utf-8")
    with pytest.raises(FileExistsError, match="set is a file; name a folder"):
        emoji.building(tmp_path / "set", 1, cache=cache)
