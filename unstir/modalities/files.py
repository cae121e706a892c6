"""Writing files whole or not at all.

    check_writable(path)              before the work begins
    with replacing(path) as temporary:
        temporary.write_bytes(...)    # on leaving: flushed to the disk, then put in place

Whatever happens inside, `path` holds either what it held before or the whole new file, and nothing
is left beside it: the new one is written under another name in the same folder and renamed (POSIX
rename is atomic).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKED = frozenset((".pdb", ".ent", ".cif", ".mmcif"))
"""Endings of files that are read when they are packed (.gz), too."""


def ending(path: str | os.PathLike[str]) -> str:
    """Of a file, in small letters; of one that is read packed, that of what is in it:
    it.cif.gz -> .cif."""
    stem, last = os.path.splitext(os.fspath(path).lower())
    inner = os.path.splitext(stem)[1]
    return inner if last == ".gz" and inner in PACKED else last


@contextmanager
def replacing(path: Path, *, flushed: bool = True) -> Iterator[Path]:
    """A name to write to; renamed to `path` when the block ends well, deleted when it does not.
    Errors of the system name `path`, not the name that nobody has given. What need not be
    `flushed` may be cut short where the machine stops: its reader must see that."""
    temporary = path.with_name(f".unstir-{secrets.token_hex(6)}{path.suffix}")
    try:
        yield temporary
        if flushed:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno and error.filename in (None, temporary, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        with suppress(OSError):
            temporary.unlink()


def check_writable(path: Path) -> None:
    """Raise OSError, naming the way out, where `path` could not be written."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} may not be overwritten; write elsewhere with -o")
    check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """The same where the name of the file follows later."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the folder {folder} does not exist; make it, or write elsewhere with -o"
        )
    trial = folder / f".unstir-{secrets.token_hex(6)}"
    try:
        trial.touch()
    except OSError as error:
        raise PermissionError(
            f"nothing can be written in {folder.resolve()} ({error.strerror}); "
            "write elsewhere with -o"
        ) from None
    trial.unlink()
