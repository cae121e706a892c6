"""Where a hat, glasses and a scarf go, measured by eye on each glyph (all numbers are shares of its square).

One line per subject: ``id | hat x y width | eyes x y width | neck x y width``, where the hat's brim lies at
(x, y) and the head is `width` wide there; glasses are centered at the eyes and `width` wide; the scarf's band
is centered at the neck. ``-`` means the thing cannot be worn there.
"""

from __future__ import annotations

from dataclasses import dataclass

Spot = tuple[float, float, float]

SUBJECTS = """
1f431 | .50 .34 .60 | .50 .57 .62 | .50 .93 .72
1f436 | .50 .18 .52 | .50 .42 .56 | .50 .92 .70
1f42d | .50 .40 .40 | .50 .70 .46 | .50 .93 .46
1f439 | .50 .34 .48 | .50 .61 .56 | .50 .92 .60
1f430 | .50 .37 .58 | .50 .57 .54 | .50 .92 .62
1f98a | .50 .27 .50 | .50 .60 .56 | .50 .92 .46
1f43b | .50 .21 .54 | .50 .52 .56 | .50 .91 .74
1f43c | .50 .24 .56 | .50 .52 .62 | .50 .92 .74
1f428 | .50 .28 .48 | .50 .58 .66 | .50 .91 .66
1f42f | .50 .19 .52 | .50 .49 .56 | .50 .93 .66
1f981 | .50 .17 .58 | .50 .46 .56 | .50 .92 .60
1f42e | .50 .24 .44 | .50 .46 .52 | .50 .91 .54
1f437 | .50 .22 .48 | .50 .52 .58 | .50 .91 .60
1f438 | .50 .17 .62 | .50 .31 .74 | .50 .91 .74
1f435 | .50 .27 .58 | .50 .49 .52 | .50 .92 .56
1f43a | .50 .33 .48 | .50 .49 .56 | .50 .93 .42
1f99d | .50 .29 .52 | .50 .63 .60 | .50 .93 .50
1f43b-200d-2744 | .50 .22 .54 | .50 .52 .56 | .50 .92 .74
1f434 | .46 .19 .40 | - | -
1f984 | .52 .19 .40 | - | -
1f427 | .50 .27 .36 | .49 .34 .32 | .50 .50 .44
1f989 | .50 .15 .54 | .50 .30 .64 | .50 .52 .58
1f424 | .37 .20 .36 | - | -
1f425 | .50 .21 .42 | .50 .30 .40 | .50 .47 .46
1f426 | .41 .13 .36 | - | -
1f986 | .33 .14 .28 | - | .31 .42 .28
1f9f8 | .50 .16 .38 | .50 .27 .34 | .50 .48 .40
1f419 | .50 .21 .50 | .50 .43 .72 | .50 .62 .50
1f600 | .50 .15 .58 | .50 .32 .70 | .50 .92 .58
1f642 | .50 .19 .64 | .50 .37 .72 | .50 .92 .58
1f60a | .50 .21 .66 | .50 .36 .70 | .50 .92 .58
1f602 | .50 .19 .64 | .50 .34 .72 | .50 .92 .58
1f60d | .50 .16 .58 | - | .50 .92 .58
1f609 | .50 .17 .60 | .50 .42 .68 | .50 .92 .58
1f622 | .50 .17 .60 | .50 .45 .72 | .50 .92 .58
1f620 | .50 .21 .66 | .50 .53 .72 | .50 .92 .58
1f62e | .50 .18 .62 | .50 .37 .68 | .50 .92 .58
1f641 | .50 .18 .62 | .50 .42 .72 | .50 .92 .58
1f608 | .50 .18 .46 | .50 .54 .72 | .50 .92 .58
1f480 | .50 .18 .62 | .50 .50 .78 | .50 .90 .50
1f47b | .50 .17 .48 | .50 .27 .50 | .50 .58 .52
1f47d | .50 .19 .60 | .50 .52 .80 | .50 .91 .40
1f916 | .50 .20 .60 | .50 .41 .68 | .50 .92 .66
1f921 | .50 .17 .54 | .50 .36 .66 | .50 .92 .56
1f4a9 | .52 .31 .44 | .50 .61 .74 | -
26c4 | - | .52 .29 .30 | -
1f383 | .50 .28 .62 | .50 .44 .62 | .50 .91 .64
1f31e | .50 .22 .54 | .50 .40 .58 | .50 .88 .54
1f31d | .50 .18 .62 | .50 .40 .66 | .50 .92 .58
1f30d | .50 .18 .62 | .50 .42 .66 | .50 .92 .58
1f468 | .50 .22 .64 | .50 .55 .58 | .50 .92 .52
1f469 | .50 .22 .66 | .50 .54 .58 | .50 .93 .60
1f466 | .50 .23 .66 | .50 .56 .58 | .50 .93 .48
1f467 | .50 .23 .66 | .50 .56 .58 | .50 .93 .48
1f476 | .50 .25 .58 | .50 .62 .58 | .50 .93 .50
1f474 | .50 .24 .56 | .50 .55 .56 | .50 .92 .52
1f475 | .50 .24 .58 | .50 .55 .56 | .50 .93 .48
1f95a | .50 .27 .42 | .50 .45 .46 | .50 .74 .52
1f34e | .50 .30 .62 | .50 .46 .62 | .50 .90 .62
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The three places where something can be worn."""

    hat: Spot | None
    eyes: Spot | None
    neck: Spot | None

    def spot(self, slot: str) -> Spot | None:
        """The place of a slot; headphones and bows go by the hat's place."""
        return {
            "hat": self.hat,
            "eyes": self.eyes,
            "neck": self.neck,
            "ears": self.hat and self.eyes,
        }[slot]


@dataclass(frozen=True, slots=True)
class Accessory:
    """A glyph to wear: its slot, the point of it that lies on the spot, and its width by the head's."""

    id: str
    name: str
    names: tuple[str, ...]
    slot: str
    seat: tuple[float, float]
    width: float
    weight: float = 1.0


ACCESSORIES = (
    Accessory(
        "1f3a9",
        "top hat",
        ("top hat", "black hat", "hat", "hat", "hat"),
        "hat",
        (0.50, 0.80),
        1.32,
        2.0,
    ),
    Accessory("1f452", "sun hat", ("sun hat", "straw hat", "hat"), "hat", (0.47, 0.72), 1.55, 1.5),
    Accessory("1f451", "crown", ("crown", "crown", "gold crown"), "hat", (0.50, 0.84), 1.15, 2.0),
    Accessory("1f9e2", "cap", ("cap", "baseball cap", "blue cap"), "hat", (0.50, 0.70), 1.30, 1.5),
    Accessory("1f393", "graduation cap", ("graduation cap",), "hat", (0.50, 0.60), 1.50),
    Accessory(
        "1f453",
        "glasses",
        ("+glasses", "+glasses", "+eyeglasses"),
        "eyes",
        (0.50, 0.50),
        1.12,
        1.5,
    ),
    Accessory("1f576", "sunglasses", ("+sunglasses",), "eyes", (0.50, 0.50), 1.12, 2.0),
    Accessory("worn scarf", "scarf", ("scarf", "blue scarf"), "neck", (0.50, 0.20), 1.20, 1.5),
    Accessory("1f380", "bow", ("bow", "pink bow", "bow on its head"), "hat", (0.50, 0.60), 0.80),
)


def _spot(text: str) -> Spot | None:
    if text.strip() == "-":
        return None
    x, y, width = (float(number) for number in text.split())
    return x, y, width


HEADS = {
    id.strip(): Head(_spot(hat), _spot(eyes), _spot(neck))
    for id, hat, eyes, neck in (line.split("|") for line in SUBJECTS.strip().splitlines())
}
"""Subject id -> where it wears things."""
