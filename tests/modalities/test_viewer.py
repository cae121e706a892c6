"""The page on which structures are turned: whole, silent towards the network, and no text of a
file becomes a script."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from unstir.apps.cli import main
from unstir.modalities.images import BadEnding
from unstir.modalities.sdf import Structure, molfile
from unstir.modalities.viewer import LIBRARY, MOST, Shape, ending, page, write_page

ETHENE = Structure(
    ("C", "C"), (0, 0), np.array([[0.0, 0, 0], [1.33, 0, 0]]), np.array([[0, 2], [2, 0]], np.uint8)
)


def shown(text: str) -> list[dict[str, str]]:
    found = re.search(r"const shapes = (\[.*?\]), styles = ", text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_it_holds_all_that_it_needs() -> None:
    text = page([Shape("ethene", molfile(ETHENE), "sdf")], "molecules")
    assert shown(text) == [{"name": "ethene", "text": molfile(ETHENE), "form": "sdf"}]
    own = text.replace(LIBRARY.read_text(encoding="utf-8"), "")
    assert "http://" not in own
    assert "https://" not in own
    assert "default-src 'none'" in own
    assert "connect-src" not in own  # so none may be made
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]+src", own)


def test_no_text_becomes_a_script() -> None:
    bad = "</script><script>alert(1)</script>\u2028<!--"
    text = page([Shape(bad, bad, "sdf")], bad)
    own = text.replace(LIBRARY.read_text(encoding="utf-8"), "")
    assert own.count("<script>") == 2
    assert own.count("</script>") == 2
    assert "<!--" not in own
    assert shown(text)[0]["name"] == bad


def test_what_is_no_page(tmp_path: Path) -> None:
    assert ending(Path("it.HTML")) == ".html"
    with pytest.raises(BadEnding, match=r"does not end in \.html"):
        ending(Path("it.png"))
    with pytest.raises(ValueError, match="1 to 1,000"):
        page([], "none")
    with pytest.raises(ValueError, match="1 to 1,000"):
        page([Shape("", "", "sdf")] * (MOST + 1), "many")
    assert write_page([Shape("a", molfile(ETHENE), "sdf")], tmp_path / "a.html", "a").is_file()


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["generate", "--model", "molecules", "--n", "2", "--seed", "1", "--steps", "2"]
    assert main([*words, "-o", "it.sdf", "--view", "it.html"]) == 0
    assert [shape["name"] for shape in shown(Path("it.html").read_text())] == ["seed 1", "seed 2"]
    assert main([*words, "-o", "other.sdf", "--view", "it.png"]) == 2
    assert not Path("other.sdf").exists()
