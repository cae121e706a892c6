"""The common nouns: one line per glyph, `codepoints name, synonym, ...`, in sections by group.

The first name is the canonical one. A word may carry a mark: `~popcorn` is a mass noun (no
article, no plural), `+glasses` is a plural noun. Everything else is countable; plurals come from
`grammar.plural`. A line that starts with `!` is drawn twice as often (the glyph people ask for
first). Names were chosen by looking at the pictures; every synonym still identifies the object.
"""

from __future__ import annotations

from unstir.datasets.emoji.living import ANIMALS, FACES, FOOD, PEOPLE, PLANTS
from unstir.datasets.emoji.things import OBJECTS, PLACES, SKY, VEHICLES

SECTIONS = {
    "animal": ANIMALS,
    "food": FOOD,
    "plant": PLANTS,
    "vehicle": VEHICLES,
    "place": PLACES,
    "sky": SKY,
    "object": OBJECTS,
    "face": FACES,
    "person": PEOPLE,
}
"""Group of a common noun -> its table."""
