"""``unstir upscale``: enlarge a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import making
from unstir.tasks.generate import generate
from unstir.tasks.run import Run
from unstir.tasks.upscale import upscale


@derived(upscale, generate)
def command(
    draw: Callable[[], Run],
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    metadata: bool = True,
    json: bool = False,
) -> None:
    """Write what was made.

    Args:
        out: File to write: .png, .jpg or .webp; NAME-1, NAME-2, ... where n is more than
            1.
        metadata: Keep the recipe in the file, for `unstir show`.
        json: Print what was made as JSON on stdout.
    """
    making(draw, out=out, metadata=metadata, json=json)
