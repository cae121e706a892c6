"""Which command a line means: what is no picture has commands of its own behind the same verbs.

meant(["inpaint", "--keep", "0-3", "it.sdf"])           "complete"
meant(["generate", "--model", "proteins"])              "proteins"
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from unstir.core.find import NotFound
from unstir.modalities.files import ending
from unstir.tasks.request import BadRequest

OTHERS = {"molecule": "molecules", "protein": "proteins", "string": "strings"}
"""Kinds of models that `generate` has another command for."""
FILES = {
    ".sdf": "complete", ".mol": "complete", ".xyz": "complete",
    ".pdb": "scaffold", ".ent": "scaffold", ".cif": "scaffold", ".mmcif": "scaffold",
    ".fasta": "scaffold",
}  # fmt: skip
"""Endings of files that `inpaint` has another command for; those of proteins also packed (.gz)."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
MODELS = {
    ".sdf": "molecules", ".mol": "molecules", ".xyz": "molecules", ".smi": "smiles",
    ".csv": "smiles", ".pdb": "proteins", ".cif": "proteins", ".fasta": "proteins",
}  # fmt: skip
"""The shipped model for what is written to a file of such an ending."""
GIVEN = ("--image", "--molecule", "--protein", "--smiles", "--what")
"""Flags by which what is read may be named."""
ASIDE = frozenset((
    "--out", "-o", "--preview", "--view", "--gif", "--pairs", "--model", "--keep", "--mask",
    "--against", "--training", "--prompts", "--features", "--split",
))  # fmt: skip
"""Flags whose word is a file or a name beside it."""
READ = "molecules (.sdf, .mol) and proteins (.pdb, .ent, .cif, .mmcif, also with .gz)"


def meant(words: Sequence[str]) -> str:
    """The command for what is not a picture, where it is not; else the one that is written."""
    verbs = {"generate": _generate, "inpaint": _inpaint, "evaluate": _evaluate}
    return verbs[words[0]](words) if words[0] in verbs else words[0]


def _generate(words: Sequence[str]) -> str:
    model = _value(words, "--model")
    if model:
        return OTHERS.get(_kind(model), "generate")
    _refuse_pictures(words, tuple(MODELS))
    return "generate"


def _inpaint(words: Sequence[str]) -> str:
    endings = map(ending, _read(words))
    known = next((one for one in endings if one in FILES or one in PICTURES), "")
    if known:
        return FILES.get(known, "inpaint")
    model = _value(words, "--model")
    if model and _kind(model) == "string":
        return "decorate"
    if not _helped(words) and any(word.partition("=")[0] == "--keep" for word in words):
        raise BadRequest(f"--keep is for {READ}{_unread(words)}")
    if not model:
        _refuse_pictures(words, (".smi", ".csv"))
    return "inpaint"


def _evaluate(words: Sequence[str]) -> str:
    from unstir.runtimes.manifest import BadModel
    from unstir.tasks.measure import files_of

    for word in _read(words):
        with suppress(BadModel, NotFound, OSError):
            return "measure" if _kind(word) in OTHERS else "evaluate"
        if files_of(word):
            return "measure"
        if os.path.isdir(os.path.expanduser(word)):
            return "evaluate"
    return "evaluate"


def _refuse_pictures(words: Sequence[str], endings: tuple[str, ...]) -> None:
    """Without a model pictures are drawn, which do not go to files of these endings."""
    out = _value(words, "--out", "-o")
    if ending(out) in endings and not _helped(words):
        raise BadRequest(
            f"without a model pictures are drawn, and {out} is for none; "
            f"give --model {MODELS[ending(out)]}"
        )


def _read(words: Sequence[str]) -> Iterator[str]:
    """The words that may name what a command reads."""
    for before, word in pairwise(words):
        flag, _, value = word.partition("=")
        if value and flag in GIVEN:
            yield value
        elif not word.startswith("-") and before not in ASIDE:
            yield word


def _unread(words: Sequence[str]) -> str:
    """What is said of a file of another ending, if one is named."""
    named = [(word, os.path.splitext(word)[1]) for word in _read(words)]
    files = [(word, last) for word, last in named if last[1:2].isalpha()]
    return f", and {files[0][0]} ends in {files[0][1]}" if files else "; name one"


def _value(words: Sequence[str], *flags: str) -> str:
    """What a command line gives to a flag, if anything."""
    tied = [word.partition("=")[2] for word in words if word.partition("=")[0] in flags]
    apart = [after for word, after in pairwise(words) if word in flags]
    return ([value for value in tied if value] + apart or [""])[-1]


def _helped(words: Sequence[str]) -> bool:
    return "--help" in words or "-h" in words


def _kind(model: str) -> str:
    """The kind of a model; NotFound or BadModel where there is none, or none that can be read."""
    from unstir.runtimes.manifest import read
    from unstir.runtimes.shelf import folder

    return read(folder(os.path.expanduser(model))).kind
