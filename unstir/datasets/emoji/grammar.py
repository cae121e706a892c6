"""English grammar for captions: articles, plurals and number words.

A noun may carry a mark (see `nouns`): ``~bread`` is a mass noun, ``+glasses`` a plural noun.
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}

IRREGULAR = {
    "mouse": "mice", "man": "men", "woman": "women", "child": "children", "foot": "feet", "tooth": "teeth",
    "goose": "geese", "wolf": "wolves", "leaf": "leaves", "loaf": "loaves", "knife": "knives", "scarf": "scarves",
    "sheep": "sheep", "deer": "deer", "fish": "fish", "squid": "squid", "shrimp": "shrimp", "bison": "bison",
    "ox": "oxen", "die": "dice", "dice": "dice", "cactus": "cacti", "yo-yo": "yo-yos", "moose": "moose",
    "police officer": "police officers", "salad": "salads", "poop": "poops", "piano": "pianos", "photo": "photos",
    "avocado": "avocados", "kimono": "kimonos", "burrito": "burritos", "taco": "tacos", "rhino": "rhinos",
    "hippo": "hippos", "kangaroo": "kangaroos", "flamingo": "flamingos", "UFO": "UFOs", "volcano": "volcanoes",
    "tornado": "tornadoes", "tomato": "tomatoes", "potato": "potatoes", "mango": "mangoes", "pufferfish": "pufferfish",
    "blowfish": "blowfish", "jellyfish": "jellyfish", "dodo": "dodos", "buffalo": "buffalo",
    "Santa Claus": "Santa Clauses", "gas": "gases", "dress": "dresses", "SUV": "SUVs", "TV": "TVs", "iris": "irises",
}  # fmt: skip
"""Head words whose plural no rule gives."""

VOWEL_SOUND = ("hourglass", "honest", "hour", "heir", "SUV", "ATM", "x-ray", "X-ray", "MRI")
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
JOINERS = (" of ", " with ", " in ", " behind ", " over ", " on ", " without ", " and ", " under ", " facing ",
           " showing ", " blowing ", " holding ", " wearing ", " sticking ")  # fmt: skip


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
    """Plural of a noun phrase; the head word comes before the first "of", "with" ...: slices of pizza."""
    cut = min(
        (at for at in (words.find(joiner) for joiner in JOINERS) if at > 0), default=len(words)
    )
    head, rest = words[:cut], words[cut:]
    *front, last = head.split(" ")
    return " ".join([*front, _plural_word(head, last)]) + rest


def _plural_word(head: str, last: str) -> str:
    if head in IRREGULAR:
        return IRREGULAR[head].split(" ")[-1]
    if last in IRREGULAR:
        return IRREGULAR[last]
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return last + "es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return last[:-1] + "ies"
    return last + "s"
