"""What never enters training: a stored rule, not a stored list.

A combination is a short text such as ``cat|wearing|top hat``, with canonical names; about a tenth
of them, chosen by a BLAKE2b hash, are held out of ``split="train"`` for good. ``next to`` is
symmetric, so its two names are sorted; ``under`` is written as ``above`` the other way round.
About a twentieth of the glyphs (never the common nouns of `nouns`) is held out the same way and
appears only in ``split="glyphs"``.
"""

from __future__ import annotations

from hashlib import blake2b

COMBINATIONS = 0.10
GLYPHS = 0.05
ALWAYS_TRAIN = frozenset(f"cat|wearing|{hat}" for hat in ("top hat", "sun hat", "cowboy hat"))
"""The first picture of the README is learned, not hoped for."""


def share(text: str) -> float:
    """A number in [0, 1) that is a pure function of the text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


def combination(subject: str, relation: str, other: str) -> str:
    """The canonical text of a pair: order-free for "next to", top first for "above"."""
    if relation == "under":
        subject, relation, other = other, "above", subject
    if relation == "next to":
        subject, other = sorted((subject, other))
    return f"{subject}|{relation}|{other}"


def held(subject: str, relation: str, other: str) -> bool:
    """True when this combination never enters training."""
    text = combination(subject, relation, other)
    return text not in ALWAYS_TRAIN and share(text) < COMBINATIONS


def held_glyph(id: str) -> bool:
    """True when a glyph outside the common nouns never enters training."""
    return share(f"glyph|{id}") < GLYPHS
