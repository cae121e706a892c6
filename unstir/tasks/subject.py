"""What a picture is to show: prompts and labels as a model's condition, and what was lost on the
way.

    subject = understood(model, "a cat", "blurry")
    subject.pos, subject.neg, subject.notes

Nothing is cut or ignored in silence: `notes` tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unstir.conditions.numbers import Numbers
from unstir.conditions.text import Text
from unstir.conditions.tokens import Tokens
from unstir.runtimes.model import Model
from unstir.tasks.request import BadRequest, cleaned

SHOWN = 60
"""Characters of unknown words that a note repeats."""


@dataclass(frozen=True)
class Subject:
    """One row of tokens with and one against; None where the model takes no condition."""

    prompt: str | None
    negative: str
    pos: Tokens | None = None
    neg: Tokens | None = None
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the model would take a condition and is told nothing."""
        return self.pos is not None and not self.pos.mask.any()


def understood(
    model: Model, prompt: str | None, negative: str, want: str | None = None
) -> Subject:
    """The subject of a request, for some models numbers that are wished for (`want`); BadRequest
    where it and the model do not go together."""
    name, said = model.manifest.name, model.manifest.condition
    if isinstance(model.condition, Numbers):
        return _numbers(model.condition, want or "")
    if want:
        raise BadRequest(f"{name} takes no wishes: it draws without; leave want out")
    if model.condition is None or said is None:
        if prompt or negative:
            raise BadRequest(f"{name} takes no prompt: it draws without one; leave it out")
        return Subject(None, "")
    if prompt is None:
        raise BadRequest(
            f'{name} draws what it is told; give a prompt, or "" for anything it knows'
        )
    if said["name"] == "labels":
        pos, neg = model.condition.encode([prompt]), model.condition.encode([negative])
        return Subject(prompt, negative, pos, neg, _empty(pos))
    return _text(model, prompt, negative, said["length"])


def _numbers(condition: Numbers, want: str) -> Subject:
    try:
        wish = condition.read(want)
    except ValueError as error:
        raise BadRequest(f"want is {want!r}: {error}") from None
    return Subject(None, "", condition.encode([wish]), condition.null(1))


def _text(model: Model, prompt: str, negative: str, length: int) -> Subject:
    assert model.condition is not None
    prompt, notes = cleaned("prompt", prompt)
    negative, more = cleaned("negative prompt", negative)
    pos, neg = model.condition.encode([prompt]), model.condition.encode([negative])
    told = [*notes, *more, *_empty(pos)]
    if isinstance(model.condition, Text):
        told += _unknown(model.manifest.name, model.condition, prompt, negative)
    for which, tokens in (("prompt", pos), ("negative prompt", neg)):
        if any(tokens.truncated):
            told.append(
                f"the {which} is longer than {model.manifest.name} reads: {length} tokens, "
                f"about {max(1, (length - 2) * 3 // 4)} words; the rest has no effect"
            )
    return Subject(prompt, negative, pos, neg, tuple(told))


def _unknown(name: str, condition: Text, prompt: str, negative: str) -> Iterator[str]:
    """Words that are lost, however many and however long."""
    here, there = (_cut(" ".join(condition.unknown(text))) for text in (prompt, negative))
    if here:
        yield f"{name} does not know {here}: it draws without"
    if there:
        yield f"{name} does not know {there} in the negative prompt: it cannot keep away from it"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def _empty(pos: Tokens) -> tuple[str, ...]:
    told = "the prompt is empty: the picture shows anything the model knows"
    return () if pos.mask.any() else (told,)
