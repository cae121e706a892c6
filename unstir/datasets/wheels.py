"""Data that come inside Python packages: fetched by pip, read as archives, never installed.

path = wheel(root, "qm9pack==1.0.3")
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TIMEOUT = 600


class FetchError(RuntimeError):
    """A package could not be fetched; the text names the ways out."""


def wheel(root: Path, package: str) -> Path:
    """The wheel of NAME==VERSION in `root`, fetched where it is not there."""
    name, version = package.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(root.glob(pattern)):
        root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--only-binary=:all:", "--dest", str(root), package]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        if done.returncode or not list(root.glob(pattern)):
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise FetchError(
                f"cannot fetch {package}: {said}\nWays out: go online; or, elsewhere, run\n"
                f"  pip download --no-deps {package}\nand copy the wheel into {root}"
            )
    return next(root.glob(pattern))
