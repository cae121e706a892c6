"""Every sampler measured on exact data, beside diffusers' scheduler of the same name.

    python benchmarks/samplers.py      reprints the tables and writes them into docs/samplers.md

About a minute on one core, no network. Ends with exit code 1 if ours is worse by more than 1 %
(floor 1e-6) anywhere. Needs diffusers (test extra).
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "samplers")]

from checks import DATA as NORMAL  # noqa: E402
from checks import SMOOTH, draws, last, moments  # noqa: E402

from benchmarks.twins import ALONE, TWINS, Twin, reference  # noqa: E402
from unstir.core.exact import Gaussian, Mixture  # noqa: E402
from unstir.core.find import find, names  # noqa: E402
from unstir.core.levels import Level  # noqa: E402
from unstir.core.paths import path  # noqa: E402
from unstir.core.schedules import flow, linear_beta  # noqa: E402

PAGE = ROOT / "docs" / "samplers.md"
BUDGETS = (5, 10, 20, 50)
MIXTURE = Mixture(
    [0.3, 0.7],
    [
        Gaussian(np.array([-0.9, 0.5]), np.array([0.2, 0.3])),
        Gaussian(np.array([0.8, 0.9]), np.array([0.25, 0.15])),
    ],
)
FEW, MANY = 2000, 20_000
CLEAN = Level(0.0, 1.0, 0.0)
POINT = Gaussian(np.array([0.7, -0.2]), np.array([0.25, 0.1]))


def unit(n: int) -> Callable[..., Any]:
    """Noise for n samples of two numbers, the same in every run."""
    return lambda step, draw=0: np.random.default_rng([7, step + 1, draw]).standard_normal((n, 2))


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table, its columns padded."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [[cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in [head, *rows]]
    lines.insert(1, ["-" * w for w in widths])
    return ["| " + " | ".join(line) + " |" for line in lines]


def figure(v: float) -> str:
    """Three digits."""
    return f"{v:.3g}" if v >= 1e-3 else f"{v:.1e}"


# -- order


def order_on_normal(name: str, make: Callable[[int], list[Level]]) -> float:
    """Of the states where no noise is drawn, of their exact variance where it is."""
    sampler, errors = find("samplers", name), []
    z = np.random.default_rng(0).standard_normal((20, 3))
    for n in (160, 320):
        walk = make(n)
        if draws(sampler, make(12)):
            t, _, variance = moments(sampler, walk, 0.7, 0.25)[-1]
            errors.append(abs(variance - 0.25 * t.alpha**2 - t.sigma**2))
        else:
            x = NORMAL.sample(z, walk[0])
            off = last(sampler(NORMAL.denoise, x, walk)) - NORMAL.flow(x, walk[0], walk[-1])
            errors.append(math.sqrt(np.mean(off * off)))
    return math.log2(errors[0] / errors[1])


def order_on_mixture(name: str) -> str:
    """Of the states, against the reference; only where no noise is drawn."""
    sampler, errors = find("samplers", name), []
    if draws(sampler, SMOOTH["vp"](12)):
        return ""
    for n in (160, 320):
        walk = path(linear_beta(), n, start=1.0, stop=0.05)
        off = last(sampler(MIXTURE.denoise, walk[0].sigma * unit(50)(-1), walk)) - fine(
            50, *ends(walk)
        )
        errors.append(math.sqrt(np.mean(off * off)))
    return f"{math.log2(errors[0] / errors[1]):.2f}"


def ends(walk: list[Level]) -> tuple[Level, Level]:
    """First and last level."""
    return walk[0], walk[-1]


@cache
def fine(n: int, first: Level, end: Level) -> Any:
    """The exact flow of the mixture."""
    return reference(MIXTURE.denoise, unit(n)(-1), [first, end])


def orders() -> list[str]:
    """Cost, stated order and measured order of every sampler."""
    rows = []
    for name in names("samplers"):
        module = import_module(f"unstir.core.samplers.{name}")
        stated = getattr(module, "ORDER", None)
        measured = (
            [f"{order_on_normal(name, make):.2f}" for make in SMOOTH.values()] if stated else []
        )
        mixed = order_on_mixture(name) if stated else ""
        kind = "variance" if draws(find("samplers", name), SMOOTH["vp"](12)) else "state"
        costs = ", ".join(str(module.COST.evaluations(n)) for n in (1, 2, 10))
        rows.append([name, costs, str(stated or "none"), kind, *(measured or [""] * 3), mixed])
    kinds = [f"normal, {name}" for name in SMOOTH]
    return table(
        ["sampler", "evaluations for 1, 2, 10 steps", "stated", "order of", *kinds, "mixture, vp"],
        rows,
    )


# -- error at equal evaluations


def errors(twin: Twin, grid: str) -> Iterator[tuple[float, float]]:
    """(ours, theirs) for each budget."""
    for budget in BUDGETS:
        theirs, ours, walk = twin.run(grid, budget, MIXTURE.denoise, unit(FEW)(-1), unit(FEW))
        exact = fine(FEW, *ends(walk))
        yield tuple(float(np.sqrt(np.mean((x - exact) ** 2))) for x in (ours, theirs))  # type: ignore[misc]


def flow_table() -> tuple[list[str], int]:
    """Distance from the exact flow, and how often ours is worse."""
    rows, worse = [], 0
    for twin in TWINS:
        for grid in twin.grids:
            if draws(find("samplers", twin.ours), SMOOTH["vp"](12)) or twin.numbers.get("eta"):
                continue
            row = [
                str(twin).split(" | ")[0],
                twin.theirs.split(".")[1].removesuffix("Scheduler"),
                grid,
            ]
            for ours, theirs in errors(twin, grid):
                flag = " WORSE" if ours > 1.01 * theirs + 1e-6 else ""
                worse += bool(flag)
                row.append(f"{figure(ours)} / {figure(theirs)}{flag}")
            rows.append(row)
    heads = [f"{n} evaluations" for n in BUDGETS]
    return table(["ours", "theirs", "grid", *heads], rows), worse


def own_table() -> list[str]:
    """All that draw no noise, on one path of ours."""
    rows = []
    for name in names("samplers"):
        module, sampler = import_module(f"unstir.core.samplers.{name}"), find("samplers", name)
        if name not in ALONE and draws(sampler, SMOOTH["vp"](12)):
            continue
        row = [name]
        for budget in BUDGETS:
            walk = path(flow(), module.COST.steps_for(budget))
            noise = {"times": 0} if name == "restart" else {}
            x = last(sampler(MIXTURE.denoise, walk[0].sigma * unit(FEW)(-1), walk, **noise))
            row.append(figure(float(np.sqrt(np.mean((x - fine(FEW, *ends(walk))) ** 2)))))
        rows.append(row)
    return table(["sampler", *(f"{n} evaluations" for n in BUDGETS)], rows)


# -- moments, where noise is drawn


def spread(x: Any, exact: tuple[Any, Any]) -> tuple[float, float, float, float]:
    """(mean's error in deviations, its half width, variance ratio, its half width), 95 %."""
    mean, total = exact[0], float(np.trace(exact[1]))
    n, off = len(x), float(np.linalg.norm(x.mean(0) - mean)) / math.sqrt(total)
    squares = ((x - x.mean(0)) ** 2).sum(1)
    width = 1.96 / math.sqrt(n)
    return off, width, float(squares.mean()) / total, width * float(squares.std()) / total


def shown(x: Any, exact: tuple[Any, Any]) -> str:
    off, off_width, ratio, ratio_width = spread(x, exact)
    return f"{off:.3f} ± {off_width:.3f}, {ratio:.3f} ± {ratio_width:.3f}"


def worse_by(ours: Any, theirs: Any, exact: tuple[Any, Any]) -> bool:
    """Whether the variance of ours is off by more than 1 % more, or its mean."""
    a, b = spread(ours, exact), spread(theirs, exact)
    return abs(a[2] - 1) > 1.01 * abs(b[2] - 1) + 1e-6 or a[0] > 1.01 * b[0] + 1e-6


def moment_table() -> tuple[list[str], int]:
    """Mean and variance of many samples, ours and theirs from the same noise."""
    rows, worse = [], 0
    for twin in TWINS:
        if not draws(find("samplers", twin.ours), SMOOTH["vp"](12)) and not twin.numbers.get(
            "eta"
        ):
            continue
        jump = twin.ours == "lcm"  # it wants the end of the trajectory, not the mean
        denoise = (lambda x, t: POINT.flow(x, t, CLEAN)) if jump else MIXTURE.denoise
        exact = (POINT if jump else MIXTURE).moments(CLEAN)
        for grid in twin.grids:
            for budget in BUDGETS:
                theirs, ours, _ = twin.run(grid, budget, denoise, unit(MANY)(-1), unit(MANY))
                flag = " WORSE" if worse_by(ours, theirs, exact) else ""
                worse += bool(flag)
                name, other = str(twin).split(" | ")
                cells = [shown(x, exact) for x in (ours, theirs)]
                rows.append(
                    [
                        name,
                        other.removesuffix("Scheduler"),
                        grid,
                        str(budget),
                        cells[0] + flag,
                        cells[1],
                    ]
                )
    head = [
        "ours",
        "theirs",
        "grid",
        "evaluations",
        "ours: mean, variance",
        "theirs: mean, variance",
    ]
    return table(head, rows), worse


def alone_table() -> list[str]:
    """The same for what diffusers has not."""
    churned = ("euler", "heun")
    rows = []
    for name in ("restart", *churned):
        numbers = {"s_churn": 10.0} if name in churned else {}
        for budget in BUDGETS:
            cost = import_module(f"unstir.core.samplers.{name}").COST
            walk = path(flow(), cost.steps_for(budget))
            start, noise = walk[0].sigma * unit(MANY)(-1), unit(MANY)
            x = last(find("samplers", name)(MIXTURE.denoise, start, walk, noise=noise, **numbers))
            title = name + "".join(f" {k}={v}" for k, v in numbers.items())
            rows.append([title, str(budget), shown(x, MIXTURE.moments(walk[-1]))])
    return table(["sampler", "evaluations", "mean, variance"], rows)


def page() -> tuple[list[str], int]:
    """The measured part of docs/samplers.md, and the number of places where ours is worse."""
    flows, worse = flow_table()
    drawn, more = moment_table()
    apart = {
        f"- `{t.ours}` and {t.theirs.split('.')[1]}: {t.differs}." for t in TWINS if t.differs
    }
    alone = [f"- `{name}` has no twin: {why}." for name, why in ALONE.items()]
    parts = {
        "Order of convergence": orders(),
        "Distance from the exact flow, ours / theirs": flows,
        "The same on one path of ours: flow, uniform, to clean data": own_table(),
        "Moments where noise is drawn, with 95 % intervals": [*drawn, "", *alone_table()],
        "Where they differ, and why": [*sorted(apart), *alone],
    }
    lines = [line for title, body in parts.items() for line in (f"### {title}", "", *body, "")]
    lines.append(f"Ours worse by more than 1 %: {worse + more} times.")
    return lines, worse + more


def main() -> int:
    """Print, write, and say by the exit code whether the bar holds."""
    warnings.simplefilter("ignore", DeprecationWarning)
    lines, worse = page()
    print("\n".join(lines))
    begin, end = "<!-- measured -->", "<!-- end -->"
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.partition(begin)[0], text.partition(end)[2]
    body = "\n".join(["", "", *lines, "", ""])
    PAGE.write_text(head + begin + body.rstrip() + "\n\n" + end + tail, encoding="utf-8")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
