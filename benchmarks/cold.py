"""What the first picture costs: processor time and peak memory of whole processes, and the import.

    python benchmarks/cold.py [RUNS]

Each row is a fresh process; medians, with the least and the most. Processor time is user plus
system, all threads.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import unstir": ["-c", "import unstir"],
    "unstir --help": ["-m", "unstir", "--help"],
    "unstir generate": ["-m", "unstir", "generate", "a cat wearing a hat", "-o", "{out}"],
}  # fmt: skip


def measure(arguments: list[str]) -> tuple[float, float, float]:
    """(processor seconds, wall seconds, peak MB) of one process, whose modules are compiled for
    the next one, as an installation does."""
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=compiled)  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        sys.exit(f"{arguments} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begin, used.ru_maxrss / 1024


def main(runs: int = 5) -> None:
    print(
        f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, "
        f"{runs} runs each: median (least-most)"
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in COMMANDS.items():
            given = [a.format(out=Path(folder) / "cat.png") for a in arguments]
            measure(given)
            rows = list(zip(*(measure(given) for _ in range(runs)), strict=True))
            cells = [f"{statistics.median(r):.2f} ({min(r):.2f}-{max(r):.2f})" for r in rows[:2]]
            print(
                f"{name:18} cpu s {cells[0]:20} wall s {cells[1]:20} "
                f"peak {statistics.median(rows[2]):.0f} MB"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
