"""Models are found by name, by path, by an old name; an unknown name answers with the nearest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unstir.core.find import NotFound
from unstir.runtimes import shelf
from unstir.runtimes.manifest import BadModel


def test_by_name_path_and_run(home: Path) -> None:
    tiny = home / "models" / "tiny"
    assert shelf.folder("tiny") == tiny
    assert shelf.folder(tiny) == tiny
    shutil.copytree(tiny, "runs/mine")
    shutil.copytree(tiny, "runs/other/model")
    assert shelf.folder("runs/mine") == Path("runs/mine")
    assert shelf.folder("runs/other") == Path("runs/other/model")


def test_by_an_old_name(home: Path) -> None:
    assert shelf.folder("tiny-old") == home / "models" / "tiny"


def test_a_broken_neighbor_does_not_hide_an_old_name(home: Path) -> None:
    (home / "models" / "broken").mkdir()
    (home / "models" / "broken" / "model.json").write_text("{")
    assert shelf.folder("tiny-old") == home / "models" / "tiny"


def test_ones_own_hides_a_shipped_one(home: Path) -> None:
    assert shelf.shelf()["minilm"].parent == shelf.SHIPPED
    shutil.copytree(home / "models" / "tiny-text", home / "models" / "minilm")
    assert shelf.folder("minilm") == home / "models" / "minilm"


def test_unknown_names_answer_with_the_nearest(home: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'tiny'"):
        shelf.folder("tinny")


@pytest.mark.parametrize("path", ["./nothing", "no/such/model", "../.."])
def test_a_path_without_a_model_says_so(path: str, home: Path) -> None:
    with pytest.raises(BadModel):
        shelf.folder(path)


def test_an_unfinished_training_says_how_to_go_on(home: Path) -> None:
    for name in ("run", "runs/mine"):
        Path(name, "denoiser").mkdir(parents=True)
        with pytest.raises(BadModel, match=f"{name} is an unfinished training; give the same"):
            shelf.folder(name)
    Path("photos").mkdir()
    with pytest.raises(BadModel, match="photos is no model folder"):
        shelf.folder("photos")
    Path("tiny").mkdir()
    assert shelf.folder("tiny") == home / "models" / "tiny"


def test_no_home_at_all_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSTIR_HOME", str(tmp_path / "nothing" / "here"))
    assert set(shelf.shelf()) >= {"minilm"}
    assert not (tmp_path / "nothing").exists()
