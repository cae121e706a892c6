"""The documentation is true: python blocks run, linked files exist, the README's tree is the
tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


@pytest.mark.parametrize(
    "page", [p for p in PAGES if BLOCK.search(p.read_text(encoding="utf-8"))], ids=lambda p: p.stem
)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    """All blocks of a page, from top to bottom, in one namespace."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_tree_in_the_readme_is_the_tree():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```tree\n(.*?)```", text, re.S)
    assert block, "README.md has no tree"
    told = {line.split()[0] for line in block[1].splitlines() if line.startswith("  ")}
    there = {
        p.name + "/" for p in (ROOT / "unstir").iterdir() if p.is_dir() and p.name[0] not in "._"
    }
    assert told == there


def test_no_machine_is_named():
    """No absolute paths of somebody's machine in what is committed."""
    bad = re.compile(r"(?<![\w.:/])/(?:work|tmp|root|home)/\w")
    for page in PAGES:
        assert not bad.search(page.read_text(encoding="utf-8")), page
