"""A person's folders are where the platform expects them, and nothing is made there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unstir.folders import cache_dir, config_dir, data_dir


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UNSTIR_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/somewhere")


def all_three() -> list[Path]:
    return [data_dir(), cache_dir(), config_dir()]


def test_unstir_home_overrides_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNSTIR_HOME", str(tmp_path / "u"))
    assert all_three() == [tmp_path / "u", tmp_path / "u/cache", tmp_path / "u/config"]
    assert not (tmp_path / "u").exists()


def test_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    home = Path("/somewhere")
    expected = [home / ".local/share/unstir", home / ".cache/unstir", home / ".config/unstir"]
    assert all_three() == expected
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the specification
    assert [data_dir(), cache_dir()] == [Path("/data/unstir"), home / ".cache/unstir"]


def test_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    library = Path("/somewhere/Library")
    names = ("Application Support", "Caches", "Preferences")
    assert all_three() == [library / name / "unstir" for name in names]


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    monkeypatch.setenv("APPDATA", "/roaming")
    expected = [Path("/local/unstir"), Path("/local/unstir/cache"), Path("/roaming/unstir")]
    assert all_three() == expected
