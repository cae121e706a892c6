"""What every test may use: a home with tiny models in it (tests/runtimes/make_tiny.py)."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

HOME = Path(__file__).parent / "runtimes" / "home"


def pytest_configure() -> None:
    """Started in the background by a shell, this process and its children would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A person's folder of their own with the models `tiny` and `tiny-text`; the cwd is beside
    it."""
    mine = tmp_path / "home"
    shutil.copytree(HOME, mine)
    monkeypatch.setenv("UNSTIR_HOME", str(mine))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return mine
