"""How many threads this process may really use: its CPU affinity, cut down to its cgroup quota.

``os.cpu_count()`` names the machine, not the share of it a container was given; threads beyond the
share only wait for each other. Linux control groups say the share as quota / period, in version 2
as ``cpu.max`` (kernel documentation, Control Group v2, "CPU Interface Files") and in version 1 as
``cpu.cfs_quota_us`` and ``cpu.cfs_period_us``; every group on the way to the root may lower it.

    default_threads()       what unstir uses when `--threads` is not given
"""

from __future__ import annotations

import os
from pathlib import Path

MOST = 8
"""The shipped networks are small: beyond eight threads they only wait for each other."""


def default_threads() -> int:
    """Usable CPUs rounded down, between 1 and `MOST`."""
    return max(1, min(MOST, affinity(), int(quota() or MOST)))


def affinity() -> int:
    """CPUs this process may be scheduled on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(root: Path = Path("/")) -> float | None:
    """CPUs' worth of time the control groups grant, or None where nothing limits it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    shares = [s for line in lines for s in _shares(line, root / "sys/fs/cgroup")]
    return min(shares, default=None)


def _shares(line: str, mount: Path) -> list[float]:
    """Shares along one line of /proc/self/cgroup: ``number:controllers:path``."""
    number, controllers, group = [*line.split(":", 2), "", ""][:3]
    if number == "0":
        top, read = mount, _share_v2
    elif "cpu" in controllers.split(","):
        top, read = mount / controllers, _share_v1
        top = top if top.is_dir() else mount / "cpu"
    else:
        return []
    parts = [p for p in group.split("/") if p and p != ".."]
    places = [top.joinpath(*parts[:k]) for k in range(len(parts) + 1)]
    return [share for share in map(read, places) if share]


def _share_v2(place: Path) -> float | None:
    words = _read(place / "cpu.max").split()
    return _ratio(*words) if len(words) == 2 else None


def _share_v1(place: Path) -> float | None:
    return _ratio(_read(place / "cpu.cfs_quota_us"), _read(place / "cpu.cfs_period_us"))


def _ratio(part: str, period: str) -> float | None:
    """quota / period; None for "max", -1 and files that are not there."""
    if not (part.strip().isdigit() and period.strip().isdigit() and int(period)):
        return None
    return int(part) / int(period) or None


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
