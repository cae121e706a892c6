"""Files that are there whole or not at all, also after a crash.

Write beside the target, flush to the disk, rename, flush the folder: a rename is the one step a
file system does at once. Every call goes through `os`, so that a test can make the k-th of them
fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

TEMPORARY = ".tmp-"


def write(path: Path, data: bytes) -> None:
    """Write and flush a file; the folder's entry is not yet safe (see `sync`)."""
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644
    )
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view[: 1 << 26]) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(folder: Path) -> None:
    """Make the entries of a folder durable (where the system lets a folder be opened)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, data: bytes) -> None:
    """Put a whole new file in the place of an old one."""
    beside = path.with_name(TEMPORARY + path.name)
    write(beside, data)
    os.replace(beside, path)
    sync(path.parent)


def folder(path: Path, files: dict[str, bytes]) -> None:
    """Make a folder with these files appear at once."""
    beside = path.with_name(TEMPORARY + path.name)
    remove(beside)
    os.mkdir(beside)
    for name, data in files.items():
        write(beside / name, data)
    sync(beside)
    os.rename(beside, path)
    sync(path.parent)


def remove(path: Path, first: str = "") -> None:
    """Remove a folder of files, `first` before the others; no error if there is none."""
    if not path.is_dir():
        return
    for name in sorted(os.listdir(path), key=lambda n: n != first):
        os.unlink(path / name)
    os.rmdir(path)


class Busy(RuntimeError):
    """Another process trains into this folder. Exit code 3."""

    exit_code = 3


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Keep a second process out of a run. The lock ends with this process, however that ends.

    Raises:
        Busy: another process has it, named by its id.
    """
    with (run / "lock").open("a+") as file:
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            raise Busy(
                f"{run} is being trained by process {file.read().strip()}; "
                "wait for it, stop it, or train into another folder"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock(file: TextIO) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(1 << 20)  # beyond the text, which others may then still read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
