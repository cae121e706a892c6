"""A file is written whole or not at all, whichever call to the system fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from unstir.modalities import files


def test_an_ending_is_that_of_what_is_in_it() -> None:
    names = ("A.PDB", "a.b/it.cif.gz", Path("x/it.ENT.GZ"), "it.sdf.gz", "it.gz", "it", ".gz", "")
    endings = [".pdb", ".cif", ".ent", ".gz", ".gz", "", "", ""]
    assert [files.ending(name) for name in names] == endings


def test_the_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "it.txt"
    target.write_text("old")
    with files.replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_whatever_interrupts_leaves_the_old_file(error: type, tmp_path: Path) -> None:
    target = tmp_path / "it.txt"
    target.write_text("old")

    def interrupted() -> None:
        with files.replacing(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_can_be_made_again_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it waits"))
    with files.replacing(tmp_path / "it.txt", flushed=False) as temporary:
        temporary.write_text("new")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failing_disk_leaves_the_old_file(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "it.txt"
    target.write_text("old")
    monkeypatch.setattr(os, call, fails)
    with (
        pytest.raises(OSError, match=f"{os.strerror(number)}: '{target}'"),
        files.replacing(target) as temporary,
    ):
        temporary.write_text("new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "new.png")
    (tmp_path / "old.png").write_text("old")
    files.check_writable(tmp_path / "old.png")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_what_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="does not exist; make it"):
        files.check_writable(tmp_path / "nowhere" / "it.png")
    with pytest.raises(FileNotFoundError, match="file"):
        files.check_writable(tmp_path / "file" / "it.png")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        files.check_writable(tmp_path)


def test_a_read_only_folder_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refused)  # the superuser may write anywhere else
    with pytest.raises(PermissionError, match="Read-only file system"):
        files.check_writable(tmp_path / "it.png")


@pytest.mark.parametrize("place", ["nowhere/it.png", "file/it.png"])
def test_an_error_names_the_file_that_was_asked_for(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / place
    with pytest.raises(OSError, match=f": '{target}'$"), files.replacing(target) as temporary:
        temporary.write_text("new")
