"""The command line in trouble: places that cannot be read or written, disks that are full, readers
that are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unstir import recipes
from unstir.apps.cli import main
from unstir.recipes import recipe
from unstir.runtimes import shelf

DRAW = ["generate", "a cat", "--model", "tiny", "--seed", "3", "--size", "native"]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, place: Path) -> None:
    """Let a method of Path fail below `place`: to the superuser mode bits are nothing."""
    real = getattr(Path, name)

    def method(self: Path, *args: Any, **options: Any) -> Any:
        if self.is_relative_to(place):
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **options)

    monkeypatch.setattr(Path, name, method)


# -- places


def test_only_the_folder_that_is_written_to_is_asked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    real = Path.touch

    def touch(self: Path, *args: Any, **options: Any) -> None:
        if self.absolute().parent == Path.cwd():
            raise OSError(30, "Read-only file system")
        real(self, *args, **options)

    monkeypatch.setattr(Path, "touch", touch)
    assert main([*DRAW, "-o", "../there/cat.png"]) == 0
    film = ["interpolate", "a cat", "a dog", "--model", "tiny", "--frames", "2", "--steps", "2"]
    assert main([*film, "-o", "../there/it.gif"]) == 0
    for words in (DRAW, film):
        assert main(words) == 3
        assert "nothing can be written in" in capsys.readouterr().err


def test_a_folder_called_as_a_picture_is_in_nobodys_way(home: Path) -> None:
    for name in ("picture.png", "film.gif"):
        Path(name).mkdir()
    assert main([*DRAW, "-o", "cat.png"]) == 0
    assert main(DRAW) == 0


@pytest.mark.parametrize("method", ["iterdir", "is_file", "read_bytes"])
@pytest.mark.parametrize("part", ["", "models", "models/locked"])
def test_what_may_not_be_read_is_in_nobodys_way(
    method: str, part: str, home: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (home / "models" / "locked").mkdir()
    (home / "models" / "locked" / "model.json").write_text("{}")
    refuse(monkeypatch, method, home / part)
    assert shelf.folder("emoji") == shelf.SHIPPED / "emoji"
    for words in (["models"], ["show", "minilm"], ["generate", "", "--model", "no-such"]):
        assert main(words) == (2 if "no-such" in words else 0)
    said = capsys.readouterr()
    assert "minilm" in said.out
    assert "Errno" not in said.out
    if method != "iterdir":
        assert "locked       broken: " in said.out
        assert "cannot be read (Permission denied)" in said.out


def test_a_training_that_is_stopped_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any) -> Any:
        yield recipe.Progress("pictures", 0, 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "run", stopped)
    assert main(["train", "digits", "--out", str(tmp_path / "run")]) == 130
    assert "stopped; the same command goes on" in capsys.readouterr().err
