"""English grammar for captions: articles, plurals and number words.

A noun may carry a mark (see `nouns`): ``~bread`` is a mass noun, ``+glasses`` a plural noun.
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}

PLURALS = """
mouse mice; man men; woman women; child children; foot feet; tooth teeth; goose geese; wolf
wolves; leaf leaves; loaf loaves; knife knives; scarf scarves; sheep sheep; deer deer; fish
fish; squid squid; shrimp shrimp; bison bison; ox oxen; die dice; dice dice; cactus cacti;
moose moose; volcano volcanoes; tornado tornadoes; tomato tomatoes; potato potatoes; mango
mangoes; pufferfish pufferfish; blowfish blowfish; jellyfish jellyfish; buffalo buffalo;
superhero superheroes; person people; elf elves; sheaf sheaves
"""
IRREGULAR = {one: many for one, many in (pair.split() for pair in PLURALS.split(";"))}
"""Head words whose plural no rule gives."""

VOWEL_SOUND = ("hourglass", "8", "honest", "hour", "heir", "SUV", "ATM", "x-ray", "X-ray", "MRI")
CONSONANT_SOUND = (
    "unicorn",
    "uniform",
    "ufo",
    "ukulele",
    "one",
    "euro",
    "ewe",
    "university",
    "use",
)
JOINERS = frozenset(
    {"of", "with", "in", "behind", "over", "on", "without", "under", "at", "facing", "that"}
)
"""Words that end the head of a noun phrase: slices OF pizza, suns BEHIND a cloud."""
ING_NOUNS = frozenset({"ring", "wing", "spring", "painting", "building", "string"})
"""Nouns like participles; any other later word in -ing ends the head: hands MAKING hearts."""


@dataclass(frozen=True, slots=True)
class Noun:
    """One way to call a thing: its words, and how it counts ("count", "mass" or "plural")."""

    words: str
    counts: str = "count"

    @classmethod
    def parse(cls, text: str) -> Noun:
        """`~bread` -> mass, `+glasses` -> plural, anything else countable."""
        mark = {"~": "mass", "+": "plural"}.get(text[:1])
        return cls(text[1:], mark) if mark else cls(text)

    def __str__(self) -> str:
        return self.words


def article(words: str) -> str:
    """ "a" or "an", by sound: an hourglass, a unicorn, an X-ray, a UFO."""
    first = words.split()[0]
    if first.startswith(VOWEL_SOUND):
        return "an"
    if first.lower().startswith(CONSONANT_SOUND) and not first.lower().startswith(
        ("onion", "user")
    ):
        return "a"
    return "an" if first[0].lower() in "aeiou" else "a"


def indefinite(noun: Noun) -> str:
    """ "a cat", "an owl", "popcorn", "glasses"."""
    return f"{article(noun.words)} {noun.words}" if noun.counts == "count" else noun.words


def plural(words: str) -> str:
    """Plural of a noun phrase: slices of pizza, monkeys covering their eyes, bows and arrows."""
    parts = words.split(" ")
    cut = next((at for at, word in enumerate(parts) if at and _ends_head(word)), len(parts))
    head, rest = " ".join(parts[:cut]), parts[cut:]
    halves = head.split(" and ")
    many = " and ".join(
        half if len(halves) > 1 and half.endswith("s") else _plural_head(half) for half in halves
    )
    return " ".join([many, *(OWNERS.get(word, word) for word in rest)])


OWNERS = {"its": "their"}


def _ends_head(word: str) -> bool:
    return word in JOINERS or (word.endswith("ing") and len(word) > 4 and word not in ING_NOUNS)


def _plural_head(head: str) -> str:
    *front, last = head.split(" ")
    return " ".join([*front, _plural_word(head, last)])


def _plural_word(head: str, last: str) -> str:
    if head in IRREGULAR:
        return IRREGULAR[head]
    if last in IRREGULAR:
        return IRREGULAR[last]
    if last.endswith("man") and last != "human":
        return last[:-3] + "men"
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return last + "es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return last[:-1] + "ies"
    return last + "s"
