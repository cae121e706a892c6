"""Features from the cache: by content, whole or not at all."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from unstir.evaluation import extracted


class Means:
    """A space of three numbers that counts what it computes."""

    def __init__(self, sha256: str = "a" * 64) -> None:
        self.name, self.sha256, self.seen = "means", sha256, 0

    def small(self, picture: np.ndarray) -> np.ndarray:
        return picture.mean((0, 1))

    def of_small(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        self.seen += len(pictures)
        return np.stack(pictures).astype("f4")


def pictures(n: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), np.uint8))


def means(given: list[np.ndarray]) -> np.ndarray:
    return np.stack([p.mean((0, 1)) for p in given]).astype("f4")


def values(space: Means, given: list[np.ndarray], cache: Path | None) -> np.ndarray:
    return np.concatenate([part.values for part in extracted(space, given, cache)])


def test_once_computed_they_come_from_the_cache(tmp_path: Path) -> None:
    given, space = pictures(150), Means()
    first = values(space, given, tmp_path)
    assert space.seen == 150
    assert np.array_equal(first, means(given))
    parts = list(extracted(space, given, tmp_path))
    assert space.seen == 150
    assert all(p.cached and p.seconds == 0 for p in parts)
    assert np.array_equal(np.concatenate([p.values for p in parts]), first)


def test_each_picture_is_known_by_itself(tmp_path: Path) -> None:
    """In any order, and beside any others; what is told of them is true of each."""
    given, space = pictures(150), Means()
    values(space, given[:128], tmp_path)
    shuffled = [given[i] for i in np.random.default_rng(1).permutation(150)]
    parts = list(extracted(space, shuffled, tmp_path))
    assert space.seen == 150
    assert sum(len(p.values) for p in parts if not p.cached) == 22
    assert np.array_equal(np.concatenate([p.values for p in parts]), means(shuffled))
    assert all((p.seconds == 0) == p.cached for p in parts)


def test_no_writing_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it waits"))
    values(Means(), pictures(3), tmp_path)
    assert len(list(tmp_path.rglob("*.features"))) == 3


def test_no_more_of_a_picture_is_held_than_the_space_sees(tmp_path: Path) -> None:
    """All of a chunk are read before the first is computed."""
    held: list[weakref.ref[np.ndarray]] = []

    def read() -> Iterator[np.ndarray]:
        for picture in pictures(100):
            large = picture.copy()
            held.append(weakref.ref(large))
            yield large
            del large
            assert sum(ref() is not None for ref in held) <= 1

    assert np.array_equal(
        np.concatenate([p.values for p in extracted(Means(), read(), tmp_path)]),
        means(pictures(100)),
    )


def test_other_pixels_shapes_and_networks_are_other_names(tmp_path: Path) -> None:
    given, space = pictures(10), Means()
    values(space, given, tmp_path)
    changed = [p.copy() for p in given]
    changed[3][0, 0, 0] ^= 1
    assert not np.array_equal(values(space, changed, tmp_path), values(space, given, tmp_path))
    assert space.seen == 11
    values(space, [p.reshape(4, 16, 3) for p in given], tmp_path)
    assert space.seen == 21
    other = Means("b" * 64)
    values(other, given, tmp_path)
    assert other.seen == 10


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "folder"])
def test_damaged_files_are_computed_again(damage: str, tmp_path: Path) -> None:
    given, space = pictures(10), Means()
    first = values(space, given, tmp_path)
    file, *_ = tmp_path.rglob("*.features")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.unlink()
    if damage == "folder":
        file.mkdir()
    else:
        file.write_bytes({"cut": data[:-7], "flipped": data, "empty": b"",
                          "foreign": b"\x93NUMPY" * 20}[damage])  # fmt: skip
    assert np.array_equal(values(space, given, tmp_path), first)
    assert space.seen == 11
    if damage != "folder":
        values(space, given, tmp_path)
        assert space.seen == 11  # mended


def test_without_a_place_to_write_it_works(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    assert len(values(Means(), pictures(5), file)) == 5
    assert len(values(Means(), pictures(5), None)) == 5
    assert file.read_text() == "in the way"


def test_pictures_are_taken_one_chunk_at_a_time(tmp_path: Path) -> None:
    taken = []
    source = (taken.append(i) or p for i, p in enumerate(pictures(200)))
    next(extracted(Means(), source, tmp_path))
    assert len(taken) == 64
