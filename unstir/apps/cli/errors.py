"""Exit codes, and what is said when something goes wrong: at most three lines, a traceback with
``--debug`` only.

    0    done
    2    the command line: an unknown option or name, a number out of range
    3    something that was named cannot be used, or not for this: a model, a picture, a folder, an
         output
    4    this machine lacks something: disk space, memory, an optional package
    70   a mistake in unstir itself
    130  cancelled with Ctrl-C (143 by a termination signal)
"""

from __future__ import annotations

import errno
import re
import shlex
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from unstir.tasks.request import harmless

BUG = 70
CODES = {
    "CycloptsError": 2, "BadRequest": 2, "NotFound": 2, "BadEnding": 2,
    "BadModel": 3, "BadPicture": 3, "BadFolder": 3, "Diverged": 3, "ValueError": 3,
    "FileNotFoundError": 3, "FileExistsError": 3, "IsADirectoryError": 3,
    "NotADirectoryError": 3, "PermissionError": 3, "CheckpointError": 3, "Busy": 3,
    "CannotWrite": 4, "NotFinite": 4, "MemoryError": 4, "OSError": 4, "ImportError": 4,
    "FetchError": 4, "BadMolecule": 3, "BadProtein": 3,
}  # fmt: skip
"""Exit code by the name of the error's class or, failing that, of the nearest class above it."""
_FULL = "; make room there, or write elsewhere"
_WAYS_OUT = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: "; write elsewhere"}


def code_of(error: BaseException) -> int:
    """The exit code of an error; names, so that no module is imported to compare with."""
    return next((CODES[c.__name__] for c in type(error).__mro__ if c.__name__ in CODES), BUG)


def tell(error: BaseException, debug: bool) -> int:
    """Say on stderr what went wrong, and return the exit code."""
    code = code_of(error)
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if code == BUG:
        kind = type(error).__name__
        print(f"error: {kind}: {error}", file=sys.stderr)
        print("this is a mistake in unstir; add --debug to see where", file=sys.stderr)
        return code
    print(f"error: {_text(error)}", file=sys.stderr)
    if code == 2:
        print(
            "`unstir --help` lists the commands, `unstir COMMAND --help` its options",
            file=sys.stderr,
        )
    return code


def _text(error: BaseException) -> str:
    if type(error).__name__ == "MissingArgumentError":
        return plain(_missing(error))
    if type(error).__name__ == "UnusedCliTokensError":
        words = " ".join(getattr(error, "unused_tokens", []))
        return f"too many words: {plain(words)}; put a prompt of several words in quotes"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ImportError):
        where = f"{error.filename}: " if error.filename else ""
        return plain(f"{where}{error.strerror}{_WAYS_OUT.get(error.errno or 0, '')}")
    return plain(str(error)) or type(error).__name__


def _missing(error: Any) -> str:
    """What is not there, and what it would be, or for what a slip was made of it."""
    from unstir.apps.cli.derive import explained

    argument, typed = error.argument, error.keyword
    name = argument.field_info.name.upper() if argument.field_info.is_positional else argument.name
    count, had = argument.token_count()[0], len(error.tokens_so_far)
    behind = f"{typed} takes {count} word{'s' * (count > 1)}, not {had}"
    if count == 1 and (word := _dashed(error.root_input_tokens, typed)):
        tied = f"{typed}={shlex.quote(word)}"
        return f"{behind}; what begins with a dash is tied to it by =: {tied}"
    what = behind if typed else f"{name} is missing"
    if slip := str(error).partition("Did you mean ")[2]:
        return f"{what}; did you mean {slip}"
    told = explained(error.target, argument.field_info.name) if error.target else ""
    return f"{what}: {told}" if told else what


def _dashed(words: Sequence[str], flag: str) -> str:
    """What follows a flag, begins with a dash, and looks like no flag itself."""
    behind = (word for before, word in pairwise(words) if before == flag)
    return next((w for w in behind if re.match("-(?!-?[a-z][a-z-]*(=|$))", w)), "")


def plain(text: str) -> str:
    """Text from a file or a person, safe for a terminal: control characters are shown, not
    obeyed."""
    return "".join(c if harmless(c) or c == "\n" else ascii(c)[1:-1] for c in text)
