"""``unstir show``: the command that made a picture, or what a model is."""

from __future__ import annotations

import json as text
import shlex
from collections.abc import Callable

from unstir.apps.cli.console import answer, answer_json, say
from unstir.apps.cli.derive import derived
from unstir.runtimes.manifest import Manifest
from unstir.tasks.show import Shown, show

UNITS = {"molecule": "atoms", "string": "pieces", "protein": "residues"}
"""What the size of a model counts; pixels of others."""


@derived(show)
def command(find: Callable[[], Shown], *, json: bool = False) -> None:
    """Print it.

    Args:
        json: Everything the file says, as JSON.
    """
    shown = find()
    for note in shown.notes:
        say(f"note: {note}")
    if shown.model is not None:
        answer_json(dict(shown.model.raw)) if json else answer(_model(shown.model))
    elif json:
        answer_json(dict(shown.recipe) or {"parameters": shown.text})
    else:
        answer(shlex.join(shown.command) if shown.command else shown.text)


def _model(manifest: Manifest) -> str:
    condition = (manifest.condition or {}).get("name", "nothing")
    size = " x ".join(map(str, reversed(manifest.size))) or "-"
    rows = {
        "name": manifest.name,
        "what": manifest.title,
        "kind": manifest.kind,
        UNITS.get(manifest.kind, "pixels"): size,
        "draws from": condition,
        "prefers": text.dumps(dict(manifest.defaults)),
        "process": text.dumps([dict(manifest.schedule), manifest.parametrization]),
        "licences": text.dumps(dict(manifest.licences)),
        "bytes": f"{manifest.bytes:,}",
        "sha256": manifest.sha256,
        "folder": str(manifest.folder),
    }
    return "\n".join(f"{name:<11} {value}" for name, value in rows.items())
