"""The commands of docs/editing.md run as they stand, with a tiny model in the shipped one's
place, and make the pictures of the page."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.apps.cli.run import COMMANDS

ROOT = Path(__file__).parents[2]


def test_the_page_can_be_made_again(home: Path) -> None:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "benchmarks" / "gallery.py")
    assert spec
    assert spec.loader
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    shutil.copytree(home / "models" / "tiny", home / "models" / "emoji")
    names = []
    for name, commands, place in gallery.sections():
        gallery.draw(commands, Path("made.png"))
        with Image.open("made.png") as made, Image.open(place) as shown:
            assert made.size == shown.size, f"{place} is not what the page's commands make"
            assert np.asarray(made).std() > 10
        assert all(words[0] in COMMANDS for words in commands)
        names.append(name)
    assert names == ["inpaint", "outpaint", "vary", "edit", "interpolate"]
    with pytest.raises(SystemExit, match="unstir vary no"):
        gallery.draw([["vary", "no.png"]], Path("made.png"))
