"""Adding a thing is adding one file: the file's name is the name of the thing in it.

    find("samplers", "ddim")        the function ddim of unstir/core/samplers/ddim.py
    names("samplers")               every file of that folder that does not begin with _

A group is a folder of `unstir.core` or of `unstir`, or a module of core with a `TABLE` (schedules,
paths, ...). No registry, no side effect: a checkpoint holds these names, and can never run code.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class NotFound(ValueError):
    """An unknown name; the message lists what there is, and the nearest."""


def find(group: str, name: str) -> Any:
    """The thing called `name` in `group`; NotFound says what there is."""
    module = _module(group)
    if not hasattr(module, "__path__"):
        return named(module.TABLE, name, group)
    if name not in names(group):
        raise _not_found(name, group, names(group))
    return getattr(import_module(f"{module.__name__}.{name}"), name)


def names(group: str) -> list[str]:
    """All names in a group, sorted."""
    module = _module(group)
    if not hasattr(module, "__path__"):
        return sorted(module.TABLE)
    files = (m.name for m in pkgutil.iter_modules(module.__path__))
    return sorted(name for name in files if not name.startswith("_"))


def named(table: Mapping[str, Any], name: str, group: str) -> Any:
    """`table[name]`, or NotFound."""
    if name not in table:
        raise _not_found(name, group, table)
    return table[name]


def _module(group: str) -> ModuleType:
    inner = f"unstir.core.{group}"
    return import_module(inner if find_spec(inner) else f"unstir.{group}")


def _not_found(name: str, group: str, there: Iterable[str]) -> NotFound:
    near = difflib.get_close_matches(str(name), list(there), 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return NotFound(f"no {name!r} in {group}; there are: {', '.join(sorted(there))}{hint}")
