"""`unstir evaluate` on the terminal: no figure is lost, no name is markup, nothing that is read is
written over."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tasks.evaluating import own_features, pictures, report
from unstir.apps.cli import evaluate, main, measure
from unstir.apps.cli.figures import between, number, show
from unstir.evaluation import Score, plain, share
from unstir.runtimes.shelf import shelf
from unstir.tasks.measure import Table

LONG = "a very long caption of a cat that wears a hat, beside a tree on a blue background"
NAMES = ("a cat [/red]", "[red]a cat :smile:", LONG)
ASK = ["--against", "real", "--features", "own.onnx", "--threads", "1"]
WIDTHS = [None, 50, 60, 80, 120, 200]
"""Of terminals; None is a pipe."""


@pytest.fixture
def place(home: Path) -> Path:
    """Captions that look like markup, and features that take no time."""
    for name, n in (("real", 39), ("made", 36), ("learned", 30)):
        pictures(Path(name), n, n, NAMES)
    own_features(Path())
    return Path.cwd()


Prints = Callable[[Callable[[], None], int | None], str]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Prints:
    """What a call prints in a terminal of a width; None is a pipe."""

    def run(call: Callable[[], None], width: int | None) -> str:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            if width is not None:
                patch.setattr(sys.stdout, "isatty", lambda: True)
                patch.setenv("COLUMNS", str(width))
                patch.setenv("LINES", "40")
            call()
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return run


def figures(text: str) -> Counter[str]:
    """All numbers in it."""
    return Counter(re.findall(r"(?<![\w.,-])-?\d[\d.,]*(?:e[-+]\d+)?(?![\w.])", text))


def told(*scores: Score) -> str:
    return " ".join(f"{number(s.value)} {between(s)}" for s in scores)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_figure_is_lost(width: int | None, place: Path, printed: Prints) -> None:
    found = report("made", against="real", training="learned", by_group=True)
    text = printed(lambda: evaluate._print(found), width)
    assert "…" not in text
    assert len(found.groups) == len(NAMES)
    known = told(*found.scores, *found.floor)
    known += "".join(f" {s.n} {s.m}" for s in found.scores)
    known += "".join(f" {g.n} {g.m} {told(*g.scores)}" for g in found.groups)
    assert not figures(known) - figures(text)
    for name in NAMES:
        assert name in text if width is None else name.split()[-1] in text
    table = [line for line in text.splitlines() if "  " in line or "──" in line]
    assert width is None or max(map(len, table)) <= width
    assert ("\n  real vs real" in text) == (width in (50, 60, 80))
    assert ("\n  lower is better" in text) == (width == 50)


@pytest.mark.parametrize("width", [30, 60, 80, 120, None])
def test_no_figure_of_molecules_is_lost(width: int | None, printed: Prints) -> None:
    names = ("[red]out.sdf (1,000)", "real ones (1,000)", "bad ones [/red] (1,000)")
    column = [share("valid and in one piece", [True] * 90 + [False] * 7), plain("FCD", 0.0123, 9)]
    table = Table("out.sdf", {}, dict.fromkeys(names, column))
    text = printed(lambda: show(*measure._grids(table)), width)
    assert "…" not in text
    assert text.count(between(column[0])) == text.count("0.9278") == text.count("0.0123") == 3
    assert "[red]out.sdf" in text
    assert "[/red]" in text
    assert (max(map(len, text.splitlines())) <= (width or 103)) == (width != 30)


def test_it_says_how_pictures_were_drawn(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*ASK, "--n", "20", "--metrics", "kernel", "--no-real-floor"]
    assert main(["evaluate", "tiny", *words, "--steps", "3", "--seed", "7"]) == 0
    said = capsys.readouterr().out.splitlines()[1]
    assert said == "drawn with steps 3, sampler ddim, scale 2, spacing uniform, seed 7"
    assert main(["evaluate", "made", *words]) == 0
    assert "drawn with" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--pairs", "learned/000.png"],
        ["--pairs", "made/000.png"],
        ["--pairs", "here/000.png"],
        ["--pairs", "prompts.png", "--prompts", "prompts.png"],
        ["--out", "own.json"],
        ["--out", "prompts.json", "--prompts", "prompts.json"],
    ],
)
def test_what_is_read_is_not_written_over(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("here").symlink_to("real")
    Path("prompts.png").write_text("a cat")
    Path("prompts.json").write_text("a cat")
    file = Path(words[1])
    before = file.read_bytes()
    assert main(["evaluate", "made", *ASK, "--training", "learned", *words]) == 2
    said = capsys.readouterr()
    assert "which is read" in said.err or "is the file that is read" in said.err
    assert "of real" not in said.err
    assert file.read_bytes() == before


def test_a_picture_that_a_link_leads_to_is_not_written_over(place: Path) -> None:
    Path("learned/000.png").rename("elsewhere.png")
    Path("learned/000.png").symlink_to(place / "elsewhere.png")
    words = ["evaluate", "made", *ASK, "--training", "learned", "--metrics", "copies"]
    for name in ("learned/000.png", "elsewhere.png"):
        assert main([*words, "--pairs", name]) == 2
    assert main([*words, "--pairs", "learned.png"]) == 0
    assert main([*words, "--pairs", "learned.png"]) == 0


def test_the_name_of_a_model_is_no_folder(place: Path) -> None:
    """A folder that is called like a model or a data set is not what is read."""
    Path("tiny").mkdir()
    words = ["evaluate", "tiny", *ASK, "--n", "20", "--steps", "1", "--metrics", "kernel"]
    for _ in range(2):
        assert main([*words, "--out", "tiny/it.json"]) == 0
    assert json.loads(Path("tiny/it.json").read_text())["generated"]["name"] == "tiny"


def test_a_model_that_is_measured_is_not_written_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shelf()["smiles"], "mine")
    before = Path("mine/model.json").read_bytes()
    assert main(["evaluate", "mine", "-o", "mine/model.json"]) == 2
    assert "mine/model.json is in mine, which is read" in capsys.readouterr().err
    assert Path("mine/model.json").read_bytes() == before


def test_figures_may_lie_beside_what_was_measured(place: Path) -> None:
    words = ["evaluate", "made", *ASK, "--metrics", "kernel", "--out", "made/it.json"]
    assert [main(words), main(words)] == [0, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics", "kernel,frechet"], "give --metrics kernel,frechet,copies"),
        ([], "--training FOLDER"),
        (["--metrics", "copies"], "--training FOLDER"),
    ],
)
def test_pairs_need_the_copy_check(
    words: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "made", *ASK, *words, "--pairs", "p.png"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "of real" not in told
    assert not Path("p.png").exists()
