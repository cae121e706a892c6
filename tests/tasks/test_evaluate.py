"""`unstir evaluate`: a model or a folder against real pictures, what is said, and what is refused.

The features are a graph of two layers, so that all of it takes seconds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.evaluating import own_features, pictures, report
from unstir.apps.cli import main
from unstir.core.noise import seeds
from unstir.modalities.images import read, write
from unstir.tasks import evaluate as task
from unstir.tasks.generate import generate
from unstir.tasks.request import BadRequest

ASK = ["evaluate", "tiny", "--against", "real", "--features", "own.onnx", "--steps", "2",
       "--n", "20", "--threads", "1"]  # fmt: skip


def test_a_model_against_a_folder(place: Path) -> None:
    found = report("tiny", against="real", training="learned", n=24, seed=7, steps=2)
    names = [s.name for s in found.scores]
    assert names == ["frechet", "frechet_infinity", "kernel", "precision", "recall", "density",
                     "coverage", "copies"]  # fmt: skip
    assert [s.name for s in found.floor] == names
    assert all((s.n, s.m) == (24, 40) for s in found.scores)
    assert all((s.n, s.m) == (20, 20) for s in found.floor)
    said = found.to_json()
    assert said["features"]["name"] == "own-16"
    assert said["settings"]["seed"] == 7
    assert said["settings"]["steps"] == 2
    assert said["settings"]["spacing"] == "uniform"
    assert said["settings"]["sampler"] == "ddim"
    assert said["settings"]["model_sha256"] == said["settings"]["model_sha256"].lower()
    assert said["generated"]["pictures"] == 24
    assert said["reference"]["name"] == "real"
    assert set(said["seconds"]) >= {"generated", "reference", "training", "metrics"}
    assert len(said["nearest_pairs"]) == 16
    assert said["nearest_pairs"][0]["training"].endswith(".png")
    assert said["nearest_pairs"][0]["generated"].startswith("seed ")
    json.dumps(said, allow_nan=False)


def test_the_same_request_gives_the_same_figures(place: Path) -> None:
    one = report("tiny", against="real", n=20, steps=2, cache=False).to_json()
    two = report("tiny", against="real", n=20, steps=2).to_json()
    other = report("tiny", against="real", n=20, steps=2, seed=1).to_json()
    assert one["scores"] == two["scores"]
    assert one["generated"]["pixels_sha256"] == two["generated"]["pixels_sha256"]
    assert one["generated"]["pixels_sha256"] != other["generated"]["pixels_sha256"]
    spread = report("tiny", against="real", n=20, steps=2, spacing="karras").to_json()
    assert spread["settings"]["spacing"] == "karras"
    assert one["generated"]["pixels_sha256"] != spread["generated"]["pixels_sha256"]


def test_what_is_drawn_is_what_generate_draws(place: Path) -> None:
    """Picture i: the reference's captions in its order, seed SEED + i, the model's own pixels."""
    found = report("tiny", against="real", n=20, seed=5, steps=3)
    for i in (0, 1, 17):
        item = found.sides["generated"].gallery.item(i)
        caption = found.sides["reference"].items[i][1]
        alone = generate(caption, model="tiny", seed=5 + i, steps=3, size="native")[0]
        assert np.abs(item.pixels.astype(int) - alone.pixels).max() <= 1
        assert item.name == f"seed {5 + i} {caption!r}"
    drawn = list(found.sides["generated"].gallery.items())
    assert np.abs(drawn[17].pixels.astype(int) - alone.pixels).max() <= 1
    assert list(seeds(5, 2)) == [5, 6]


def test_a_folder_against_itself(place: Path) -> None:
    found = {s.name: s.value for s in report("real", against="real", training="real").scores}
    assert found["frechet"] == pytest.approx(0, abs=1e-6)
    assert (found["precision"], found["recall"], found["copies"]) == (1, 1, 1)


def test_pictures_that_are_there_twice_are_told_of(place: Path) -> None:
    pictures(place / "once", 12, 7)
    for file in list((place / "once").glob("*.png"))[:5]:
        shutil.copy(file, file.with_name(f"again-{file.name}"))
    shutil.copy(next((place / "real").glob("*.png")), place / "once" / "real.png")
    for i in range(3):
        shutil.copy(place / "once" / "real.png", place / "once" / f"real-{i}.png")
    notes = report("once", against="real", metrics="precision_recall").notes
    assert any("8 of 21 generated pictures are the same" in note for note in notes)
    assert any(
        "4 of the generated pictures are also among the real ones" in note for note in notes
    )
    assert not any("real against real" in note and "same" in note for note in notes)


def test_groups_ask_for_no_copies_where_nothing_was_learned(place: Path) -> None:
    found = report("learned", against="real", by_group=True)
    assert found.groups
    assert all("copies" not in (group.problem or "") for group in found.groups)


def test_a_reference_that_was_learned_from_is_told(place: Path) -> None:
    found = report("learned", against="real", training="real", metrics="copies")
    assert any("shares pictures with the training set" in note for note in found.notes)


def test_worse_pictures_score_worse(place: Path) -> None:
    """Gray pictures are farther from the real ones than other real ones are."""
    gray = place / "gray"
    gray.mkdir()
    for i in range(30):
        write(gray / f"{i}.png", np.full((24, 24, 3), 100 + i, np.uint8))
    good = {s.name: s for s in report("learned", against="real").scores}
    bad = {s.name: s for s in report("gray", against="real").scores}
    for name in ("frechet", "frechet_infinity", "kernel"):
        assert bad[name].low > good[name].high
    for name in ("precision", "recall", "density", "coverage"):
        assert bad[name].value < good[name].value


def test_prompts_from_a_file_and_groups(place: Path) -> None:
    Path("prompts.txt").write_text("a red cat\n\n  a blue   dog \n", encoding="utf-8")
    found = report("tiny", against="real", prompts=Path("prompts.txt"), n=24, steps=1,
                   by_group=True, metrics="kernel")  # fmt: skip
    assert [(g.name, g.n, g.m) for g in found.groups] == [("a blue dog", 12, 13),
                                                          ("a red cat", 12, 14)]  # fmt: skip
    assert all(g.scores[0].n == 12 for g in found.groups)


def test_groups_by_class_folders(place: Path) -> None:
    for side in ("made", "true"):
        for label, n in (("cats", 16), ("dogs", 12)):
            pictures(place / side / label, n, len(side + label), captions=())
    found = report("made", against="true", by_group=True, metrics="kernel,frechet")
    assert [(g.name, g.n, g.m) for g in found.groups] == [("cats", 16, 16), ("dogs", 12, 12)]


@pytest.mark.parametrize("one", ["made", "true"])
def test_one_class_is_compared_too(one: str, place: Path) -> None:
    """On either side; though a folder alone is no caption to draw from."""
    other = {"made": "true", "true": "made"}[one]
    pictures(place / one / "cats", 14, 3, captions=())
    for label, n in (("cats", 12), ("dogs", 12)):
        pictures(place / other / label, n, len(label), captions=())
    found = report("made", against="true", by_group=True, metrics="kernel")
    cats = next(g for g in found.groups if g.name == "cats")
    assert sorted((cats.n, cats.m)) == [12, 14]
    with pytest.raises(BadRequest, match="has no captions"):
        report("tiny", against=one, metrics="kernel")


def test_what_is_lost_of_prompts_is_told_once(place: Path) -> None:
    lines = ["a red cat", "a 猫", "a 猫 and a 犬", "a red cat " * 20]
    Path("prompts.txt").write_text("\n".join(lines), encoding="utf-8")
    notes = report("tiny", against="real", prompts="prompts.txt", n=40, steps=1,
                   metrics="kernel").notes  # fmt: skip
    lost = [note for note in notes if "prompts, the first" in note]
    assert len(lost) == 2
    assert lost[0] == "2 of 4 prompts, the first 'a 猫': tiny does not know 猫: it draws without"
    assert lost[1].startswith("1 of 4 prompts, the first 'a red cat a red cat ")
    assert "longer than tiny reads" in lost[1]


@pytest.mark.parametrize(("scale", "count"), [(5.0, 1), (None, 0)])
def test_why_a_student_does_not_draw(scale: float | None, count: int, place: Path) -> None:
    notes = report("emoji", against="real", n=4, steps=2, scale=scale, metrics="kernel").notes
    assert sum("the student of emoji draws in 2 steps, but not with this scale" in note
               for note in notes) == count  # fmt: skip


def test_the_bias_of_a_distance_that_there_is(place: Path) -> None:
    pictures(place / "few", 5, 3)
    assert not any("much of it is bias" in n for n in report("few", against="real").notes
                   if n.startswith("metrics"))  # fmt: skip


def test_prompts_by_path_as_text(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "p.txt").write_text("a red cat")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    found = report("tiny", against="real", prompts="~/p.txt", n=4, steps=1, metrics="kernel")
    assert {caption for caption, _ in found.sides["generated"].captions} == {"a red cat"}
    wrong: Any = ["a red cat"]
    with pytest.raises(BadRequest, match="give a text file"):
        report("tiny", against="real", prompts=wrong)
    with pytest.raises(BadRequest, match="metrics is"):
        report("tiny", against="real", metrics=wrong)


def test_fid_is_a_name_for_one_network(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "real", "--against", "learned", "--features", "own.onnx"]) == 0
    assert "FID" not in capsys.readouterr().out
    own_features(place, name="inception-v3", fid=True)
    assert main(["evaluate", "real", "--against", "learned", "--features", "own.onnx"]) == 0
    said = capsys.readouterr().out
    assert "FID_infinity" in said
    assert "inception-v3" in said


def test_the_table(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASK, "--training", "learned", "--by-group"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "tiny (20) against real (40), features: own-16"
    assert any(line.startswith("recall ") and line.rstrip().endswith("higher") for line in lines)
    assert any(line.startswith("a blue dog") for line in lines)
    assert "real vs real: halves of the reference, 20 pictures each" in said.out
    assert "nearest pair: seed " in said.out
    assert "generated: 20 pictures of tiny; features of 20 at" in said.err
    assert "note: metrics: frechet has 20 samples for 12 features" in said.err


def test_json_and_files(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--out", "figures.json", "--pairs", "pairs.png", "--training", "learned"]
    assert main([*ASK, *files, "--json", "--no-real-floor"]) == 0
    said = json.loads(capsys.readouterr().out)
    written = json.loads(Path("figures.json").read_text())
    assert said == written
    assert said["real_floor"] == []
    assert said["scores"][0]["confidence"] == 0.95
    assert set(said["scores"][0]) >= {"name", "title", "value", "low", "high", "n", "m", "better"}
    assert read("pairs.png").shape == (4 * 136 + 8, 4 * 264 + 8, 3)
    assert main([*ASK, *files, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["reference"]["extracted"] == again["training"]["extracted"] == 0
    assert again["scores"] == said["scores"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--metrics", "kernle"], 2, "did you mean 'kernel'"),
        (["--metrics", ","], 2, "there are: copies, density_coverage"),
        (["--metrics", "copies"], 2, "--training FOLDER"),
        (["--metrics", "kernel", "--training", "none"], 2, "leave --training out"),
        (["--against", "emojis"], 2, "did you mean 'emoji'"),
        (["--against", "./nowhere"], 3, "not there"),
        (["--against", "own.onnx"], 3, "is a file; give a folder"),
        (["--against", "digits", "--split", "x"], 2, "digits has train and heldout"),
        (["--features", "efficientnet"], 2, "did you mean 'efficientnet-lite0'"),
        (["--features", "none.onnx"], 3, "none.onnx is not there"),
        (["--n", "0"], 2, "n is 0"),
        (["--n", "1.5"], 2, "not a whole number"),
        (["--most", "0"], 2, "most is 0"),
        (["--seed", "-1"], 2, "seed is -1"),
        (["--threads", "0"], 2, "threads is 0"),
        (["--scale", "nan"], 2, "scale is nan"),
        (["--prompts", "none.txt"], 3, "none.txt"),
        (["--prompts", "empty.txt"], 2, "holds no prompt"),
        (["--n", "3"], 3, "frechet needs 8 generated samples or more; there are 3"),
        (["--out", "figures.txt"], 2, "does not end in .json"),
        (["--out", "no/figures.json"], 3, "does not exist"),
        (["--pairs", "pairs.gif"], 2, "pictures end in"),
    ],
)
def test_refused(
    words: list[str], code: int, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty.txt").write_text("\n \n")
    before = sorted(Path.cwd().iterdir())
    given = [w for i in range(0, len(ASK) - 2, 2) for w in ASK[i + 2 : i + 4]
             if ASK[i + 2] not in words]  # fmt: skip
    assert main(["evaluate", "tiny", *given, *words]) == code
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["real", "--steps", "3"], "nothing is drawn, so no --steps"),
        (["real", "--prompts", "prompts.txt"], "nothing is drawn, so no --prompts"),
        (["tinny"], "tinny is no folder of pictures, and no 'tinny' in models"),
        (["tinny"], "did you mean 'tiny'"),
        (["./tinny"], "./tinny is no folder of pictures"),
        (["real/000.png"], "000.png is a file; give the folder that it is in"),
        (["empty"], "no picture that can be used"),
        (["tiny", "--against", "latin"], "no captions (000.txt cannot be read as UTF-8"),
        (["minilm"], "makes no pictures"),
        (["tiny", "--against", "bare"], "has no captions"),
    ],
)
def test_what_cannot_be_evaluated(
    words: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(place / "bare", 12, 0, captions=())
    pictures(place / "latin", 2, 0, captions=())
    (place / "latin" / "000.txt").write_bytes(b"caf\xe9")
    (place / "empty").mkdir()
    (place / "prompts.txt").write_text("a red cat")
    against = [] if "--against" in words else ["--against", "real"]
    assert main(["evaluate", *words, *against, "--features", "own.onnx"]) in (2, 3)
    assert said in capsys.readouterr().err


def test_interrupted_it_leaves_nothing_but_whole_features(
    place: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real: Callable[..., Any] = task.compare

    def stopped(plan: Any) -> Any:
        for event in real(plan):
            if event.__class__.__name__ == "Progress" and event.stage == "generated":
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(task, "compare", stopped)
    before = sorted(Path.cwd().iterdir())
    assert main([*ASK, "--out", "figures.json"]) == 130
    assert sorted(Path.cwd().iterdir()) == before
    left = [p for p in (home / "cache").rglob("*") if p.is_file()]
    assert left
    assert all(p.suffix == ".features" and not p.name.startswith(".") for p in left)


def test_no_torch_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, unstir.tasks.evaluate, unstir.apps.cli.evaluate; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
