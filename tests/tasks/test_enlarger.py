"""Drawings made larger by an upscaler: the model's own pixels stay, the seed decides, and the
file says what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unstir.modalities.images import resize
from unstir.tasks.generate import generate
from unstir.tasks.request import BadRequest
from unstir.tasks.show import show


def draw(**asked: Any) -> Any:
    return generate("a cat", **({"model": "tiny", "seed": 3, "steps": 3, "threads": 1} | asked))


@pytest.fixture
def prefers(home: Path, upscaler: Callable[..., Path]) -> None:
    """The model `tiny` prefers to be enlarged by an upscaler."""
    upscaler(side=16)
    file = home / "models" / "tiny" / "model.json"
    said = json.loads(file.read_text())
    said["defaults"]["enlarge"] = "upscaler"
    file.write_text(json.dumps(said))


def test_what_the_model_prefers_enlarges_it(prefers: None) -> None:
    plain, learned = draw(enlarge="lanczos")[0], draw()[0]
    assert np.array_equal(plain.native, learned.native)
    assert np.array_equal(plain.pixels, resize(plain.native, 256, 256))
    assert learned.pixels.shape == (256, 256, 3)
    assert not np.array_equal(plain.pixels, learned.pixels)
    assert "--enlarge" in learned.recipe.command("x.png")
    native = draw(size="native")[0]
    assert np.array_equal(native.pixels, native.native)
    assert "--enlarge" not in native.recipe.command("x.png")


def test_one_seed_is_one_picture(prefers: None) -> None:
    alone, among = draw(seed=5)[0], draw(seed=3, n=4)[2]
    assert np.abs(alone.pixels.astype(int) - among.pixels).max() <= 2
    other = draw(seed=6)[0]
    assert np.abs(alone.pixels.astype(int) - other.pixels).max() > 5


def test_the_file_says_so(prefers: None, home: Path) -> None:
    file = draw()[0].save("cat.png")
    shown = show(str(file))
    at = shown.command.index("--enlarge")
    assert shown.command[at + 1] == "upscaler"
    assert shown.notes == ()
    model = home / "models" / "upscaler" / "model.json"
    model.write_text(model.read_text().replace("Random weights", "Other weights"))
    assert "upscaler here is not the one" in show(str(file)).notes[0]


def test_early_files_were_resampled(home: Path) -> None:
    """The command that such a file holds must go on meaning what it meant."""
    from unstir.tasks.show import _enlarged

    early = {"settings": {"size": 256, "pixels": [256, 256]}}
    assert _enlarged(early, "generate") == ("--enlarge", "lanczos")
    assert _enlarged({"settings": {"size": "native", "pixels": [64, 64]}}, "generate") == ()
    assert _enlarged({"settings": {"size": 256, "enlarge": "upscaler"}}, "generate") == ()
    assert _enlarged(early, "interpolate") == ()


@pytest.mark.parametrize("size", [None, "native"])
def test_what_cannot_enlarge(size: str | None, home: Path) -> None:
    with pytest.raises(ValueError, match="no 'nothing'"):
        draw(enlarge="nothing", size=size)
    with pytest.raises(ValueError, match="enlarges no pictures"):
        draw(enlarge="tiny", size=size)
    with pytest.raises(BadRequest, match="enlarge is 3"):
        draw(enlarge=3, size=size)


@pytest.mark.parametrize("name", ["lanczos", "upscaler"])
def test_what_enlarges_nothing_is_told(name: str, prefers: None) -> None:
    run = draw(enlarge=name, size="native")
    assert run.notes == (f"the model draws as large as that: enlarge {name} has no effect",)
    assert run.recipe == draw(size="native").recipe
    assert draw(enlarge=name).notes == draw(size="native").notes == ()
