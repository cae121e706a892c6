"""A picture gives back the command that made it; files are not believed more than they deserve."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unstir.apps.cli import main
from unstir.core.find import NotFound
from unstir.modalities.image_text import extract
from unstir.modalities.images import BadPicture, write
from unstir.tasks.generate import generate
from unstir.tasks.picture import Picture
from unstir.tasks.show import show

ASKED: list[dict[str, Any]] = [
    {},
    {"negative": "a dog", "sampler": "Euler a", "spacing": "karras", "scale": 2.5, "steps": 4},
    {"prompt": "--steps", "negative": "-x"},
    {"prompt": 'it\'s "a" $HOME `cat`; rm -rf * \\ кот 🐈‍⬛ \u05e9'},
    {"prompt": ""},
    {"interval": (0.25, 0.75), "guidance": "rescale", "padded": True, "size": "native"},
    {"size": 100, "threads": 1},
]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_the_command_makes_the_same_file(asked: dict[str, Any], ending: str, home: Path) -> None:
    *_, picture = generate(**({"prompt": "a cat", "model": "tiny", "seed": 7} | asked)).events()
    assert isinstance(picture, Picture)
    file = picture.save(f"it.{ending}")
    first = file.read_bytes()
    words = shlex.split(shlex.join(show(str(file)).command))
    file.unlink()
    assert main(words[1:]) == 0
    assert file.read_bytes() == first


def test_one_of_four_is_made_alone(home: Path) -> None:
    assert (
        main(["generate", "a cat", "--model", "tiny", "--n", "4", "--seed", "11", "-o", "c.png"])
        == 0
    )
    assert sorted(p.name for p in Path.cwd().iterdir()) == [f"c-{i}.png" for i in (1, 2, 3, 4)]
    first = Path("c-3.png").read_bytes()
    Path("c-3.png").unlink()
    assert main(list(show("c-2.png").command[1:])) == 0
    assert main(["generate", "a cat", "--model", "tiny", "--seed", "13", "-o", "c-3.png"]) == 0
    assert Path("c-3.png").read_bytes() == first


def test_everything_stands_in_the_recipe(home: Path) -> None:
    generate("a cat", model="tiny", seed=7, threads=1)[0].save("it.png")
    found = extract("it.png")["unstir"]
    assert found["schema"] == 1
    assert found["seed"] == 7
    assert found["model"]["name"] == "tiny"
    assert len(found["model"]["sha256"]) == 64
    assert found["runtime"] == {"name": "onnx", "threads": 1}
    assert set(found["versions"]) == {"python", "unstir", "numpy", "pillow", "onnxruntime"}
    assert found["settings"]["evaluations"] == 2 * 6


def test_without_metadata_a_picture_says_nothing(home: Path) -> None:
    generate("a cat", model="tiny", seed=7)[0].save("it.png", metadata=False)
    assert extract("it.png") == {}
    with pytest.raises(BadPicture, match="does not say how it was made"):
        show("it.png")


def test_a_picture_of_another_program(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a dog\nSteps: 20, Sampler: Euler, Seed: 5")
    Image.new("RGB", (8, 8)).save(tmp_path / "it.png", pnginfo=info)
    shown = show(str(tmp_path / "it.png"))
    assert not shown.command
    assert shown.text.startswith("a dog")
    assert "another program" in shown.notes[0]


def forged(path: Path, **recipe: Any) -> str:
    info = PngInfo()
    good = {"schema": 1, "command": ["unstir", "generate", "a"], "model": {"name": "x"}}
    info.add_itxt("unstir", json.dumps(good | recipe))
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return str(path)


@pytest.mark.parametrize(
    "command",
    [
        ["rm", "-rf", "x"], ["unstir", "train", "x"], ["unstir"], [], "unstir generate", None, 3,
        ["unstir", "generate", 3], ["unstir", "generate", "\x1b]0;owned\x07"],
        ["unstir", "generate", "a\nrm -rf x"], {"a": 1},
    ],
)  # fmt: skip
def test_a_forged_command_is_not_shown(command: Any, tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="does not write"):
        show(forged(tmp_path / "it.png", command=command))


def test_a_newer_recipe_asks_for_an_update(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="please update"):
        show(forged(tmp_path / "it.png", schema=2))


def test_another_model_of_the_same_name_is_told(home: Path) -> None:
    picture = generate("a cat", model="tiny", seed=7)[0].save("it.png")
    assert show(str(picture)).notes == ()
    manifest = home / "models" / "tiny" / "model.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert "not the one it was made with" in show(str(picture)).notes[0]
    manifest.unlink()
    assert "is not here" in show(str(picture)).notes[0]


def test_models_are_shown_by_name_and_folder(home: Path) -> None:
    assert show("tiny").model == show(str(home / "models" / "tiny")).model
    with pytest.raises(NotFound, match="did you mean 'tiny'"):
        show("tinny")
    with pytest.raises(FileNotFoundError, match=r"no file cat\.png"):
        show("cat.png")


def test_old_pictures_are_read_for_ever() -> None:
    """A picture of the first release: its command stays readable whatever comes."""
    shown = show(str(Path(__file__).parent / "made-by-0.1.png"))
    assert shown.command[:3] == ("unstir", "generate", "a cat wearing a hat")
    assert shown.recipe["seed"] == 3


def test_a_plain_picture(tmp_path: Path) -> None:
    write(tmp_path / "it.jpg", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(BadPicture, match="does not say"):
        show(str(tmp_path / "it.jpg"))


FILES = [("molecules", ".sdf"), ("molecules", ".xyz"), ("molecules", ".csv"), ("smiles", ".csv")]
"""Models, and files that hold several of what they make."""


@pytest.mark.parametrize(("model", "ending"), FILES)
def test_the_command_makes_all_that_a_file_holds(model: str, ending: str, home: Path) -> None:
    file = Path(f"it{ending}")
    for n in (1, 3):
        asked = ["generate", "--model", model, "--n", str(n), "--seed", "5", "--steps", "3"]
        assert main([*asked, "-o", str(file)]) == 0
        shown, first = show(str(file)), file.read_bytes()
        assert shown.notes == ()
        assert shown.command == tuple(shown.recipe["command"])
        assert ("--n" in shown.command) == (n > 1)
        file.unlink()
        assert main(list(shown.command[1:])) == 0
        assert file.read_bytes() == first


@pytest.mark.parametrize(("model", "ending"), FILES)
def test_what_was_not_made_in_one_go_is_told_of(model: str, ending: str, home: Path) -> None:
    """Files put together of several; seeds that follow one another may as well be of one go."""
    texts = []
    for seed in ("5", "7"):
        asked = ["generate", "--model", model, "--n", "2", "--seed", seed, "--steps", "3"]
        assert main([*asked, "-o", f"it{ending}"]) == 0
        texts.append(Path(f"it{ending}").read_text())
    head = texts[0].split("\n")[0] + "\n" if ending == ".csv" else ""
    first, second = (text.removeprefix(head) for text in texts)
    other = second.replace("--steps", "--stepz")
    for rest, together in ((second, True), (first, False), (other, False)):
        Path(f"it{ending}").write_text(head + first + rest)
        shown = show(f"it{ending}")
        assert ("--n" in shown.command) == together
        assert [note[:14] for note in shown.notes] == ["the first of 4"] * (not together)


def test_a_table_tells_of_another_model(tmp_path: Path) -> None:
    asked = ["generate", "--model", "smiles", "--seed", "5", "--steps", "3"]
    file = tmp_path / "it.csv"
    assert main([*asked, "-o", str(file)]) == 0
    assert show(str(file)).notes == ()
    text = file.read_text()
    digest = text.splitlines()[1].rpartition(",")[2]
    assert len(digest) == 64
    file.write_text(text.replace(digest, "0" * 64))
    [note] = show(str(file)).notes
    assert "the model smiles here is not the one" in note
    file.write_text(text.replace(f",{digest}", "").replace(",sha256", ""))  # of an earlier unstir
    assert show(str(file)).notes == ()


@pytest.mark.parametrize("name", ["it.smi", "it.fasta", "it.csv", "it.xyz", "it.pdb"])
def test_files_that_tell_nothing(name: str, tmp_path: Path) -> None:
    for text in (
        "", "CCO\tsmiles-1\n", "smiles,seed\nC,1\n", "1\nunstir={\nC 0 0 0\n",
        "smiles,seed,command\nC,1,unstir 'generate\n", "a\0b,\r\0\n",
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=f"{name} does not say how it was made"):
            show(str(tmp_path / name))
