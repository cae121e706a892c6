"""The models there are, and whether each is whole.

    for entry in models(): print(entry.name, entry.problem or entry.title)

The person's own stand in data_dir()/models (folders.py) and hide shipped ones of the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unstir.runtimes.manifest import BadModel, Manifest, read
from unstir.runtimes.shelf import SHIPPED, shelf


@dataclass(frozen=True)
class Entry:
    """One model folder; `problem` says why it cannot be used, else it is empty."""

    name: str
    folder: Path
    shipped: bool
    manifest: Manifest | None
    problem: str = ""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return self.manifest.title if self.manifest else ""


def models(*, verify: bool = False) -> list[Entry]:
    """List the models there are.

    Args:
        verify: Read every file and compare it with its SHA-256.
    """
    return [_entry(name, folder, verify) for name, folder in sorted(shelf().items())]


def _entry(name: str, folder: Path, verify: bool) -> Entry:
    shipped = folder.parent == SHIPPED
    try:
        manifest = read(folder)
        if verify:
            manifest.verify()
    except (BadModel, OSError) as error:
        return Entry(name, folder, shipped, None, str(error))
    return Entry(name, folder, shipped, manifest)
