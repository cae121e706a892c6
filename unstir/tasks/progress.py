"""How far long work is, for tasks that make no pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total` parts; `text` is what is going on."""

    done: int
    total: int
    text: str
