"""The command ``unstir``: see docs/cli.md.

    unstir generate "a cat wearing a hat" -o cat.png
    unstir "a cat wearing a hat"

Results that were asked for as text go to stdout; progress, notes and errors to stderr. `main`
returns the exit code (`errors.CODES`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

MENU = """\
unstir draws pictures from noise, offline, on a plain CPU.

  unstir "a cat wearing a hat"                      draw a picture
  unstir generate "a red star" -o star.png --n 4    draw four, with choices
  unstir inpaint cat.png "a cat wearing a hat" --box 60,0,130,90   repaint a part
  unstir outpaint photo.jpg "a red car on a road" --left 90        paint beyond the border
  unstir vary star-1.png                            draw others like it
  unstir edit cat.png "a dog" --from "a cat"        say what a picture shows instead
  unstir interpolate "a cat" "a dog" -o it.gif      from one to the other
  unstir upscale photo.jpg -o large.png             four times its size
  unstir show star-1.png                            the command that made a picture
  unstir noise photo.jpg                            how a picture is stirred into noise
  unstir train FOLDER --out runs/mine               learn from your own pictures
  unstir evaluate MODEL --against FOLDER            how good are its pictures?
  unstir models                                     the models there are
  unstir doctor                                     is everything all right?

`unstir COMMAND --help` tells more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if not words:
        print(MENU)
        return 0
    if words == ["--version"]:
        from unstir import __version__

        print(f"unstir {__version__}")
        return 0
    if " " in words[0].strip() and not words[0].startswith("-"):
        words = ["generate", *words]
    from unstir.apps.cli.run import run

    return run(words, debug)
