"""Checkpoints: folders of safetensors and a manifest with the SHA-256 of each; never pickle.

    RUN/checkpoints/0007-step-00003500/manifest.json
    RUN/checkpoints/0007-step-00003500/{model,optimizer,ema}.safetensors

A checkpoint appears by one rename after all of it is on the disk; older ones go after that. Order
is that of the leading number, not of any clock. Reading takes the newest whose hashes hold, and
says what it passed over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch as st
from torch import Tensor

from unstir.training import durable

FORMAT, MANIFEST = 1, "manifest.json"
Tensors = dict[str, dict[str, Tensor]]
"""File stem -> tensors by name."""


class CheckpointError(RuntimeError):
    """A run cannot be gone on with: it is damaged, or was begun otherwise. Exit code 3."""

    exit_code = 3


class CannotWrite(CheckpointError):
    """The disk refuses. Exit code 4."""

    exit_code = 4


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and verified."""

    path: Path
    manifest: dict[str, Any]
    tensors: Tensors


def encode(manifest: dict[str, Any]) -> bytes:
    """The manifest as bytes, with its own hash inside."""
    body = {k: v for k, v in manifest.items() if k != "sha256"}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return (json.dumps({**body, "sha256": digest}, indent=1, sort_keys=True) + "\n").encode()


def folder_of(run: Path) -> Path:
    return run / "checkpoints"


def numbered(run: Path) -> list[tuple[int, Path]]:
    """(number, folder) of everything that looks like a checkpoint, oldest first."""
    return [(number, path) for number, path in _folders(run) if (path / MANIFEST).exists()]


def _folders(run: Path) -> list[tuple[int, Path]]:
    folder = folder_of(run)
    if not folder.is_dir():
        return []
    found = [(re.fullmatch(r"(\d{4,})-step-\d+", p.name), p) for p in folder.iterdir()]
    return sorted((int(m[1]), p) for m, p in found if m)


def save(run: Path, manifest: dict[str, Any], tensors: Tensors, keep: int) -> Path:
    """Write a checkpoint, then drop what is older than the newest `keep` and the last pinned one.

    Raises:
        CannotWrite: the disk refused; what was there before is untouched.
    """
    files = {
        f"{k}.safetensors": st.save({n: t.contiguous() for n, t in v.items()})
        for k, v in tensors.items()
    }
    hashes = {
        n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()
    }
    files[MANIFEST] = encode({"format": FORMAT, **manifest, "files": hashes})
    folder = folder_of(run)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            durable.sync(run)
        number = 1 + max((n for n, _ in numbered(run)), default=0)
        path = folder / f"{number:04}-step-{manifest['step']:08}"
        durable.remove(path)
        durable.folder(path, files)
        prune(run, keep)
    except OSError as error:
        raise CannotWrite(
            f"the checkpoint of step {manifest['step']} could not be written to {folder}: "
            f"{error.strerror or error}; earlier ones are intact: make room or mend the disk, and "
            "give the same command again"
        ) from error
    return path


def prune(run: Path, keep: int) -> None:
    """Remove half-written folders and old checkpoints; never the newest `keep`."""
    found = numbered(run)
    pinned = [p for _, p in found if _pinned(p)]
    stay = {p for _, p in found[-keep:]} | set(pinned[-1:])
    for path in sorted(folder_of(run).iterdir()):
        if path not in stay:
            durable.remove(path, first=MANIFEST)


def _pinned(path: Path) -> bool:
    try:
        return bool(json.loads((path / MANIFEST).read_bytes())["pinned"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read(path: Path) -> Checkpoint:
    """Read and verify one checkpoint.

    Raises:
        CheckpointError: naming the file and what is wrong with it.
    """
    try:
        raw = (path / MANIFEST).read_bytes()
        manifest = json.loads(raw)
        if not isinstance(manifest, dict) or encode(manifest) != raw:
            raise CheckpointError(f"{MANIFEST} does not match its own hash")
        if manifest["format"] != FORMAT:
            raise CheckpointError(
                f"{MANIFEST} is of format {manifest['format']}, this version reads {FORMAT}"
            )
        tensors = {
            n.removesuffix(".safetensors"): _file(path / n, h)
            for n, h in manifest["files"].items()
        }
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return Checkpoint(path, manifest, tensors)


def _file(path: Path, known: dict[str, Any]) -> dict[str, Tensor]:
    data = path.read_bytes()
    if len(data) != known["bytes"]:
        raise CheckpointError(f"{path.name} has {len(data)} bytes instead of {known['bytes']}")
    if hashlib.sha256(data).hexdigest() != known["sha256"]:
        raise CheckpointError(f"{path.name} does not match its SHA-256")
    return st.load(data)


def usable(run: Path, problems: list[str]) -> Iterator[Checkpoint]:
    """Good checkpoints, newest first; what is wrong with the others is added to `problems`."""
    good = numbered(run)
    last = max((number for number, _ in good), default=0)
    for number, path in _folders(run):
        if number > last and any(path.glob("*.safetensors")):  # older ones are half removed
            problems.append(f"{path} has no {MANIFEST}")
    for _, path in reversed(good):
        try:
            yield read(path)
        except CheckpointError as error:
            problems.append(str(error))


def newest(run: Path, problems: list[str] | None = None) -> Checkpoint | None:
    """The newest good checkpoint; None where there has never been one.

    Raises:
        CheckpointError: there are checkpoints and none is good: nothing is thrown away silently.
    """
    problems = [] if problems is None else problems
    found = next(usable(run, problems), None)
    if found is None and problems:
        raise CheckpointError(
            "no checkpoint can be read:\n  "
            + "\n  ".join(problems)
            + f"\nto start anew, move {run} away"
        )
    return found
