"""What a person may ask for in numbers and words: checked before any work, with the way out in the
message.
"""

from __future__ import annotations

import secrets
from numbers import Real
from operator import index
from typing import Any

LONGEST_PROMPT = 2000
"""Characters of a prompt that are read at all; a text encoder reads far fewer."""
MOST_SEED = 2**63


_JOINERS = "\u200c\u200d"
"""Not printable by themselves, but parts of words and of emoji."""


def harmless(c: str) -> bool:
    """Whether a character may go to a terminal: no control, no override of direction, no half."""
    return c.isprintable() or c in _JOINERS


class BadRequest(ValueError):
    """A value that was asked for and cannot be had."""


def whole(name: str, value: Any, least: int, most: int) -> int:
    """`value` as an int, also of numpy, or BadRequest."""
    exact = None if isinstance(value, bool) or not hasattr(value, "__index__") else index(value)
    if exact is None or not least <= exact <= most:
        raise BadRequest(f"{name} is {value!r}; give a whole number from {least} to {most:,}")
    return exact


def number(name: str, value: float, least: float, most: float) -> float:
    """`value` as a float, or BadRequest."""
    if not isinstance(value, Real) or not least <= value <= most:
        raise BadRequest(f"{name} is {value!r}; give a number from {least:g} to {most:g}")
    return float(value)


def words(name: str, value: Any) -> str:
    """`value` itself, or BadRequest."""
    if not isinstance(value, str):
        raise BadRequest(f"{name} is {value!r}; give text")
    return value


def seed_or_drawn(seed: int | None) -> int:
    """The seed, or a fresh one short enough to write down."""
    if seed is None:
        return secrets.randbelow(2**32)
    return whole("seed", seed, 0, MOST_SEED - 1)


def cleaned(name: str, text: str) -> tuple[str, list[str]]:
    """A prompt without control characters and broken surrogates, cut to length; and what was
    changed."""
    words(name, text)
    plain, told = "".join(c if harmless(c) else " " for c in text), []
    if any(not harmless(c) and c not in "\t\n\r" for c in text):
        told.append(f"the {name} has control characters or broken ones; they are read as spaces")
    if len(plain) > LONGEST_PROMPT:
        size = f"{len(plain):,} characters"
        told.append(f"the {name} has {size}; only the first {LONGEST_PROMPT:,} are taken")
    return plain[:LONGEST_PROMPT], told
