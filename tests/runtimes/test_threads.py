"""The share of the machine that a control group grants, in both versions, nested or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unstir import threads


def system(root: Path, lines: str, files: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


CASES = {
    "v2": ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
    "v2 without limit": ("0::/\n", {"cpu.max": "max 100000\n"}, None),
    "v2 nested, the parent is tighter": (
        "0::/a/b\n", {"a/cpu.max": "100000 100000", "a/b/cpu.max": "400000 100000"}, 1.0,
    ),
    "v2 nested, the child is tighter": (
        "0::/a/b\n", {"a/cpu.max": "800000 100000", "a/b/cpu.max": "50000 100000"}, 0.5,
    ),
    "v1": (
        "4:cpu:/x\n",
        {"cpu/x/cpu.cfs_quota_us": "300000", "cpu/x/cpu.cfs_period_us": "100000"},
        3.0,
    ),
    "v1 with both controllers": (
        "4:cpu,cpuacct:/\n",
        {"cpu,cpuacct/cpu.cfs_quota_us": "200000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
        2.0,
    ),
    "v1 without limit": (
        "4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None,
    ),
    "only other controllers": ("3:cpuset:/\n2:memory:/\n", {}, None),
    "nonsense": ("::::\n\nabc", {"cpu.max": "x y z"}, None),
    "a way out of the tree": ("0::/../../..\n", {"cpu.max": "100000 100000"}, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_quota_is_the_tightest_on_the_way(case: str, tmp_path: Path) -> None:
    lines, files, expected = CASES[case]
    assert threads.quota(system(tmp_path, lines, files)) == expected


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert threads.quota(tmp_path) is None


@pytest.mark.parametrize(
    ("usable", "share", "expected"),
    [(4, None, 4), (4, 1.5, 1), (4, 0.5, 1), (2, 3.0, 2), (64, None, 8), (1, None, 1)],
)
def test_default_threads(
    usable: int, share: float | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "affinity", lambda: usable)
    monkeypatch.setattr(threads, "quota", lambda: share)
    assert threads.default_threads() == expected


def test_affinity_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert threads.affinity() == 1
    assert threads.default_threads() == 1
