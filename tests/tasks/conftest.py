"""What tests of commands on pictures share: a picture to begin with, and what must hold of any."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unstir.apps.cli import main
from unstir.tasks.show import show


@pytest.fixture
def saved(home: Path) -> Callable[..., np.ndarray]:
    """Writes noise on a slope, which no codec could give back by luck, and returns it."""

    def save(
        name: str = "it.png", mode: str = "RGB", width: int = 90, height: int = 70, **options: Any
    ) -> np.ndarray:
        rng = np.random.default_rng(width)
        slope = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, len(mode)))
        pixels = (slope + rng.integers(0, 55, slope.shape)).astype(np.uint8).squeeze()
        Image.fromarray(pixels, mode).save(name, **options)
        return pixels

    return save


@pytest.fixture
def repeats(capsys: pytest.CaptureFixture[str]) -> Callable[[Path, str], None]:
    """`unstir show FILE` prints a command that makes the same bytes again."""

    def check(file: Path, verb: str) -> None:
        first, shown = file.read_bytes(), show(str(file))
        assert shown.command[:2] == ("unstir", verb)
        assert not shown.notes
        capsys.readouterr()
        assert main(["show", str(file)]) == 0
        command = capsys.readouterr().out
        file.unlink()
        assert main(shlex.split(command)[1:]) == 0
        assert file.read_bytes() == first

    return check


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[[Sequence[str], int, str], None]:
    """A command says why not, in words, and leaves nothing behind."""

    def check(words: Sequence[str], code: int, says: str) -> None:
        before = sorted(Path.cwd().iterdir())
        assert main(list(words)) == code
        said = capsys.readouterr()
        assert says in said.err.replace("\n", " ")
        assert said.out == ""
        assert "Traceback" not in said.err
        assert sorted(Path.cwd().iterdir()) == before

    return check
