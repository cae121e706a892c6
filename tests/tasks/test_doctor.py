"""The doctor finds what is wrong, says the way out, and needs no home of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from unstir.runtimes import shelf
from unstir.tasks.doctor import doctor
from unstir.tasks.models import models


def test_a_healthy_machine(home: Path) -> None:
    checks = {check.name: check for check in doctor()}
    assert not [check for check in checks.values() if check.ok is False]
    assert checks["model tiny"].ok
    assert checks["drawing"].ok
    assert checks["drawing"].found == "emoji draws"
    assert "threads" in checks


def test_a_damaged_model_is_found(home: Path) -> None:
    (home / "models" / "tiny" / "decoder.onnx").write_bytes(b"")
    bad = {check.name: check for check in doctor() if check.ok is False}
    assert set(bad) >= {"model tiny"}
    assert "SHA-256" in bad["model tiny"].found
    assert bad["model tiny"].way_out == "copy the folder again, whole"
    assert bad["model tiny"].way_out not in bad["model tiny"].found
    assert {e.name: bool(e.problem) for e in models(verify=True)}["tiny"]
    assert not {e.name: bool(e.problem) for e in models()}["tiny"]


def test_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNSTIR_HOME", str(tmp_path / "nothing"))
    found = {check.name: check.found for check in doctor()}
    assert "not made yet" in found["data folder"]
    assert not (tmp_path / "nothing").exists()


def test_a_home_that_may_not_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def listdir(path: Any) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", listdir)
    monkeypatch.setattr(shelf, "SHIPPED", home / "models")
    found = {check.name: check.found for check in doctor()}
    assert found["models folder"].startswith(f"{home / 'models'}, cannot be read (Permission")
