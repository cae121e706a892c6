"""A state of several fields that computes like one array.

    x = Fields({"positions": p, "bonds": e});  y = 0.5 * x + noise

Samplers, guidance and edits meet only ``+ - *`` with floats and with their own kind, so composite
data (positions and bonds, a picture and its depth) passes through all of them unchanged. The names
must agree; arrays are never looked into.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unstir.core.namespace import namespace


def _binary(op: Callable[[Any, Any], Any]) -> Callable[[Fields, Any], Fields]:
    return lambda self, other: _over(op, self, other)


def _divide(a: Any, b: Any) -> Any:
    return a / b


def _swapped(op: Callable[[Any, Any], Any]) -> Callable[[Fields, Any], Fields]:
    return lambda self, other: _over(op, other, self)


@dataclass(frozen=True, eq=False, slots=True)
class Fields:
    """Named arrays with arithmetic: a float meets every field, another `Fields` its namesakes."""

    arrays: Mapping[str, Any]

    __array_ufunc__ = None  # numpy scalars and arrays leave the operators to us

    def __getitem__(self, name: str) -> Any:
        return self.arrays[name]

    def map(self, f: Callable[[Any], Any]) -> Fields:
        """f of every field."""
        return _over(f, self)

    @property
    def namespace(self) -> Any:
        """exp, where, clip, ... field by field."""
        return _Namespace()

    __add__, __radd__ = _binary(operator.add), _swapped(operator.add)
    __sub__, __rsub__ = _binary(operator.sub), _swapped(operator.sub)
    __mul__, __rmul__ = _binary(operator.mul), _swapped(operator.mul)
    __truediv__, __rtruediv__ = _binary(_divide), _swapped(_divide)
    __lt__, __gt__ = _binary(operator.lt), _binary(operator.gt)

    def __neg__(self) -> Fields:
        return self.map(operator.neg)


class _Namespace:
    """The functions of each field's own namespace, mapped."""

    def __getattr__(self, name: str) -> Callable[..., Fields]:
        def function(*args: Any) -> Fields:
            return _over(lambda *parts: getattr(_array_namespace(parts), name)(*parts), *args)

        return function


def _array_namespace(parts: tuple[Any, ...]) -> Any:
    return namespace(next(part for part in parts if not isinstance(part, (int, float))))


def _over(f: Callable[..., Any], *args: Any) -> Fields:
    """f field by field; what is not `Fields` is the same for all."""
    first = next(a for a in args if isinstance(a, Fields))
    names = first.arrays.keys()
    for other in args:
        if isinstance(other, Fields) and other.arrays.keys() != names:
            raise ValueError(f"fields {sorted(other.arrays)} do not meet fields {sorted(names)}")

    def pick(name: str) -> list[Any]:
        return [a.arrays[name] if isinstance(a, Fields) else a for a in args]

    return Fields({name: f(*pick(name)) for name in names})
