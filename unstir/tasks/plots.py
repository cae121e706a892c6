"""The pictures of a comparison: how quality grows with work, and what it costs to draw.

plot(report, Path("runs/digits"))       # curves.png and speed.png; needs matplotlib
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unstir.tasks.standings import TITLES, WAYS, Report, column

COLORS = {"diffusion": "C0", "student": "C1", "gan": "C2", "vae": "C3"}
SIZE, DPI = (6.4, 4.0), 110


def plot(report: Report, out: Path) -> None:
    """Both, as PNG files."""
    for name, draw in (("curves", _curves), ("speed", _speed)):
        figure = Figure(SIZE, DPI, layout="constrained")
        axes = figure.add_subplot()
        draw(axes, report)
        axes.grid(alpha=0.3)
        axes.legend()
        figure.savefig(out / f"{name}.png")


def _curves(axes: Axes, report: Report) -> None:
    """The kernel distance over the share of the training work: the mean of the seeds, and a band
    from the lowest to the highest. The student's begins when its teacher is done."""
    lowest = np.inf
    for family in TITLES:
        rows = [row for row in report.usual(family) if row["curve"]]
        if not rows:
            continue
        points = min(len(row["curve"]) for row in rows)
        steps = np.array([step for step, _ in rows[0]["curve"][:points]], float)
        begin = 0.75 if family == "student" else 0.0
        share = begin + (1 - begin) * steps / rows[0]["steps"]
        values = np.array([[value for _, value in row["curve"][:points]] for row in rows])
        lowest = min(lowest, float(values.min()))
        axes.plot(share, values.mean(0), "o-", color=COLORS[family], label=TITLES[family])
        axes.fill_between(share, values.min(0), values.max(0), color=COLORS[family], alpha=0.2)
    axes.set_xlabel("share of the training's operations")
    axes.set_ylabel("kernel distance to held-out samples")
    if lowest > 0:
        axes.set_yscale("log")
    else:  # an unbiased distance of equals is as often below 0
        axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_title(f"{report.name}: {report.budget:.3g} operations of training each")


def _speed(axes: Axes, report: Report) -> None:
    """Frechet distance against CPU-time for a sample, a point for each seed."""
    for family, way in WAYS:
        rows = [row for row in report.usual(family) if "ways" in row]
        ms = [row["ways"][way]["ms"]["64"] for row in rows]
        values = [row["ways"][way]["scores"]["frechet"] for row in rows]
        marker = "s" if (family, way) == WAYS[0] else "o"
        axes.plot(ms, values, marker, color=COLORS[family], label=column(family, way), alpha=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("CPU-milliseconds for a sample, 64 at once")
    axes.set_ylabel("Frechet distance to held-out samples")
    axes.set_title(f"{report.name}: quality and speed, one point for each seed")
