"""Typed reading of a JSON object: each method gives a value of the promised kind or says what is
there instead.

    fields = Fields(data);  fields.text("title");  fields.counts("shape", 2, 4)

Messages begin with a verb, for the caller puts the file's name in front of them.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MISSING: Any = object()
INT8 = "-int8"
"""What the name of a graph that computes in 8 bits ends with (quantize.py)."""


class Bad(ValueError):
    """A value that is not what it should be."""


@dataclass(frozen=True)
class Fields:
    """The fields of one JSON object; `place` is where it stands in the file, for the message."""

    data: Mapping[str, Any]
    place: str = ""

    def text(self, key: str, default: str = _MISSING) -> str:
        """A string of at most 10,000 characters."""
        value = self._value(key, default)
        ok = isinstance(value, str) and len(value) <= 10_000
        return value if ok else self._wrong(key, value, "text")

    def name(self, key: str) -> str:
        """A short plain name: letters, digits, ``.``, ``_`` and ``-``."""
        value = self._value(key)
        ok = isinstance(value, str) and _NAME.fullmatch(value)
        return value if ok else self._wrong(key, value, "a name of letters, digits, . _ -")

    def title(self, key: str) -> str:
        """A name as people give them: printable, short, no path."""
        value = self._value(key)
        ok = isinstance(value, str) and 1 <= len(value) <= 100 and value.isprintable()
        ok = ok and not set(value) & set("/\\:")
        return value if ok else self._wrong(key, value, "a name without slashes and colons")

    def choice(self, key: str, among: Sequence[str]) -> str:
        """One of a few words."""
        value = self._value(key)
        return value if value in among else self._wrong(key, value, "one of " + ", ".join(among))

    def count(self, key: str, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self._value(key)
        ok = type(value) is int and 1 <= value <= most
        return value if ok else self._wrong(key, value, f"a whole number from 1 to {most}")

    def counts(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """Between `least` and `most` positive whole numbers."""
        value = self._value(key)
        ok = isinstance(value, list) and least <= len(value) <= most
        ok = ok and all(type(v) is int and 1 <= v <= 65536 for v in value)
        return tuple(value) if ok else self._wrong(key, value, f"{least} to {most} sizes above 0")

    def number(self, key: str, default: float = _MISSING) -> float:
        """A finite number."""
        value = self._value(key, default)
        return float(value) if _finite(value) else self._wrong(key, value, "a number")

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, not empty."""
        value = self._value(key)
        ok = isinstance(value, list) and value and all(map(_finite, value))
        return tuple(value) if ok else self._wrong(key, value, "a list of numbers")

    def names(self, key: str, least: int = 0) -> list[str]:
        """A list of different, not empty strings; none where the field is missing."""
        value = self._value(key, [])
        ok = isinstance(value, list) and all(isinstance(v, str) and v for v in value)
        ok = ok and len(set(value)) == len(value) >= least
        return value if ok else self._wrong(key, value, "a list of different names")

    def table(self, key: str) -> Mapping[str, Any]:
        """An object; an empty one where the field is missing."""
        value = self._value(key, {})
        return value if isinstance(value, dict) else self._wrong(key, value, "an object { ... }")

    def texts(self, key: str) -> Mapping[str, str]:
        """An object of strings."""
        value = self.table(key)
        ok = all(isinstance(v, str) for v in value.values())
        return value if ok else self._wrong(key, value, "an object of texts")

    def part(self, key: str, none: bool = False) -> Any:
        """An object with a "name" and its numbers; None too where `none`."""
        value = self._value(key, None if none else _MISSING)
        named = isinstance(value, dict) and _NAME.fullmatch(str(value.get("name", "")))
        ok = named or (none and value is None)
        return value if ok else self._wrong(key, value, 'an object with a "name"')

    def only(self, known: Iterable[str]) -> None:
        """Refuse fields that nobody reads: a slip of the pen must not be lost in silence."""
        for key in self.data:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise Bad(f"has a field {key[:80]!r} that is not known{hint}")

    def _value(self, key: str, default: Any = _MISSING) -> Any:
        value = self.data.get(key, default)
        return self._wrong(key, value, "there") if value is _MISSING else value

    def _wrong(self, key: str, value: Any, wanted: str) -> Any:
        where = f"{self.place}.{key}" if self.place else key
        if value is _MISSING:
            raise Bad(f'has no "{where}"')
        raise Bad(f'has "{where}": {_short(value)}; it should be {wanted}')


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
