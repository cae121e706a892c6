"""The example of docs/training.md runs."""

import re
from pathlib import Path


def test_the_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    for block in blocks:
        exec(compile(block, "docs/training.md", "exec"), names)
    assert len(blocks) == 1
    assert sum(names["losses"][-20:]) < sum(names["losses"][:20])
