"""The commands, each in a file that is imported when the command is used."""

from __future__ import annotations

import difflib
import shlex
import signal
from collections.abc import Sequence
from typing import Any

from cyclopts import App, Parameter

from unstir import __version__
from unstir.apps.cli.meant import meant
from unstir.core.find import NotFound

COMMANDS = {
    "generate": "Draw pictures from a prompt.",
    "inpaint": "Repaint a part of a picture and keep the rest to the last bit.",
    "outpaint": "Paint beyond the border of a picture.",
    "vary": "Draw pictures like one there is.",
    "edit": "Say what a picture shows instead.",
    "trace": "Draw pictures along the lines of one there is.",
    "interpolate": "Draw a film from one picture to another.",
    "upscale": "Enlarge a picture.",
    "show": "Print the command that made a picture, or what a model is.",
    "noise": "Draw how a picture is stirred into noise, as a strip.",
    "train": "Train a recipe, or a model of your own pictures.",
    "distill": "Teach a student that draws what a model draws in 1, 2 or 4 steps.",
    "tune": "Find better paths for a model: the same steps, placed where they matter.",
    "quantize": "Make graphs that compute in 8 bits, for `--runtime int8`.",
    "data": "Build the emoji data set.",
    "evaluate": "Compare pictures with real ones.",
    "compare": "Compare diffusion with a GAN and a VAE on the same data.",
    "models": "List the models there are.",
    "doctor": "Check that everything works here.",
}
ALSO = {
    "generate": "Molecules, strings of them and proteins have options of their own: "
    "`unstir generate --model molecules --help`, also with `smiles` and `proteins`.",
    "inpaint": "Molecules, proteins and strings have options of their own: "
    "`unstir inpaint it.sdf --help`, also with `it.pdb`, and with `--model smiles`.",
    "evaluate": "Molecules, strings and proteins have options of their own: "
    "`unstir evaluate molecules --help`, also with `smiles`, `proteins` or a file of them.",
}
"""What the help of a command ends with, where pictures are not all it is for."""

app = App(
    name="unstir",
    help="Draw pictures from noise, offline, on a plain CPU.",
    help_epilogue='`unstir "A PROMPT"` is short for `unstir generate "A PROMPT"`. '
    "`--debug` shows where an error came from.",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative_iterable=()),
)
USAGES = {
    "molecules": "unstir generate --model molecules [OPTIONS]",
    "strings": "unstir generate --model smiles [OPTIONS]",
    "decorate": "unstir inpaint --model smiles [OPTIONS] SMILES",
    "measure": "unstir evaluate [OPTIONS] WHAT",
    "proteins": "unstir generate --model proteins [OPTIONS]",
    "scaffold": "unstir inpaint --keep STR [OPTIONS] PROTEIN",
    "complete": "unstir inpaint --keep STR [OPTIONS] MOLECULE",
}
"""What to write for the commands that have no name of their own."""
for _name, _usage in USAGES.items():
    app.command(
        f"unstir.apps.cli.{_name}:command", name=_name, show=False, usage=f"Usage: {_usage}"
    )
for _name, _help in COMMANDS.items():
    app.command(
        f"unstir.apps.cli.{_name}:command", name=_name, help=_help, help_epilogue=ALSO.get(_name)
    )


def run(words: Sequence[str]) -> None:
    """Run one command."""
    signal.signal(signal.SIGTERM, _terminate)
    first = words[0]
    if first.startswith("-") and first not in ("-h", "--help", "--version"):
        verb = next((word for word in words if word in COMMANDS), "generate")
        rest = shlex.join(word for word in words if word != verb)
        raise NotFound(f"{first} stands before the command; write: unstir {verb} {rest}")
    if not first.startswith("-") and first not in COMMANDS:
        near = difflib.get_close_matches(first, COMMANDS, 1, 0.7)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NotFound(
            f"no command {first!r}; to draw it: unstir generate {shlex.quote(first)}{hint}"
        )
    app([meant(words), *words[1:]], exit_on_error=False, print_error=False)


def _terminate(number: int, _: Any) -> None:
    """A termination signal leaves by the same way as an error: temporary files are removed."""
    raise SystemExit(128 + number)
