"""The command ``unstir``: see docs/cli.md.

    unstir generate "a cat wearing a hat" -o cat.png
    unstir "a cat wearing a hat"

Results that were asked for as text go to stdout; progress, notes and errors to stderr. `main`
returns the exit code (`errors.CODES`).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO

MENU = """\
unstir draws pictures from noise, offline, on a plain CPU. `unstir COMMAND --help` tells more.

  unstir "a cat wearing a hat"                      draw a picture
  unstir generate "a red star" -o star.png --n 4    draw four, with choices
  unstir generate --model molecules -o it.sdf       molecules; or smiles, or proteins
  unstir inpaint it.sdf --keep 0-4                  around a part of one; or of it.pdb
  unstir inpaint cat.png "a cat wearing a hat" --box 60,0,130,90   repaint a part
  unstir outpaint photo.jpg "a red car on a road" --left 90        paint beyond the border
  unstir vary star-1.png                            draw others like it
  unstir edit cat.png "a dog" --from "a cat"        say what a picture shows instead
  unstir trace photo.jpg "a red fox"                draw along its lines
  unstir interpolate "a cat" "a dog" -o it.gif      from one to the other
  unstir upscale photo.jpg -o large.png             four times its size
  unstir show star-1.png                            the command that made a picture
  unstir noise photo.jpg                            how a picture is stirred into noise
  unstir train FOLDER --out runs/mine               learn from your own pictures
  unstir evaluate MODEL --against FOLDER            how good are its pictures?
  unstir compare digits --out runs/versus           diffusion, GAN and VAE, measured
  unstir tune MODEL, unstir distill MODEL, unstir quantize MODEL    make it faster
  unstir models, unstir doctor                      what there is; is everything all right?"""
CANCELLED = 130
"""The exit code after Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code, whatever happens in it."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's, which spin as soon as they start
    _open()
    try:
        return _run([word for word in words if word != "--debug"], debug)
    except KeyboardInterrupt:
        print("\ncancelled; nothing was left half-written", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        return 0
    except SystemExit as leaving:  # as rich answers to the same
        if isinstance(leaving.__context__, BrokenPipeError):
            return 0
        raise
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _run(words: list[str], debug: bool) -> int:
    try:
        if not words:
            print(MENU)
        elif words == ["--version"]:
            from unstir import __version__

            print(f"unstir {__version__}")
        else:
            if " " in words[0].strip() and not words[0].startswith("-"):
                words = ["generate", *words]
            from unstir.apps.cli.run import run

            run(words)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        raise
    except Exception as error:
        from unstir.apps.cli.errors import tell

        return tell(error, debug)


def _open() -> None:
    """Streams that are closed take what nobody reads; what stdout cannot spell is escaped."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _let_go(stream: TextIO) -> None:
    """What could not be written must not fail once more when the interpreter ends."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
