"""``unstir noise``: a picture stirred into noise, as a strip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from unstir.apps.cli.console import answer_json, say
from unstir.apps.cli.derive import derived
from unstir.apps.cli.making import free, spare
from unstir.modalities.files import check_writable
from unstir.modalities.images import format_of, write
from unstir.tasks.noise import noise


@derived(noise)
def command(
    draw: Callable[[], np.ndarray],
    *,
    image: str,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """Write the strip.

    Args:
        out: File to write: .png, .jpg or .webp; else the picture's name with -noise.png.
        json: Print what was made as JSON on stdout.
    """
    out = out or free(f"{Path(image).stem}-noise", ".png")
    check_writable(out)
    format_of(out)
    spare([image], out)
    strip = draw()
    write(out, strip)
    height, width = strip.shape[:2]
    say(f"{out}  {width} x {height}")
    if json:
        answer_json({"file": str(out), "width": width, "height": height})
