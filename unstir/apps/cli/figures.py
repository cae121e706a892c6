"""Figures in tables, of which no terminal is too narrow to lose one, and the file they go to.

check_file(out, read)               before the work begins
write_file(out, report.to_json())
show(Grid(head, rows), Grid(less, more, tight=True))      the first that fits
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstir.apps.cli.errors import plain
from unstir.apps.cli.making import spare
from unstir.evaluation import Score
from unstir.modalities.files import check_writable, replacing
from unstir.modalities.images import BadEnding

LEFT = frozenset(("", "metric", "group", "better", "why not"))
"""Titles of columns of words; the others are of numbers."""
FOLDED = frozenset(("", "group", "why not"))
"""Titles of columns whose words may go on in the next line."""
FOLD = 20
"""Characters such a column has at least."""
INTERVAL = "95 % interval"


@dataclass(frozen=True)
class Grid:
    """A table: the titles of its columns, and its rows.

    Args:
        tight: less space between columns.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    tight: bool = False

    def widths(self, folded: bool) -> list[int]:
        """Of the columns, with long names folded or in full."""
        from rich.cells import cell_len

        found = []
        for title, *cells in zip(self.head, *self.rows, strict=True):
            lines = [line for cell in (title, *cells) for line in plain(cell).split("\n")]
            longest = max(map(cell_len, lines))
            found.append(min(longest, FOLD) if folded and title in FOLDED else longest)
        return found

    def width(self, folded: bool) -> int:
        """Of all of it."""
        return sum(self.widths(folded)) + (2 if self.tight else 3) * (len(self.head) - 1)

    def table(self) -> Any:
        """The same for rich; what people have named is text there and no markup."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        space = (0, 1, 0, 0) if self.tight else (0, 1)
        table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, padding=space)
        for title, least in zip(self.head, self.widths(folded=True), strict=True):
            side = "left" if title in LEFT else "right"
            table.add_column(
                Text(plain(title)), justify=side, min_width=least, overflow="fold",
                no_wrap=title not in FOLDED,
            )  # fmt: skip
        for row in self.rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        return table


def show(*grids: Grid) -> None:
    """Print the first that the terminal has room for, else the last, whose lines it then breaks.
    A pipe has room for the first."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    if sys.stdout.isatty():
        room = console.width
        grid = next((g for g in grids if g.width(folded=True) <= room), grids[-1])
        console.width = max(room, grid.width(folded=True))
    else:
        grid = grids[0]
        console.width = grid.width(folded=False)
    console.print(grid.table())


def check_file(out: Path | None, read: Iterable[str]) -> None:
    """What can be known to fail is found before the work begins."""
    if out is not None:
        check_writable(out)
        if out.suffix.lower() != ".json":
            raise BadEnding(f"{out} does not end in .json; the figures do")
        spare((name for name in read if _counts(name)), out)


def _counts(name: str) -> bool:
    """Whether what is read there may be JSON: files and models are, folders of pictures not."""
    place = Path(os.path.expanduser(name))
    return not place.is_dir() or (place / "model.json").is_file()


def write_file(out: Path, said: Mapping[str, Any]) -> None:
    """Everything, as JSON."""
    with replacing(out) as temporary:
        text = json.dumps(said, indent=1, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def number(value: float) -> str:
    """Four digits that count."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def between(score: Score) -> str:
    """Its interval."""
    return f"{number(score.low)} to {number(score.high)}"
