"""What holds for every command that makes a picture of a picture: any size, alpha, rotation and
profile, one seed one picture, a record that makes it again, and clear words where it cannot be.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from unstir.apps.cli import main
from unstir.modalities.images import BadPicture
from unstir.tasks.edit import edit
from unstir.tasks.outpaint import outpaint
from unstir.tasks.run import Progress, Run
from unstir.tasks.vary import vary

TINY: dict[str, Any] = {"model": "tiny", "seed": 3, "threads": 1, "steps": 4}
VERBS: dict[str, tuple[Callable[..., Run], dict[str, Any]]] = {
    "vary": (vary, {"prompt": "a cat"}),
    "edit": (edit, {"prompt": "a dog", "from_": "a cat"}),
    "outpaint": (outpaint, {"prompt": "a cat", "left": 20, "bottom": 9}),
}
GROWS = {"outpaint": (20, 9)}
"""(width, height) that a command adds."""
WORDS = {
    "vary": ["vary", "it.png", "a cat"],
    "edit": ["edit", "it.png", "a dog", "--from", "a cat"],
    "outpaint": ["outpaint", "it.png", "a cat", "--left", "20", "--bottom", "9"],
}
each = pytest.mark.parametrize("verb", VERBS)


def make(verb: str, image: str = "it.png", **asked: Any) -> Run:
    task, usual = VERBS[verb]
    return task(image, **(TINY | usual | asked))


def grown(verb: str, width: int, height: int) -> tuple[int, int]:
    wider, higher = GROWS.get(verb, (0, 0))
    return width + wider, height + higher


@each
@pytest.mark.parametrize("size", [(90, 70), (32, 32), (33, 200), (9, 11), (240, 60)], ids=str)
def test_any_size(verb: str, size: tuple[int, int], saved: Any) -> None:
    saved(width=size[0], height=size[1])
    run = make(verb)
    assert run.recipe.pixels == grown(verb, *size)
    assert run[0].pixels.shape == (*run.recipe.pixels[::-1], 3)


@each
@pytest.mark.parametrize("mode", ["LA", "RGBA", "clear P"])
def test_alpha_is_kept_and_jpeg_has_none(verb: str, mode: str, saved: Any) -> None:
    alpha = saved(mode="RGBA")[..., 3]
    with Image.open("it.png") as image:
        if mode == "clear P":
            image.convert("RGB").convert("P").save("it.png", transparency=3)
            alpha = np.asarray(Image.open("it.png").convert("RGBA"))[..., 3]
        else:
            image.convert(mode).save("it.png")
    run = make(verb)
    out = run[0].pixels
    assert np.array_equal(out[: alpha.shape[0], -alpha.shape[1] :, 3], alpha)
    with pytest.raises(BadPicture, match="alpha channel"):
        run[0].save("out.jpg")
    assert main([*WORDS[verb], "--model", "tiny", "-o", "out.jpg"]) == 3
    assert not Path("out.jpg").exists()


@each
def test_the_picture_is_turned_upright(verb: str, saved: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    saved("turned.png", exif=exif)
    with Image.open("turned.png") as image:
        Image.fromarray(np.rot90(np.asarray(image), -1).copy()).save("it.png")
    turned, plain = make(verb, "turned.png"), make(verb)
    assert turned.recipe.pixels == grown(verb, 70, 90)
    assert np.array_equal(turned[0].pixels, plain[0].pixels)


@each
def test_the_color_profile_is_kept(verb: str, saved: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    saved(icc_profile=profile)
    make(verb)[0].save("out.png")
    with Image.open("out.png") as image:
        assert image.info["icc_profile"] == profile


@each
def test_seeds_and_companions(verb: str, saved: Any) -> None:
    saved()
    four = make(verb, n=4, seed=11)
    assert [picture.seed for picture in four] == [11, 12, 13, 14]
    alone = make(verb, seed=13)[0].pixels.astype(int)
    assert np.abs(four[2].pixels - alone).max() <= 1
    assert np.abs(four[1].pixels - alone).max() > 2


@each
@pytest.mark.parametrize("asked", [{}, {"scale": 1.0}, {"strength": 0.3}], ids=str)
@pytest.mark.parametrize("width", [90, 150])
def test_the_recorded_evaluations_are_the_runs_of_the_network(
    verb: str, asked: dict[str, Any], width: int, saved: Any
) -> None:
    if "strength" in asked and verb == "outpaint":
        pytest.skip("it has no strength")
    saved(width=width)
    run = make(verb, **asked)
    rows: list[int] = []
    network = run.model.graphs["denoiser"]

    def counted(*arrays: np.ndarray) -> np.ndarray:
        rows.append(len(arrays[0]))
        return network(*arrays)

    run.model = replace(run.model, graphs={**run.model.graphs, "denoiser": counted})
    assert run[0].recipe.evaluations == sum(rows)


@each
def test_steps_are_told(verb: str, saved: Any) -> None:
    saved()
    run = make(verb)
    told = [(e.done, e.total) for e in run.events() if isinstance(e, Progress)]
    assert told == [(k, run.job.steps) for k in range(run.job.steps + 1)]


@pytest.mark.filterwarnings("ignore:tiny does not know")
@each
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_show_prints_the_command_that_makes_it_again(
    verb: str, ending: str, saved: Any, repeats: Any
) -> None:
    saved()
    for asked in ({}, {"prompt": "-x", "negative": "a dog"}):
        repeats(make(verb, **asked)[0].save(f"out.{ending}"), verb)


@each
def test_the_command_line(verb: str, saved: Any, capsys: pytest.CaptureFixture[str]) -> None:
    saved()
    words = [*WORDS[verb], "--model", "tiny", "--seed", "5", "--steps", "3", "--n", "2"]
    assert main([*words, "--gif", "it.gif", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    made = {p.name for p in Path.cwd().iterdir()} - {"it.png"}
    assert made == {"it-1.gif", "it-2.gif", f"it-{verb}-5-1.png", f"it-{verb}-5-2.png"}
    assert [p["seed"] for p in report["pictures"]] == [5, 6]
    with Image.open("it-1.gif") as film:
        assert film.size == grown(verb, 90, 70)


BAD: dict[str, tuple[list[str], int, str]] = {
    "a picture that is not there": (["no.png"], 3, "no.png"),
    "a text": (["file.txt"], 3, "file.txt is not a PNG, JPEG or WebP"),
    "a folder": (["."], 3, "directory"),
    "16 bits": (["deep.png"], 3, "deep.png has 16 bits a channel"),
    "a model that is not there": (["it.png", "--model", "tinny"], 2, "did you mean 'tiny'"),
    "steps 0": (["it.png", "--steps", "0"], 2, "steps is 0; give a whole number from 1"),
    "n 0": (["it.png", "--n", "0"], 2, "n is 0; give a whole number from 1"),
    "seed -1": (["it.png", "--seed", "-1"], 2, "seed is -1; give a whole number from 0"),
    "scale nan": (["it.png", "--scale", "nan"], 2, "scale is nan; give a number from 0"),
    "an ending": (["it.png", "-o", "out.bmp"], 2, "out.bmp ends in .bmp; pictures end in .png"),
    "a folder that is not there": (["it.png", "-o", "no/out.png"], 3, "no"),
    "an option": (["it.png", "--box", "1,1,2,2"], 2, "--box"),
}


@each
@pytest.mark.parametrize("kind", BAD)
def test_bad_input(verb: str, kind: str, saved: Any, refused: Any) -> None:
    saved()
    Path("file.txt").write_text("text")
    Image.fromarray(np.arange(6300, dtype=np.uint16).reshape(70, 90) * 9).save("deep.png")
    words, code, says = BAD[kind]
    command, *rest = WORDS[verb]
    model = [] if "--model" in words else ["--model", "tiny"]
    refused([command, words[0], *rest[1:], *words[1:], *model], code, says)
