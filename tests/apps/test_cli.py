"""The command line: what is said where, exit codes, and nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import unstir
from unstir.apps.cli import CANCELLED, MENU, errors, main
from unstir.apps.cli.run import COMMANDS
from unstir.modalities.images import read
from unstir.tasks import prepared
from unstir.tasks.run import Run

DRAW = ["generate", "a cat", "--model", "tiny", "--seed", "3"]


def here() -> list[str]:
    return sorted(path.name for path in Path.cwd().iterdir())


def test_alone_it_prints_a_short_menu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert said == MENU + "\n"
    assert len(said.splitlines()) <= 20
    assert all(f"unstir {name} " in said or f"unstir {name}\n" in said or name == "data"
               or f"  unstir {name}" in said for name in COMMANDS)  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"unstir {name}" in said
    assert COMMANDS[name].rstrip(".")[:20] in said
    for line in said.splitlines():
        if line.startswith(("│ --", "│ *")):
            assert len(line.replace("│", "").split("  ")) > 1 or "[" in line, f"no help: {line}"


@pytest.mark.parametrize(
    ("name", "told"),
    [("inpaint", "--box X,Y,WIDTH,HEIGHT"), ("tune", "--steps LEAST,MOST"),
     ("upscale", "NAME-1, NAME-2"), ("upscale", "result has the picture's colors")],
)  # fmt: skip
def test_help_says_how_it_is_used(
    name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """However wide the terminal is."""
    assert main([name, "--help"]) == 0
    assert told in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"unstir {unstir.__version__}\n"
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project.get("version", unstir.__version__) == unstir.__version__


def test_a_picture(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DRAW, "-o", "cat.png"]) == 0
    assert here() == ["cat.png"]
    assert read("cat.png").shape == (256, 256, 3)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "cat.png  256 x 256, seed 3, ddim, 12 evaluations, tiny\n"


def test_four_pictures_and_their_films(home: Path) -> None:
    assert main([*DRAW, "--n", "4", "--size", "native", "-o", "c.png", "--gif", "c.gif"]) == 0
    assert here() == [f"c-{i}.{e}" for i in range(1, 5) for e in ("gif", "png")]
    with Image.open("c-2.gif") as film:
        assert film.size == (32, 32)
        assert film.n_frames == 7  # noise and six steps, the last of which is the picture
        film.seek(6)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert main(["show", "c-2.gif"]) == 0
    assert np.abs(last - read("c-2.png")).mean() < 12


def test_the_short_form_is_for_prompts_of_several_words(home: Path) -> None:
    assert main(["a cat wearing a hat", "--model", "tiny", "--seed", "5"]) == 0
    assert here() == ["a-cat-wearing-a-hat-5.png"]
    assert main(["cat"]) == 2
    assert main([" ", "--model", "tiny"]) == 2
    assert here() == ["a-cat-wearing-a-hat-5.png"]


def test_torch_is_asked_for_where_it_is_needed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "unstir.runtimes.torch", raising=False)
    assert main([*DRAW, "--runtime", "torch"]) == 4
    assert "pip install 'unstir[train]'" in capsys.readouterr().err


def test_without_a_name_nothing_is_overwritten(home: Path) -> None:
    for _ in range(3):
        assert main(["a cat", "--model", "tiny", "--seed", "5"]) == 0
    assert here() == ["a-cat-5-again1.png", "a-cat-5-again2.png", "a-cat-5.png"]
    assert main(["кот 猫", "--model", "tiny", "--seed", "5"]) == 0
    assert "picture-5.png" in here()


def test_a_long_prompt_keeps_its_beginning(home: Path) -> None:
    assert main(["first " + "word " * 40, "--model", "tiny", "--seed", "5"]) == 0
    (name,) = here()
    assert re.fullmatch(r"first(-word)+(-w|-wo|-wor)?-5\.png", name)
    assert 50 < len(name) < 80


@pytest.mark.parametrize("flag", ["--out=~/it.png", "-o=~/it.png", "--gif=~/it.gif"])
def test_a_home_behind_an_equals_sign(
    flag: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell expands it there."""
    Path("me").mkdir()
    monkeypatch.setenv("HOME", str(Path("me").absolute()))
    assert main([*DRAW, "--steps", "2", "--size", "native", flag]) == 0
    assert (Path("me") / flag.partition("~/")[2]).is_file()


def test_json_alone_is_on_stdout(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "", "--model", "tiny", "--n", "2", "--json", "-o", "c.png"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert [p["file"] for p in report["pictures"]] == ["c-1.png", "c-2.png"]
    assert report["pictures"][1]["seed"] == report["pictures"][0]["seed"] + 1
    assert "the prompt is empty" in report["notes"][0]
    assert "note: the prompt is empty" in said.err


def test_models(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "models" / "broken").mkdir()
    (home / "models" / "broken" / "model.json").write_text("{}")
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert "tiny " in said
    assert "32x32 px" in said
    assert "broken: " in said
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["tiny"]["kind"] == "image"
    assert "format" in rows["broken"]["problem"]


def test_show(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DRAW, "-o", "cat.png"]) == 0
    capsys.readouterr()
    assert main(["show", "cat.png"]) == 0
    assert capsys.readouterr().out.startswith("unstir generate 'a cat' --model tiny --seed 3 ")
    assert main(["show", "cat.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seed"] == 3
    assert main(["show", "tiny"]) == 0
    assert "Random weights, for tests" in capsys.readouterr().out


def test_noise(home: Path) -> None:
    Image.new("RGB", (40, 30), "red").save("photo.png")
    assert main(["noise", "photo.png", "--steps", "4", "--size", "16"]) == 0
    assert read("photo-noise.png").shape == (16, 64, 3)
    assert main(["noise", "photo.png", "--steps", "2", "--size", "16"]) == 0
    assert here() == ["photo-noise-again1.png", "photo-noise.png", "photo.png"]
    assert read("photo-noise.png").shape == (16, 64, 3)


def test_doctor(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "ok  drawing" in capsys.readouterr().out
    (home / "models" / "tiny" / "decoder.onnx").write_bytes(b"")
    assert main(["doctor", "--json"]) == 3
    said = capsys.readouterr()
    assert {c["name"] for c in json.loads(said.out)["checks"] if c["ok"] is False}
    assert "not all right: model tiny" in said.err


# -- bad input: code, and what is said of it

G = ["generate", "a cat", "--model", "tiny"]
T = ["train", "digits", "--out", "run"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "steps 0": ([*G, "--steps", "0"], 2, "steps is 0; give a whole number from 1 to 1,000"),
    "n -1": ([*G, "--n", "-1"], 2, "n is -1; give a whole number from 1"),
    "n 0": ([*G, "--n", "0"], 2, "n is 0"),
    "n 1.5": ([*G, "--n", "1.5"], 2, "'1.5' is not a whole number"),
    "n huge": ([*G, "--n", "9" * 30], 2, "n is 9999"),
    "seed text": ([*G, "--seed", "x"], 2, "'x' is not a whole number"),
    "seed negative": ([*G, "--seed", "-1"], 2, "seed is -1"),
    "scale nan": ([*G, "--scale", "nan"], 2, "scale is nan"),
    "scale inf": ([*G, "--scale", "inf"], 2, "scale is inf"),
    "size text": ([*G, "--size", "big"], 2, "'big' is not a whole number or native"),
    "size 1e9": ([*G, "--size", "1000000000"], 2, "size is 1000000000"),
    "budget too small": ([*G, "--sampler", "restart", "--steps", "0"], 2, "steps is 0"),
    "unknown sampler": ([*G, "--sampler", "hoin"], 2, "did you mean 'heun'"),
    "unknown model": (["generate", "a", "--model", "tny"], 2, "did you mean 'tiny'"),
    "unknown spacing": ([*G, "--spacing", "karas"], 2, "did you mean 'karras'"),
    "unknown option": ([*G, "--sampel", "x"], 2, "--sampel"),
    "unknown command": (["generat", "x"], 2, "did you mean 'generate'"),
    "unknown runtime": ([*G, "--runtime", "cuda"], 2, "runtime"),
    "a word": (["cat", "-o", "a.png"], 2, "no command 'cat'; to draw it: unstir generate cat\n"),
    "option first": (["-o", "a.png", "a cat"], 2, "write: unstir generate -o a.png 'a cat'\n"),
    "option before a command": (["--json", "models"], 2, "write: unstir models --json\n"),
    "two prompts": (["generate", "a", "cat"], 2, "put a prompt of several words in quotes"),
    "no prompt": (["generate", "--model", "tiny"], 2, "give a prompt"),
    "option without value": ([*G, "--steps"], 2, "--steps"),
    "one of an interval": ([*G, "--interval", "0.1"], 2, "--interval"),
    "ending": ([*G, "-o", "cat.bmp"], 2, ".png, .jpg, .jpeg, .webp"),
    "no ending": ([*G, "-o", "cat"], 2, "ends in nothing"),
    "gif ending": ([*G, "--gif", "cat.png"], 2, "does not end in .gif"),
    "model folder": (["generate", "a", "--model", "./nothing"], 3, "does not exist"),
    "model file": (["generate", "a", "--model", "./file.txt"], 3, "is a file"),
    "out nowhere": ([*G, "-o", "no/where/cat.png"], 3, "does not exist; make it"),
    "out a folder": ([*G, "-o", "folder.png"], 3, "is a folder"),
    "out a folder without an ending": ([*G, "-o", "."], 3, "is a folder"),
    "gif a folder": ([*G, "--gif", "."], 3, "is a folder"),
    "out under a file": ([*G, "-o", "file.txt/cat.png"], 3, "file.txt"),
    "gif nowhere": ([*G, "--gif", "no/cat.gif"], 3, "does not exist"),
    "show nothing": (["show", "nothing.png"], 3, "no file nothing.png"),
    "show text": (["show", "file.txt"], 3, "not a picture"),
    "show a plain picture": (["show", "plain.png"], 3, "does not say how it was made"),
    "show a near model": (["show", "tinny"], 2, "did you mean 'tiny'"),
    "noise of nothing": (["noise", "nothing.png"], 3, "nothing.png"),
    "noise of text": (["noise", "file.txt"], 3, "not a PNG, JPEG or WebP"),
    "noise with no steps": (["noise", "plain.png", "--steps", "0"], 2, "steps is 0"),
    "noise to itself": (["noise", "plain.png", "-o", "./plain.png"], 2,
                        "is the file that is read"),
    "noise to a folder": (["noise", "plain.png", "-o", "."], 3, "is a folder"),
    "figures to a folder": (["evaluate", "tiny", "--against", ".", "--out", "."], 3,
                            "is a folder; give"),
    "molecules to a folder": (["generate", "--model", "molecules", "-o", "."], 3, "is a folder"),
    "noise to .txt": (["noise", "plain.png", "-o", "x.txt"], 2, ".png, .jpg"),
    "train nothing": (["train", "no/thing", "--out", "run"], 3, "no recipe and no folder"),
    "train a slip": (["train", "digitz", "--out", "run"], 2, "did you mean 'digits'"),
    "train steps 0": ([*T, "--steps", "0"], 2, "steps is 0; give 1 or more"),
    "train batch 0": ([*T, "--batch", "0"], 2, "batch is 0; give 1 or more"),
    "train lr 0": ([*T, "--lr", "0"], 2, "lr is 0.0; give a number above 0"),
    "train minutes 0": ([*T, "--minutes", "0"], 2, "minutes is 0.0; give a number from"),
    "train codec": ([*T, "--codec-steps", "-1"], 2, "codec_steps is -1; give 1 or more"),
    "train both": ([*T, "--steps", "1", "--minutes", "1"], 2, "steps and minutes both"),
    "train dtype": ([*T, "--dtype", "float16"], 2, "dtype is 'float16'; give 'bfloat16' or"),
    "train device": ([*T, "--device", "foo"], 2, "device is 'foo', which torch does not know"),
    "train without out": (["train", "emoji"], 2, "--out"),
    "train an empty folder": (["train", "folder.png", "--out", "run"], 3, "no picture that can"),
    "train into others' files": (["train", "emoji", "--out", "."], 2, "holds other files"),
    "train into a file": (["train", "emoji", "--out", "file.txt"], 3, "is a file"),
    "unknown data": (["data", "emojy", "--out", "x"], 2, "did you mean 'emoji'"),
    "data size 7": (["data", "emoji", "--out", "x", "--size", "7"], 2, "size is 7; give a whole"),
    "data count 0": (["data", "emoji", "--out", "x", "--count", "0"], 2, "count is 0"),
    "control characters": (["generate", "a", "--model", "\x1b[31mred"], 2, "\\x1b[31mred"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, code, says = BAD[kind]
    Path("file.txt").write_text("text")
    Path("folder.png").mkdir()
    Image.new("RGB", (20, 20)).save("plain.png")
    before = here()
    assert main(words) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err
    assert "\x1b" not in said.err
    assert len(said.err.splitlines()) <= 4
    assert here() == before


def test_the_output_is_checked_before_the_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(prepared, "load", load)
    for out in ("no/cat.png", "cat.bmp"):
        assert main([*DRAW, "-o", out]) in (2, 3)


# -- what goes wrong on the way


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, after: int = 0) -> None:
    """Let the drawing of a request fail after some pictures."""
    real = Run._pictures

    def pictures(self: Run, x: np.ndarray, which: range) -> Any:
        for number, picture in enumerate(real(self, x, which)):
            if number == after:
                raise error
            yield picture

    monkeypatch.setattr(Run, "_pictures", pictures)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "cancelled"),
        (MemoryError("not enough memory"), 4, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "No space left"),
        (ImportError("needs torch: pip install 'unstir[train]'"), 4, "pip install"),
        (RuntimeError("boom"), 70, "a mistake in unstir"),
    ],
)
def test_codes(
    error: BaseException, code: int, says: str, home: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    failing(monkeypatch, error, after=1)
    assert main([*DRAW, "--n", "3", "-o", "c.png"]) == code
    assert says in capsys.readouterr().err
    assert here() == ["c-1.png"]
    assert read("c-1.png").shape == (256, 256, 3)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_half_written(
    call: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    assert main([*DRAW, "-o", "cat.png"]) == 4
    assert "cat.png: No space left on device; make room there" in capsys.readouterr().err
    assert here() == []


def test_a_traceback_is_for_those_who_ask(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*G, "--n", "0", "--debug"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "n is 0" in said


def test_every_code_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    for code in {0, errors.BUG, CANCELLED, *errors.CODES.values()}:
        assert f"| {code} |" in manual
    for name in COMMANDS:
        assert f"unstir {name}" in manual


def test_drawing_needs_no_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dialled(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", dialled)
    assert main([*DRAW, "-o", "cat.png"]) == 0
    assert main(["show", "cat.png"]) == 0
    assert main(["doctor"]) == 0
