"""The command as a process of its own: signals, imports, pipes, locales, read-only places."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unstir.modalities.images import read

ROOT = Path(__file__).parents[2]
MODULES = [
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for folder in (
        "core",
        "modalities",
        "datasets",
        "conditions",
        "codecs",
        "tasks",
        "apps",
        "runtimes",
    )
    for path in sorted((ROOT / "unstir" / folder).rglob("*.py"))
    if path.stem not in ("torch", "export", "lean")
]


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


def unstir(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "unstir", *words], capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


def test_everything_but_training_imports_without_torch() -> None:
    code = f"""
import importlib, sys
sys.modules["torch"] = None
sys.modules["onnxruntime"] = None
for name in {MODULES!r}:
    importlib.import_module(name)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert len(MODULES) > 60


def test_importing_unstir_imports_nothing_else() -> None:
    done = python("""
import sys
import unstir
dir(unstir)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"numpy", "PIL", "onnxruntime", "torch", "cyclopts", "rich"}))
print(sorted(name for name in sys.modules if name.startswith("unstir")))
""")
    assert done.stdout.splitlines() == ["[]", "['unstir']"], done.stderr


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["nonsense"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    done = python(f"""
import sys
from unstir.apps.cli import main
main({words!r})
print(*(name for name in ("numpy", "PIL", "onnxruntime", "torch") if name in sys.modules),
      file=sys.stderr)
""")
    assert done.stderr.splitlines()[-1] == ""


def test_drawing_loads_no_training(home: Path) -> None:
    done = python("""
import sys
sys.modules["torch"] = None
from unstir.apps.cli import main
code = main(["generate", "a cat", "--model", "tiny", "-o", "cat.png"])
heavy = ("safetensors", "onnx", "rich", "hypothesis")
print(code, *(name for name in heavy if name in sys.modules))
""")
    assert done.stdout.split()[:1] == ["0"]
    assert "onnx" not in done.stdout.split()
    assert "safetensors" not in done.stdout.split()


@pytest.mark.parametrize(
    ("number", "code", "pictures"),
    [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 20), (signal.SIGTERM, 143, 5)],
)
def test_signals_leave_whole_pictures_only(
    home: Path, number: int, code: int, pictures: int
) -> None:
    """Stopped in the middle of 10,000 pictures, after some of them."""
    words = ["generate", "a cat", "--model", "tiny", "--n", "10000", "-o", "c.png"]
    words += ["--size", "native", "--steps", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "unstir", *words], stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(Path.cwd().glob("c-*.png"))) < pictures and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in said
    files = list(Path.cwd().iterdir())
    assert len(files) >= pictures
    for file in files:
        assert file.name.startswith("c-")
        assert read(file).shape == (32, 32, 3)


def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "unstir", "models", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 0
    assert said == b""


def test_an_ascii_terminal_and_a_foreign_prompt(home: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = unstir("generate", "кот 🐈", "--model", "tiny", "-o", "k.png", "--json", **plain)
    assert done.returncode == 0, done.stderr
    assert read("k.png").shape == (256, 256, 3)
    assert unstir("show", "k.png", **plain).returncode == 0
    assert unstir("generate", "x", "--model", "кот", **plain).returncode == 2


def test_bytes_that_are_no_text_are_no_trouble(home: Path) -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"unstir", b"generate", b"caf\xe9 \xff", b"--model",
         b"tiny", b"-o", b"k.png"],
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nothing_is_written_but_the_picture(home: Path, tmp_path: Path) -> None:
    """A read-only home is fine, for nothing is ever written there; nor does onnxruntime leave the
    identifier by which it would report to its maker."""
    person = tmp_path / "person"
    person.mkdir()
    before = sorted(tmp_path.rglob("*"))
    done = unstir("generate", "a cat", "--model", "tiny", "-o", "c.png", HOME=str(person))
    assert done.returncode == 0, done.stderr
    assert sorted(set(tmp_path.rglob("*")) - set(before)) == [tmp_path / "here" / "c.png"]


def test_a_home_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNSTIR_HOME", raising=False)
    done = unstir("models", HOME="/dev/null/nowhere")
    assert done.returncode == 0
    assert b"minilm" in done.stdout


@pytest.mark.parametrize("words", ["", "--help", "models --json"])
@pytest.mark.parametrize(
    ("output", "code"),
    [("| true", 0), (">&-", 0), (">/dev/full", 4), ("2>&1 >&- | true", 0), (">&- 2>&-", 0)],
)
def test_nobody_reads_it(words: str, output: str, code: int, home: Path) -> None:
    """Pipes whose reader is gone, closed streams, a full disk: no traceback, never code 70."""
    command = f"sleep 0.05; exec {sys.executable} -m unstir {words}"
    done = subprocess.run(
        ["bash", "-c", f"({command}) {output}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert (b"No space left on device; make room" in done.stderr) == (code == 4)


@pytest.mark.parametrize("name", ["run", "errors"])
def test_cancelled_while_it_starts(name: str) -> None:
    done = python(f"""
import builtins, sys
real = builtins.__import__
def wanted(module, *rest, **named):
    if module == "unstir.apps.cli.{name}":
        raise KeyboardInterrupt
    return real(module, *rest, **named)
builtins.__import__ = wanted
from unstir.apps.cli import main
sys.exit(main(["nonsense"]))
""")
    assert done.returncode == 130
    assert done.stderr == "\ncancelled; nothing was left half-written\n"


def test_what_stdout_cannot_spell_is_escaped(home: Path) -> None:
    words = ["generate", "a cat 🐈", "--model", "tiny", "-o", "k.png"]
    assert unstir(*words, PYTHONUTF8="1").returncode == 0
    done = unstir("show", "k.png", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"'a cat \\U0001f408'" in done.stdout
