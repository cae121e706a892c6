"""Files of a run's cache: each appears whole or not at all, and a damaged one says so.

with new_array(path, (n, 16, 8, 8), np.float16) as out: out[i] = ...
latents = stored(path)          # a memory map, or what a JSON file holds
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from unstir.training.checkpoint import CannotWrite


class new_array:
    """A new .npy file, written through a memory map and put in place when the block ends without
    an error. Its place on the disk is taken first: a full disk met through a map kills the
    process."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        self.path, self.part = path, path.with_suffix(".part")
        try:
            self.map = np.lib.format.open_memmap(self.part, "w+", dtype=dtype, shape=shape)
            _reserve(self.part)
        except OSError as error:
            self.part.unlink(missing_ok=True)
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            raise CannotWrite(
                f"{path} needs {size / 1e6:,.0f} MB and cannot be written: "
                f"{error.strerror or error}; make room, or give another --out"
            ) from error

    def __enter__(self) -> np.ndarray:
        return self.map

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.map.flush()
        if kind is None:
            os.replace(self.part, self.path)
        else:
            self.part.unlink(missing_ok=True)


def save(path: Path, value: Any) -> None:
    """Write JSON."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    os.replace(part, path)


def stored(path: Path) -> Any:
    """What `new_array` or `save` wrote; ValueError names a damaged file and the way out."""
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r")
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); delete the folder {path.parent} and give the same "
            "command again"
        ) from error


def _reserve(path: Path) -> None:
    """Take the file's whole place on the disk, where the system can."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
