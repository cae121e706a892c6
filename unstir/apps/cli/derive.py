"""A command out of a task: the task's typed signature becomes flags, the command adds its own.

    @derived(generate)
    def command(draw, *, out=None, json=False): ...     # draw() is the task with the flags bound

So a parameter and its help are written once, in the task; what a list of numbers is of stands in
its type, as in Annotated[tuple[int, int], "LEAST,MOST"]. A flag that both name goes to both, and
what a task says nothing of means what it does for those it is `like`.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from cyclopts import Parameter, Token


def derived(
    task: Callable[..., Any], *like: Callable[..., Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command whose first argument is the bound task and the rest are its own flags."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        asked = inspect.signature(task, eval_str=True).parameters
        own = dict(list(inspect.signature(command, eval_str=True).parameters.items())[1:])

        every = [own.get(name, p).replace(kind=p.kind) for name, p in asked.items()]
        every += [parameter for name, parameter in own.items() if name not in asked]
        signature = inspect.Signature([_strict(parameter) for parameter in every])

        def run(*args: Any, **flags: Any) -> None:
            given = signature.bind(*args, **flags).arguments
            theirs = {name: value for name, value in given.items() if name in asked}
            mine = {name: value for name, value in given.items() if name in own}
            command(partial(task, **theirs), **mine)

        setattr(run, "__signature__", signature)  # noqa: B010
        run.__doc__ = _help(task) + _args(command) + _missing(task, like)
        return run

    return decorate


def _help(function: Callable[..., Any]) -> str:
    return inspect.cleandoc(function.__doc__ or "")


def _args(function: Callable[..., Any]) -> str:
    """What stands below "Args:", each parameter with its lines."""
    return _help(function).partition("Args:")[2]


def _missing(task: Callable[..., Any], like: Sequence[Callable[..., Any]]) -> str:
    """The help of other tasks for parameters that this one has too and does not explain."""
    said, asked = _entries(_args(task)), inspect.signature(task).parameters
    theirs = {k: v for other in reversed(like) for k, v in _entries(_args(other)).items()}
    return "".join(f"\n    {v}" for k, v in theirs.items() if k in asked and k not in said)


def explained(command: Callable[..., Any], name: str) -> str:
    """The help of a parameter, on one line; nothing where there is none."""
    entry = _entries(_args(command)).get(name, "")
    return " ".join(entry.partition(": ")[2].split())


def _entries(text: str) -> dict[str, str]:
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", text, re.MULTILINE)
    return {name: f"{name}: {told}" for name, told in found}


def _strict(parameter: inspect.Parameter) -> inspect.Parameter:
    """Whole numbers stay whole: 1.5 is refused, not rounded. What is off needs no flag to be
    off. A path may begin with ~, which no shell expands behind a =."""
    if parameter.default is False:
        return parameter.replace(annotation=Annotated[bool, Parameter(negative=())])
    asked = parameter.annotation
    plain, *told = get_args(asked) if get_origin(asked) is Annotated else [asked]
    kinds = {plain, *get_args(plain)}
    lists = [len(get_args(k)) for k in kinds if get_origin(k) is tuple and int in get_args(k)]
    if lists:
        hint = Parameter(
            converter=partial(_list, lists[0]), n_tokens=1, metavar=told[0],
            allow_leading_hyphen=True, show_default=_typed if parameter.default else None,
        )  # fmt: skip
        return parameter.replace(annotation=Annotated[plain, hint])
    if Path in kinds and str not in kinds:
        return parameter.replace(annotation=Annotated[asked, Parameter(converter=_path)])
    if int not in kinds or float in kinds:
        return parameter
    words = [w for kind in kinds for w in get_args(kind) if isinstance(w, str)]
    hint = Annotated[parameter.annotation, Parameter(converter=partial(_whole, words))]
    return parameter.replace(annotation=hint)


def _typed(value: Sequence[int]) -> str:
    """A list as it is given to its flag."""
    return ",".join(map(str, value))


def _list(count: int, _: Any, tokens: tuple[Token, ...]) -> tuple[int, ...]:
    parts = tokens[0].value.split(",")
    if len(parts) != count or not all(re.fullmatch(r" *-?\d{1,18} *", part) for part in parts):
        raise ValueError(f"{tokens[0].value!r} is not {count} whole numbers with commas between")
    return tuple(map(int, parts))


def _path(_: Any, tokens: tuple[Token, ...]) -> Path:
    return Path(os.path.expanduser(tokens[0].value))


def _whole(words: list[str], _: Any, tokens: tuple[Token, ...]) -> int | str:
    text = tokens[0].value
    if text in words:
        return text
    try:
        return int(text)
    except ValueError:
        also = "".join(f" or {word}" for word in words)
        raise ValueError(f"{text!r} is not a whole number{also}") from None
