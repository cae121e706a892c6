"""`unstir evaluate`: a model or a folder against real pictures, what is said, and what is refused.

The features are a graph of two layers, so that all of it takes seconds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from unstir.apps.cli import main
from unstir.core.noise import seeds
from unstir.datasets import emoji
from unstir.modalities.images import read, write
from unstir.tasks import evaluate as task
from unstir.tasks.comparison import Report
from unstir.tasks.evaluate import evaluate
from unstir.tasks.gallery import opened
from unstir.tasks.generate import generate
from unstir.tasks.request import BadRequest

CAPTIONS = ("a red cat", "a blue dog", "a green star")


def own_features(folder: Path, **changes: object) -> str:
    """Random convolutions, ReLU, the mean over positions: 12 features of 16 px."""
    w = np.random.default_rng(0).normal(size=(12, 3, 4, 4)).astype("f4")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], strides=[4, 4]),
        helper.make_node("Relu", ["c"], ["r"]),
    ]
    ins = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 3, 16, 16])]
    out = helper.make_tensor_value_info("r", TensorProto.FLOAT, ["B", 12, 4, 4])
    graph = helper.make_graph(nodes, "g", ins, [out], [numpy_helper.from_array(w, "w")])
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    (folder / "own.onnx").write_bytes(model.SerializeToString())
    about = {"name": "own-16", "size": 16, "mean": [0.5] * 3, "std": [0.5] * 3} | changes
    (folder / "own.json").write_text(json.dumps(about))
    return "own.onnx"


def pictures(folder: Path, n: int, seed: int, captions: tuple[str, ...] = CAPTIONS) -> Path:
    """Smooth colored noise, captioned in turn."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(n):
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        name = f"{i:03d}.png"
        write(folder / name, np.kron(coarse, np.ones((6, 6, 1), np.uint8)))
        if captions:
            lines.append({"file_name": name, "text": captions[i % len(captions)]})
    if lines:
        (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


@pytest.fixture
def place(home: Path) -> Path:
    """A folder with real pictures, training pictures and a small feature space."""
    here = Path.cwd()
    pictures(here / "real", 40, 1)
    pictures(here / "learned", 50, 2)
    own_features(here)
    return here


def report(*args: Any, **flags: Any) -> Report:
    given = {"features": "own.onnx", "threads": 1} | flags
    *_, last = evaluate(*args, **given)
    assert isinstance(last, Report)
    return last


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
    notes = report("once", against="real", metrics="precision_recall").notes
    assert any("5 of 18 generated pictures are the same" in note for note in notes)
    assert any(
        "1 of the generated pictures are also among the real ones" in note for note in notes
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


def test_a_data_set_brings_its_training_part(place: Path) -> None:
    found = report("real", against="digits", most=60)
    assert found.sides["training"].about["name"] == "digits train"
    assert found.sides["reference"].about["name"] == "digits heldout"
    one, two = (found.sides[k].gallery.item(3).pixels for k in ("training", "reference"))
    assert not np.array_equal(one, two)
    other = report("real", against="digits", most=60, split="train", metrics="kernel")
    assert other.sides["reference"].about["name"] == "digits train"


def test_the_held_out_part_of_a_folder_is_taken(place: Path) -> None:
    pictures(place / "set" / "train", 20, 3)
    pictures(place / "set" / "heldout", 18, 4)
    found = report("real", against="set", training="set")
    assert (len(found.sides["reference"].values), len(found.sides["training"].values)) == (18, 20)
    assert len(report("real", against="set", split="train", metrics="kernel")
               .sides["reference"].values) == 20  # fmt: skip


def test_damaged_pictures_are_left_out(place: Path) -> None:
    data = (place / "real" / "004.png").read_bytes()
    (place / "real" / "004.png").write_bytes(data[: len(data) // 2])
    found = report("learned", against="real", metrics="kernel")
    assert found.sides["reference"].about["left_out"] == 1
    assert found.sides["reference"].about["pictures"] == 39
    assert "004.png" not in [name for *_, name in found.sides["reference"].items]


def test_every_file_that_is_left_out_counts(place: Path) -> None:
    """Also those that no look inside is needed for; and the first are named."""
    (place / "real" / "scan.tif").write_bytes(b"II*")
    (place / "real" / "empty.png").write_bytes(b"")
    about = report("learned", against="real", metrics="kernel").sides["reference"].about
    assert (about["pictures"], about["left_out"]) == (40, 2)
    assert sorted(line.split()[0] for line in about["unused"]) == ["empty.png", "scan.tif"]


def test_n_and_most_are_drawn_by_lot(place: Path) -> None:
    found = report("learned", against="real", n=20, most=25, metrics="kernel")
    names = [name for *_, name in found.sides["generated"].items]
    assert len(set(names)) == 20
    assert sorted(names) != [f"{i:03d}.png" for i in range(20)]
    assert len(found.sides["reference"].values) == 25


def test_the_first_prompts_are_of_all_classes(place: Path) -> None:
    """Although files come sorted by folder."""
    for i, label in enumerate(("0", "1", "2", "3")):
        pictures(place / "classes" / label, 20, i, captions=())
    found = report("tiny", against="classes", n=40, steps=1, metrics="kernel")
    groups = [group for _, _, group, _ in found.sides["generated"].items]
    assert min(groups.count(label) for label in "0123") >= 4


def test_a_generated_folder_is_taken_as_it_is(place: Path) -> None:
    """With its parts, whatever they are called."""
    pictures(place / "made", 20, 3, captions=())
    pictures(place / "made" / "test", 12, 4, captions=())
    assert len(report("made", against="real").sides["generated"].values) == 32


def test_a_run_without_a_model_is_no_folder_of_pictures(place: Path) -> None:
    pictures(place / "run" / "samples", 14, 3)
    (place / "run" / "denoiser").mkdir()
    with pytest.raises(BadRequest, match="no model yet"):
        evaluate("run", against="real", features="own.onnx")


def test_other_sizes_are_told_of(place: Path) -> None:
    for i in range(20):
        (place / "large").mkdir(exist_ok=True)
        file = place / "real" / f"{i:03d}.png"
        write(place / "large" / file.name, np.kron(read(file), np.ones((2, 2, 1), np.uint8)))
    assert not any("on a side" in note for note in report("learned", against="real").notes)
    notes = report("large", against="real", metrics="kernel").notes
    assert any("have 48 pixels on a side, real ones 24" in note for note in notes)


def test_a_data_sets_training_part_is_what_its_recipe_trains_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same number is another scene where the shares of the kinds are others."""
    asked: list[Any] = []

    def scene(glyphs: Any, index: int, **how: Any) -> Any:
        asked.append(how["shares"])
        return SimpleNamespace(image=np.zeros((64, 64, 3)), caption="", parts={"kind": "single"})

    monkeypatch.setattr(emoji, "load", lambda root: None)
    monkeypatch.setattr(emoji, "scene", scene)
    opened("emoji", most=8, split="train").item(0)
    opened("emoji", most=8).item(0)
    assert asked == [emoji.SHARES, None]


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
        (["real", "--steps", "3"], "nothing is drawn"),
        (["tinny"], "did you mean 'tiny'"),
        (["minilm"], "makes no pictures"),
        (["tiny", "--against", "bare"], "has no captions"),
    ],
)
def test_what_cannot_be_evaluated(
    words: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(place / "bare", 12, 0, captions=())
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
