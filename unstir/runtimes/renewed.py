"""Files of a model folder, exchanged together: whoever stops it leaves the old model or the new.

with renewed(folder) as new:                    # an empty folder, to write into
    save(new, manifest)                         # model.json, and whatever belongs to it
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unstir.runtimes.checks import INT8
from unstir.signals import held


@contextmanager
def renewed(folder: Path) -> Iterator[Path]:
    """A folder whose files take their places in `folder` when the block ends well, model.json the
    last; graphs in 8 bits that it does not list go. Ctrl-C waits for that, which takes
    milliseconds; all that takes time is done before."""
    new = folder / ".new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        with held():
            for file in sorted(new.iterdir(), key=lambda file: file.name == "model.json"):
                file.replace(folder / file.name)
            files = json.loads((folder / "model.json").read_text(encoding="utf-8"))["files"]
            for old in folder.glob(f"*{INT8}.onnx"):
                if old.name not in files:
                    old.unlink()
    finally:
        shutil.rmtree(new, ignore_errors=True)


def save(folder: Path, manifest: dict[str, Any]) -> None:
    """Write model.json."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / "model.json").write_text(text, encoding="utf-8")
