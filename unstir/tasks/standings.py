"""The results of a comparison as a table: means over seeds, their spread, and what went wrong.

report = Report(name, space, budget, n, rows, floor);  print(report.markdown())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstir.tasks.recipe import versions

WAYS = (("diffusion", "50"), ("diffusion", "10"), ("student", "1"), ("gan", "1"), ("vae", "1"))
"""Columns: who, and the evaluations of its network for a sample."""
TITLES = {"diffusion": "diffusion", "student": "student", "gan": "GAN", "vae": "VAE"}
COLLAPSED = 1 / 3
"""Coverage below this share of the floor's counts as collapsed."""
FIGURES = {
    "frechet": "Frechet distance", "kernel": "kernel distance", "precision": "precision",
    "recall": "recall", "density": "density", "coverage": "coverage", "copies": "near-copies",
    "edges": "edges, real ones 1", "as_told": "as told",
    "modes": "modes of 25", "on_a_mode": "on a mode",
    "kept": "kept half off by", "filled": "other half filled, dB", "rebuilt": "rebuilt, dB",
}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A comparison; `rows` are its contestants' results as they were saved."""

    name: str
    space: str
    budget: float
    n: int
    rows: Sequence[Mapping[str, Any]]
    floor: Mapping[str, float]

    def usual(self, family: str) -> list[Mapping[str, Any]]:
        """The runs of a family with its own learning rates."""
        return [row for row in self.rows if row["family"] == family and row["rate"] == 1]

    def values(self, family: str, way: str, figure: str) -> list[float]:
        """A figure of each seed that was measured."""
        found = [row["ways"][way]["scores"] for row in self.usual(family) if "ways" in row]
        return [scores[figure] for scores in found if figure in scores]

    def to_json(self) -> dict[str, Any]:
        """Everything, for a machine."""
        return {
            "data": self.name, "space": self.space, "budget_flop": self.budget, "n": self.n,
            "floor": dict(self.floor), "rows": [dict(row) for row in self.rows],
            "versions": versions("torch"),
        }  # fmt: skip

    def table(self) -> list[list[str]]:
        """A header, then a row for each figure, a column for each way of drawing."""
        lines = [["", *(column(*way) for way in WAYS), "real"]]
        for figure, title in FIGURES.items():
            cells = [spread(self.values(family, way, figure)) for family, way in WAYS]
            if any(cells):
                real = self.floor.get(figure)
                lines.append([title, *cells, "" if real is None else f"{real:.3g}"])
        lines += self._speeds() + self._training()
        return lines

    def _speeds(self) -> list[list[str]]:
        lines = []
        for batch in ("1", "64"):
            cells = []
            for family, way in WAYS:
                taken = [r["ways"][way]["ms"][batch] for r in self.usual(family) if "ways" in r]
                cells.append(f"{np.median(taken):.3g}" if taken else "")
            lines.append([f"CPU-ms a sample, {batch} at once", *cells, ""])
        flops = [int(way) * self.usual(family)[0]["draw_flop"] / 1e6 for family, way in WAYS]
        lines.append(["operations a sample, 10^6", *(f"{f:.3g}" for f in flops), ""])
        return lines

    def _training(self) -> list[list[str]]:
        """What training took and how often it failed; the same for both of diffusion's ways."""

        def row(title: str, say: Any) -> list[str]:
            said = {family: say(family) for family in TITLES}
            return [title, *(said[family] for family, _ in WAYS), ""]

        def first(family: str) -> Mapping[str, Any]:
            return self.usual(family)[0]

        def wrong(family: str) -> str:
            runs = [r for r in self.rows if r["family"] == family]
            return f"{sum(failed(r, self.floor) for r in runs)} of {len(runs)}"

        return [
            row("parameters to draw", lambda f: f"{first(f)['parameters']:,}"),
            row("steps x batch", lambda f: f"{first(f)['steps']:,} x {first(f)['batch']}"),
            row("training CPU-s", lambda f: spread([r["cpu_seconds"] for r in self.usual(f)])),
            row("collapsed or diverged", wrong),
            row("steps with a leaping gradient",
                lambda f: f"{100 * np.mean([r['spikes'] for r in self.usual(f)]):.2g} %"),
        ]  # fmt: skip

    def markdown(self) -> str:
        """The report as a page."""
        head, *lines = self.table()
        seeds = len(self.usual("diffusion"))
        body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return (
            f"# Diffusion, its student, GAN and VAE on {self.name}\n\n"
            f"{self.n:,} samples each, measured in {self.space}; {self.budget:.3g} floating-point "
            f"operations of training each; mean over {seeds} seeds, lowest to highest in "
            "brackets; real: training samples against held-out ones.\n\n"
            f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n{body}\n"
        )


def column(family: str, way: str) -> str:
    """The title of a way of drawing."""
    return f"{TITLES[family]}, {way}" if family == "diffusion" else TITLES[family]


def failed(row: Mapping[str, Any], floor: Mapping[str, float]) -> bool:
    """Whether a contestant's training came to nothing: numbers that are not finite, or samples
    that cover less than a third of what real ones do."""
    if row["diverged"]:
        return True
    way = next(iter(row["ways"].values()))
    return way["scores"]["coverage"] < COLLAPSED * floor["coverage"]


def spread(values: Sequence[float]) -> str:
    """The mean, and the lowest and highest where there are several."""
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:.3g}"
    return f"{np.mean(values):.3g} ({min(values):.3g} to {max(values):.3g})"
