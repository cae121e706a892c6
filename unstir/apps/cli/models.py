"""``unstir models``: a line for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unstir.apps.cli.console import answer, answer_json
from unstir.apps.cli.derive import derived
from unstir.tasks.models import Entry, models


@derived(models)
def command(find: Callable[[], list[Entry]], *, json: bool = False) -> None:
    """Print them.

    Args:
        json: As JSON on stdout.
    """
    entries = find()
    if json:
        answer_json({"models": [_row(entry) for entry in entries]})
        return
    for entry in entries:
        answer(_line(entry))
    if not entries:
        answer("no models; train one with `unstir train`")


def _line(entry: Entry) -> str:
    if entry.manifest is None:
        return f"{entry.name:<12} broken: {entry.problem}"
    kind = entry.manifest.kind
    what = kind if kind != "image" else "x".join(map(str, reversed(entry.manifest.size))) + " px"
    whose = "shipped" if entry.shipped else str(entry.folder)
    size = f"{entry.manifest.bytes / 1e6:.1f} MB"
    return f"{entry.name:<12} {what:<13} {size:>9}  {entry.title}  ({whose})"


def _row(entry: Entry) -> dict[str, Any]:
    manifest = entry.manifest
    told: dict[str, Any] = {
        "name": entry.name,
        "folder": str(entry.folder),
        "shipped": entry.shipped,
    }
    if manifest is None:
        return told | {"problem": entry.problem}
    return told | {
        "kind": manifest.kind,
        "title": manifest.title,
        "size": list(manifest.size),
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "licences": dict(manifest.licences),
    }
