"""Where hats, glasses and scarves go, measured by eye on each glyph, in shares of its square.

One line per subject: ``id | hat x y width | eyes x y width | neck x y width``, where the hat's
brim lies at (x, y) and the head is `width` wide there; glasses are centered at the eyes and
`width` wide; the scarf's band is centered at the neck. ``-`` means the thing cannot be worn there.
"""

from __future__ import annotations

from dataclasses import dataclass

Spot = tuple[float, float, float]

SUBJECTS = """
1f431 | .50 .33 .45 | .50 .57 .62 | .50 .93 .72
1f436 | .50 .18 .52 | .50 .42 .56 | .50 .92 .70
1f42d | .50 .40 .40 | .50 .70 .46 | .50 .93 .46
1f439 | .50 .34 .44 | .50 .61 .56 | .50 .92 .60
1f430 | .50 .37 .42 | .50 .57 .54 | .50 .92 .62
1f98a | .50 .27 .40 | .50 .60 .56 | .50 .92 .46
1f43b | .50 .20 .46 | .50 .52 .56 | .50 .91 .74
1f43c | .50 .23 .48 | .50 .52 .62 | .50 .92 .74
1f428 | .50 .28 .48 | .50 .58 .66 | .50 .91 .66
1f42f | .50 .18 .44 | .50 .49 .56 | .50 .93 .66
1f981 | .50 .17 .58 | .50 .46 .56 | .50 .92 .60
1f42e | .50 .24 .44 | .50 .46 .52 | .50 .91 .54
1f437 | .50 .22 .48 | .50 .52 .58 | .50 .91 .60
1f438 | .50 .15 .62 | .50 .31 .74 | .50 .91 .74
1f435 | .50 .27 .58 | .50 .49 .52 | .50 .92 .56
1f43a | .50 .32 .40 | .50 .49 .56 | .50 .93 .42
1f99d | .50 .28 .44 | .50 .63 .60 | .50 .93 .50
1f43b-200d-2744 | .50 .21 .46 | .50 .52 .56 | .50 .92 .74
1f434 | .46 .19 .40 | - | -
1f984 | .52 .19 .40 | - | -
1f427 | .50 .27 .36 | .49 .34 .32 | .50 .50 .44
1f989 | .50 .14 .54 | .50 .30 .64 | .50 .52 .58
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
1f608 | .50 .18 .44 | .50 .54 .72 | .50 .92 .58
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
    """The three places where something can be worn; headphones ("ears") need hat and eyes."""

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
class Fit:
    """How a thing sits: its slot, its point that lies on the spot, its width by the head."""

    name: str
    slot: str
    seat: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class Accessory:
    """A glyph to wear, how it sits, what it is called and how often it is drawn."""

    id: str
    fit: Fit
    names: tuple[str, ...]
    weight: float


TOP_HAT = Fit("top hat", "hat", (0.50, 0.84), 1.32)
SUN_HAT = Fit("sun hat", "hat", (0.47, 0.72), 1.55)
COWBOY_HAT = Fit("cowboy hat", "hat", (0.50, 0.60), 1.55)
FEDORA = Fit("fedora", "hat", (0.50, 0.66), 1.50)
CROWN = Fit("crown", "hat", (0.50, 0.84), 1.15)
CAP = Fit("cap", "hat", (0.50, 0.82), 1.28)
GRADUATION_CAP = Fit("graduation cap", "hat", (0.50, 0.60), 1.50)
PARTY = Fit("party hat", "hat", (0.50, 0.88), 0.85)
SANTA = Fit("Santa hat", "hat", (0.44, 0.36), 1.55)
CHEF = Fit("chef hat", "hat", (0.50, 0.72), 1.05)
POLICE = Fit("police cap", "hat", (0.50, 0.66), 1.20)
HELMET = Fit("helmet", "hat", (0.50, 0.80), 1.22)
HARD_HAT = Fit("hard hat", "hat", (0.50, 0.80), 1.22)
GLASSES = Fit("glasses", "eyes", (0.50, 0.50), 1.12)
SUNGLASSES = Fit("sunglasses", "eyes", (0.50, 0.50), 1.12)
SCARF = Fit("scarf", "neck", (0.50, 0.36), 0.98)
BOW = Fit("bow", "hat", (0.12, 0.55), 0.62)
BOW_TIE = Fit("bow tie", "neck", (0.50, 0.56), 0.56)
HEADPHONES = Fit("headphones", "ears", (0.50, 0.78), 1.0)

WORN = (
    (TOP_HAT, "1f3a9", 1.6, "top hat; black hat; hat; hat; hat"),
    (TOP_HAT, "1f3a9#red", 0.25, "red hat; red top hat"),
    (TOP_HAT, "1f3a9#blue", 0.25, "blue hat; blue top hat"),
    (TOP_HAT, "1f3a9#green", 0.25, "green hat; green top hat"),
    (TOP_HAT, "1f3a9#purple", 0.25, "purple hat; purple top hat"),
    (SUN_HAT, "1f452", 1.2, "sun hat; straw hat; hat; hat"),
    (COWBOY_HAT, "1f920#hat", 1.5, "cowboy hat; cowboy hat; hat; brown hat"),
    (FEDORA, "1f575#hat", 0.7, "fedora; hat; detective hat"),
    (CROWN, "1f451", 2.0, "crown; crown; gold crown"),
    (CAP, "1f9e2", 0.9, "cap; baseball cap; blue cap"),
    (CAP, "1f9e2#red", 0.35, "red cap; red cap; cap; red baseball cap"),
    (CAP, "1f9e2#green", 0.25, "green cap; green cap; cap"),
    (CAP, "1f9e2#yellow", 0.25, "yellow cap; yellow cap; cap"),
    (CAP, "1f9e2#pink", 0.25, "pink cap; pink cap; cap"),
    (GRADUATION_CAP, "1f393", 1.0, "graduation cap"),
    (PARTY, "drawn#party-hat", 1.0, "party hat"),
    (SANTA, "1f385#hat", 1.0, "Santa hat; Santa hat; Christmas hat"),
    (CHEF, "1f9d1-200d-1f373#hat", 0.7, "chef hat; white chef hat"),
    (POLICE, "1f46e#hat", 0.6, "police cap; police hat"),
    (HELMET, "26d1#hat", 0.8, "helmet; red helmet"),
    (HARD_HAT, "1f477#hat", 0.6, "hard hat; yellow helmet"),
    (GLASSES, "1f453", 1.6, "+glasses; +glasses; +eyeglasses"),
    (SUNGLASSES, "1f576", 2.2, "+sunglasses; +sunglasses; +dark glasses"),
    (SCARF, "26c4#scarf", 0.8, "scarf; blue scarf; scarf"),
    (SCARF, "26c4#scarf#red", 0.7, "scarf; red scarf; red scarf"),
    (SCARF, "26c4#scarf#green", 0.3, "green scarf; green scarf; scarf"),
    (SCARF, "26c4#scarf#yellow", 0.3, "yellow scarf; yellow scarf; scarf"),
    (SCARF, "26c4#scarf#pink", 0.3, "pink scarf; pink scarf; scarf"),
    (BOW, "1f380", 0.6, "bow; pink bow; bow on its head"),
    (BOW, "1f380#blue", 0.2, "blue bow"),
    (BOW, "1f380#yellow", 0.2, "yellow bow"),
    (BOW_TIE, "1f380#tie", 0.8, "bow tie; red bow tie"),
    (HEADPHONES, "drawn#headphones", 1.0, "+headphones"),
)
"""How it sits | glyph | how often | how it is called."""

ACCESSORIES = tuple(
    Accessory(id, fit, tuple(name.strip() for name in names.split(";")), weight)
    for fit, id, weight, names in WORN
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
