"""Captions: what a scene shows, said in one of many ways.

Everything is a pure function of the scene's parts and a generator. A caption names the background
only where the scene says so; a background nobody names is nearly always white.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from unstir.datasets.emoji.grammar import NUMBERS, Noun, article, indefinite, plural

PREFIXES = (
    "an emoji of",
    "a picture of",
    "a 3D icon of",
    "a drawing of",
    "an icon of",
    "a photo of",
    "an illustration of",
    "an image of",
)
BACKGROUNDS = (
    "{} on {a} {c} background",
    "{} on {a} {c} background",
    "{} on {a} {c} background",
    "{} with {a} {c} background",
    "{} in front of {a} {c} background",
    "{}, {c} background",
    "{} on {c}",
    "{} against {a} {c} background",
)
WEARING = (
    "{s} wearing {a}",
    "{s} wearing {a}",
    "{s} wearing {a}",
    "{s} with {a}",
    "{s} in {a}",
    "{S} wearing {a}",
    "{S} with {a}",
    "{an} {A}-wearing {S}",
    "{s} that wears {a}",
)
HOLDING = (
    "{s} holding {a}",
    "{s} holding {a}",
    "{S} holding {a}",
    "{s} carrying {a}",
    "{s} that holds {a}",
)
RELATIONS = {
    "next to": (
        "{s} next to {a}",
        "{s} next to {a}",
        "{s} beside {a}",
        "{s} and {a}",
        "{S} next to {A}",
        "{s} and {a} side by side",
        "{s} to the left of {a}",
    ),
    "above": ("{s} above {a}", "{s} above {a}", "{s} over {a}", "{S} above {A}"),
    "under": (
        "{s} under {a}",
        "{s} under {a}",
        "{s} below {a}",
        "{s} beneath {a}",
        "{S} under {A}",
    ),
    "on top of": (
        "{s} on top of {a}",
        "{s} on top of {a}",
        "{s} sitting on {a}",
        "{S} on top of {A}",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A caption under way: a generator that picks one phrase of several."""

    rng: Generator

    def one(self, options: tuple[str, ...]) -> str:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def noun(self, names: tuple[str, ...]) -> Noun:
        """The canonical name three times in five, else a synonym."""
        return Noun.parse(
            names[0] if len(names) == 1 or self.rng.random() < 0.6 else self.one(names[1:])
        )

    def pair(self, templates: tuple[str, ...], subject: Noun, other: Noun) -> str:
        """A template filled with both nouns; hyphen forms need a countable, simple word."""
        template = self.one(templates)
        if "-wearing" in template and (
            other.counts != "count" or " " in other.words or subject.counts != "count"
        ):
            template = templates[0]
        return template.format(
            s=indefinite(subject),
            a=indefinite(other),
            S=subject.words,
            A=other.words,
            an=article(other.words),
        )

    def background(self, text: str, color: str | None) -> str:
        """Append the background's color, when it is to be named (but no second "with")."""
        if color is None:
            return text
        form = self.one(BACKGROUNDS)
        form = BACKGROUNDS[0] if " with " in text and " with " in form else form
        return form.format(text, a=article(color), c=color)

    def prefix(self, text: str) -> str:
        """Now and then "an emoji of ..."."""
        return f"{self.one(PREFIXES)} {text}" if self.rng.random() < 0.1 else text


def single(rng: Generator, names: tuple[str, ...]) -> str:
    """ "a cat", "cat", "a picture of a cat"."""
    said = Said(rng)
    noun = said.noun(names)
    return said.prefix(indefinite(noun)) if rng.random() < 0.7 else noun.words


def count(rng: Generator, names: tuple[str, ...], number: int) -> str:
    """ "three stars", "3 stars", "two slices of pizza"."""
    said = Said(rng)
    countable = tuple(name for name in names if name[0] not in "~+")
    many = plural(said.noun(countable).words)
    return said.prefix(f"{number if rng.random() < 0.15 else NUMBERS[number]} {many}")


def wearing(rng: Generator, subject: tuple[str, ...], accessory: tuple[str, ...]) -> str:
    """ "a cat wearing a hat", "cat with a hat", "a hat-wearing cat"."""
    said = Said(rng)
    worn = Noun.parse(said.one(accessory))
    return said.prefix(said.pair(WEARING, said.noun(subject), worn))


def holding(rng: Generator, subject: tuple[str, ...], other: tuple[str, ...]) -> str:
    """ "a bear holding a balloon"."""
    said = Said(rng)
    return said.prefix(said.pair(HOLDING, said.noun(subject), said.noun(other)))


def relation(rng: Generator, subject: tuple[str, ...], how: str, other: tuple[str, ...]) -> str:
    """ "a cat next to a dog", "a star above a house"."""
    said = Said(rng)
    return said.prefix(said.pair(RELATIONS[how], said.noun(subject), said.noun(other)))


def with_background(rng: Generator, text: str, color: str | None) -> str:
    """The caption with the background named, or as it was."""
    return Said(rng).background(text, color)
