"""Films: they begin and end with what `generate` draws, and change evenly between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import unstir
from unstir.apps.cli import main
from unstir.core.find import names
from unstir.modalities.image_text import extract
from unstir.tasks.generate import generate
from unstir.tasks.interpolate import interpolate
from unstir.tasks.picture import Picture
from unstir.tasks.request import BadRequest
from unstir.tasks.run import Run

TINY: dict[str, Any] = {"model": "tiny", "threads": 1, "steps": 4, "size": "native"}


def film(a: str = "a cat", b: str = "a red star", **asked: Any) -> Run:
    return interpolate(a, b, **(TINY | {"frames": 5} | asked))


def frames(run: Run) -> np.ndarray:
    made = [event.pixels for event in run.events() if isinstance(event, Picture)]
    return np.stack(made).astype(int)


def drawn(prompt: str, seed: int, **asked: Any) -> np.ndarray:
    return frames(generate(prompt, seed=seed, **(TINY | asked)))[0]


def test_the_line_of_the_manual(home: Path) -> None:
    assert len(unstir.interpolate("a cat", "a dog", frames=16, model="tiny", seed=3)) == 16


@pytest.mark.parametrize("sampler", names("samplers"))
def test_it_begins_and_ends_with_what_generate_draws(sampler: str, home: Path) -> None:
    """Two prompts; two seeds; and both, of prompts of different lengths."""
    usual = {"sampler": sampler, "negative": "a circle", "scale": 3.0}
    for run, first, last in (
        (film(seed=3, **usual), ("a cat", 3), ("a red star", 3)),
        (film("3", "8", prompt="a cat", **usual), ("a cat", 3), ("a cat", 8)),
        (film("", "a cat wearing a blue hat", seed=3, last_seed=9, **usual), ("", 3),
         ("a cat wearing a blue hat", 9)),
    ):  # fmt: skip
        found = frames(run)
        assert np.abs(found[0] - drawn(*first, **usual)).max() <= 1
        assert np.abs(found[-1] - drawn(*last, **usual)).max() <= 1


@pytest.mark.parametrize(
    "asked", [{"b": "a dog"}, {"a": "3", "b": "8", "prompt": "a cat"}], ids=str
)
def test_it_changes_evenly(asked: dict[str, Any], home: Path) -> None:
    found = frames(film(frames=17, **asked))
    steps = np.abs(np.diff(found, axis=0)).mean((1, 2, 3))
    assert steps.min() > 0
    assert steps.max() < 4 * np.median(steps)
    assert np.abs(found[-1] - found[0]).mean() > 3 * steps.max()


def test_noise_between_two_seeds_is_noise(home: Path) -> None:
    """Its deviation is 1 all the way; that of a straight mean would be 0.7."""
    run = film("3", "8", prompt="a cat", frames=9)
    first = next(iter(run.job.walk(run.model, range(9))))
    deviations = first.x.std((1, 2, 3))
    assert deviations.min() > min(deviations[0], deviations[-1]) - 0.02


def test_a_frame_does_not_depend_on_how_many_are_drawn_with_it(home: Path) -> None:
    """Seventeen are drawn in two groups."""
    assert np.abs(frames(film(frames=33, seed=3))[::8] - frames(film(seed=3))).max() <= 1


def test_the_same_twice_stands_still(home: Path) -> None:
    found = frames(film("a cat", "a cat", seed=3))
    assert np.abs(found - found[:1]).max() <= 1


@pytest.mark.parametrize("a", ["a cat", ""])
def test_the_recorded_evaluations_are_of_each_frame(a: str, home: Path) -> None:
    run = film(a, seed=3)
    rows: list[int] = []
    network = run.model.graphs["denoiser"]

    def counted(*arrays: np.ndarray) -> np.ndarray:
        rows.append(len(arrays[0]))
        return network(*arrays)

    run.model = replace(run.model, graphs={**run.model.graphs, "denoiser": counted})
    assert len(list(run.events())) > 5
    assert 5 * run.recipe.evaluations == sum(rows)


@pytest.mark.parametrize(
    "words",
    [["a cat", "a dog", "--seed", "4"], ["3", "8", "--prompt", "a cat"],
     ["-x", "a dog", "--last-seed", "7", "--negative", "a hat"], ["a cat", "--", "-y"]],
    ids=str,
)  # fmt: skip
def test_show_prints_the_command_that_makes_it_again(
    words: list[str], home: Path, repeats: Any
) -> None:
    if words[0] == "-x":
        words = ["--a=-x", "--b", *words[1:]]
    end = words.index("--") if "--" in words else len(words)
    usual = ["--model", "tiny", "--steps", "3", "--frames", "3", "-o", "it.gif"]
    assert main(["interpolate", *words[:end], *usual, *words[end:]]) == 0
    repeats(Path("it.gif"), "interpolate")


def test_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["interpolate", "a cat", "a dog", "--model", "tiny", "--seed", "4", "--frames", "6"]
    assert main([*words, "--steps", "3", "--size", "48", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["file"] == "a-cat-interpolate-4.gif"
    assert report["frames"] == 6
    with Image.open(report["file"]) as image:
        assert (image.size, image.n_frames) == ((48, 48), 6)
    assert main([*words, "--no-metadata", "-o", "bare.gif"]) == 0
    assert extract("bare.gif") == {}


def test_large_films_are_refused(home: Path) -> None:
    with pytest.raises(BadRequest, match="500 frames of 1024 x 1024 pixels are too many"):
        film(frames=500, size=1024)


I = ["interpolate", "a cat", "a dog", "--model", "tiny"]
S = ["interpolate", "3", "8", "--prompt", "a cat", "--model", "tiny"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "one": (I[:2] + I[3:], 2, "B is missing"),
    "frames 1": ([*I, "--frames", "1"], 2, "frames is 1; give a whole number from 2 to 500"),
    "png": ([*I, "-o", "it.png"], 2, "it.png does not end in .gif; a film does"),
    "no folder": ([*I, "-o", "no/it.gif"], 3, "no"),
    "a folder": ([*I, "-o", "."], 3, "is a folder"),
    "words for seeds": (["interpolate", "3", "b", *S[3:]], 2,
                        "b is 'b'; with a prompt, A and B are seeds"),
    "a negative seed": (["interpolate", "3", "--b=-8", *S[3:]], 2, "b is '-8'"),
    "a large seed": (["interpolate", "3", str(2**63), *S[3:]], 2, "b is 9223372036854775808"),
    "seeds and a seed": ([*S, "--seed", "4"], 2, "leave seed and last_seed out"),
    "seeds and a last": ([*S, "--last-seed", "4"], 2, "leave seed and last_seed out"),
    "last seed": ([*I, "--last-seed", "-1"], 2, "last_seed is -1"),
    "size 3": ([*I, "--size", "3"], 2, "size is 3"),
    "no model": ([*I[:3], "--model", "tinny"], 2, "did you mean 'tiny'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, home: Path, refused: Any) -> None:
    refused(*BAD[kind])
