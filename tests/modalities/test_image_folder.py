"""Folders of pictures: every layout is understood, every file left out is accounted for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.modalities.image_folder import BadFolder, load, scan


def picture(path: Path, value: int = 100, size: tuple[int, int] = (20, 12)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)
    return path


def lines(path: Path, *rows: object) -> None:
    texts = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(texts), encoding="utf-8")


def captions(folder: Path) -> dict[str, str]:
    return {item.path.name: item.caption for item in scan(folder).items}


def reasons(folder: Path) -> dict[str, str]:
    return {s.path.name: s.why for s in scan(folder).skipped}


def test_metadata_jsonl(tmp_path: Path) -> None:
    picture(tmp_path / "a.png"), picture(tmp_path / "sub" / "b.jpg"), picture(tmp_path / "c.webp")
    lines(
        tmp_path / "metadata.jsonl",
        {"file_name": "a.png", "text": "  an  apple\n"},
        {"file_name": "sub/b.jpg", "text": "a bee"},
    )
    assert captions(tmp_path) == {"a.png": "an apple", "b.jpg": "a bee", "c.webp": ""}
    assert scan(tmp_path).labels == []


def test_metadata_csv(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with (tmp_path / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file_name", "text"], ["a.png", "one, two\nthree"]])
    assert captions(tmp_path) == {"a.png": "one, two three"}


def test_sidecars(tmp_path: Path) -> None:
    picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    (tmp_path / "a.txt").write_text("\ufeffcafé au lait\n", encoding="utf-8")
    assert captions(tmp_path) == {"a.png": "café au lait", "b.png": ""}
    assert not scan(tmp_path).skipped


def test_class_folders(tmp_path: Path) -> None:
    picture(tmp_path / "cat" / "1.png"), picture(tmp_path / "dog" / "1.png")
    folder = scan(tmp_path)
    assert folder.labels == ["cat", "dog"]
    assert [item.label for item in folder.items] == ["cat", "dog"]
    assert "2 classes" in folder.report()


def test_captions_make_folders_mere_folders(tmp_path: Path) -> None:
    picture(tmp_path / "cat" / "1.png"), picture(tmp_path / "dog" / "1.png")
    (tmp_path / "cat" / "1.txt").write_text("a tabby")
    assert scan(tmp_path).labels == []


def test_one_folder_is_no_class(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "1.png"), picture(tmp_path / "images" / "2.png")
    assert scan(tmp_path).labels == []


def test_splits(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.png"), picture(tmp_path / "test" / "b.png")
    assert captions(tmp_path) == {"a.png": ""}
    assert [i.path.name for i in scan(tmp_path, split="test").items] == ["b.png"]
    with pytest.raises(BadFolder, match="no validation/"):
        scan(tmp_path, split="validation")


def test_what_is_held_out_is_not_learned_from(tmp_path: Path) -> None:
    """Without a train/ folder too; further inside the names mean nothing."""
    picture(tmp_path / "cats" / "a.png"), picture(tmp_path / "heldout" / "b.png")
    picture(tmp_path / "cats" / "test" / "c.png")
    found = scan(tmp_path)
    assert [i.path.name for i in found.items] == ["a.png", "c.png"]
    assert "heldout is held out" in found.report()
    assert [i.path.name for i in scan(tmp_path, split="heldout").items] == ["b.png"]
    with pytest.raises(BadFolder, match="no bananas/"):
        scan(tmp_path, split="bananas")


def test_every_file_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    picture(tmp_path / "line.png", size=(1, 600))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    Image.new("RGB", (20, 20)).save(tmp_path / "old.gif")
    (tmp_path / "alone.txt").write_text("a caption")
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1")
    (tmp_path / ".hidden").write_text("")
    expected = {
        "empty.png": "is empty",
        "text.jpg": "is not a PNG, JPEG or WebP picture",
        "line.png": "has 1 x 600 pixels; a side needs at least 8",
        "notes.pdf": "is not a picture",
        "old.gif": "is a GIF picture; save it as one of .png, .jpg, .jpeg, .webp",
        "alone.txt": "is a caption without a picture",
        "metadata.parquet": "is not read; save it as metadata.jsonl",
    }
    assert reasons(tmp_path) == expected
    report = scan(tmp_path).report()
    assert "1 pictures" in report
    assert "7 files left out" in report
    assert all(f"{name} {why}" in report for name, why in expected.items())
    assert [item.path for item in scan(tmp_path).items] == [good]


def test_metadata_lines_that_lead_nowhere(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a.png"), picture(tmp_path / "secret.png")
    lines(
        tmp_path / "set" / "metadata.jsonl",
        "{not json",
        {"text": "no name"},
        {"file_name": "lost.png", "text": "x"},
        {"file_name": "../secret.png", "text": "x"},
        {"file_name": "a\0.png", "text": "x"},
        "[" * 100_000,
        {"file_name": "a.png", "text": "here"},
    )
    folder = scan(tmp_path / "set")
    assert [i.caption for i in folder.items] == ["here"]
    assert [s.why.partition(" in line")[0] for s in folder.skipped] == [
        'has no "file_name"', 'has no "file_name"', "names a picture that is not there",
        "points outside its folder", "names a picture that is not there", 'has no "file_name"',
    ]  # fmt: skip


def test_captions_that_cannot_be_read(tmp_path: Path) -> None:
    picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (tmp_path / "b.txt").write_text("x" * 10**6)
    folder = scan(tmp_path)
    assert [len(item.caption) for item in folder.items] == [0, 2000]
    assert "cannot be read as UTF-8" in folder.skipped[0].why


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(scan(tmp_path).items) == 1
    assert reasons(tmp_path) == {"loop": "is a link to a folder; links are not followed"}


def test_deep_folders_and_case_twins(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcdefghij" * 3)
    picture(deep / "x.png"), picture(tmp_path / "y.png"), picture(tmp_path / "Y.png")
    assert len(scan(tmp_path).items) == 3


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "no pictures", "all corrupt"])
def test_nothing_to_learn_from_is_said_loudly(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "set"
    if kind == "file":
        place.write_text("")
    elif kind != "missing":
        place.mkdir()
    if kind == "no pictures":
        (place / "readme.md").write_text("#")
    if kind == "all corrupt":
        (place / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadFolder) as error:
        scan(place)
    assert str(place) in str(error.value)
    if kind == "all corrupt":
        assert "a.png" in str(error.value)


def test_what_cannot_be_decoded_is_left_out_when_loading(tmp_path: Path) -> None:
    picture(tmp_path / "good.png", 40)
    whole = picture(tmp_path / "cut.png", size=(64, 64)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) - 30])
    assert len(scan(tmp_path).items) == 2  # its header is sound
    pixels, folder = load(scan(tmp_path), 8)
    assert pixels.shape == (1, 8, 8, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == 40).all()
    assert [s.path.name for s in folder.skipped] == ["cut.png"]
    (tmp_path / "good.png").unlink()
    with pytest.raises(BadFolder, match=r"cut\.png"):
        load(scan(tmp_path), 8)


def test_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/9.png", "b/1.png", "0.png"):
        picture(tmp_path / name)
    found = [i.path.relative_to(tmp_path).as_posix() for i in scan(tmp_path).items]
    assert found == ["0.png", "a/9.png", "b/1.png", "b/2.png"]
