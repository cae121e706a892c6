"""The Python of the manuals runs as it stands, with a tiny model in the shipped one's place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from unstir.modalities.images import read

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["cli", "model-folder"])
def test_python_blocks_run(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(home / "models" / "tiny", home / "models" / "emoji")
    blocks = BLOCK.findall((DOCS / f"{name}.md").read_text())
    assert blocks
    scope: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, f"docs/{name}.md", "exec"), scope)
    assert capsys.readouterr().out
    if name == "cli":
        assert read("cat.png").shape == (256, 256, 3)
