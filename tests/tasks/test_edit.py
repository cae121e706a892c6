"""Edits: under the prompt a picture has it comes back, and another changes what it speaks of."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unstir
from unstir.tasks.edit import Edit, edit
from unstir.tasks.generate import generate
from unstir.tasks.picture import Picture
from unstir.tasks.run import Run
from unstir.tasks.show import show
from unstir.tasks.vary import vary

TINY: dict[str, Any] = {"model": "tiny", "seed": 3, "threads": 1, "steps": 8}


def drawn(run: Run) -> np.ndarray:
    [*_, picture] = run.events()
    assert isinstance(picture, Picture)
    return picture.pixels.astype(int)


def back(run: Run) -> float:
    """Mean difference from what the codec alone makes of the picture, in 1/255."""
    assert isinstance(run.job, Edit)
    [kept] = run.job.whole.pictures(run.model, run.job.whole.state(run.model))
    return float(np.abs(drawn(run) - kept).mean())


def decibels(run: Run) -> float:
    assert isinstance(run.job, Edit)
    [kept] = run.job.whole.pictures(run.model, run.job.whole.state(run.model))
    return float(-10 * np.log10(((drawn(run) - kept) ** 2).mean() / 255**2 + 1e-12))


def test_the_line_of_the_manual(home: Path) -> None:
    generate("a cat wearing a hat", model="tiny", seed=1)[0].save("cat.png")
    run = unstir.edit("cat.png", "a dog wearing a hat", from_="a cat wearing a hat", model="tiny")
    run[0].save("dog.png")


@pytest.mark.parametrize("asked", [{}, {"scale": 1.0}, {"scale": 7.0}, {"strength": 0.4},
                                   {"strength": 1.0}, {"spacing": "karras"}], ids=str)  # fmt: skip
@pytest.mark.parametrize("prompt", ["a cat", ""])
def test_the_same_prompt_gives_the_picture_back(
    prompt: str, asked: dict[str, Any], saved: Any
) -> None:
    """At any scale and strength, and for a picture no model would draw; another does not."""
    saved()
    asked = {**TINY, **asked}
    assert back(edit("it.png", prompt, from_=prompt, **asked)) < 0.1
    assert back(edit("it.png", "a red star", from_=prompt, **asked)) > 0.3


def test_every_seed_gives_the_picture_back_and_another_edit(saved: Any) -> None:
    saved()
    runs = [edit("it.png", "a dog", from_="a cat", **TINY | {"seed": s}) for s in (1, 2)]
    assert np.abs(drawn(runs[0]) - drawn(runs[1])).max() > 2
    assert back(edit("it.png", "a cat", from_="a cat", **TINY | {"seed": 2})) < 0.1


def test_ddim_finds_one_noise(saved: Any) -> None:
    """Whatever the seed, and the picture comes back well enough; the record tells of it."""
    saved()
    few: dict[str, Any] = {**TINY, "sampler": "ddim", "from_": "a cat", "scale": 1.0}
    again = edit("it.png", "a cat", **few | {"steps": 50})
    assert decibels(again) > 25
    two = edit("it.png", "a dog", **few, n=2)
    assert "every seed gives the same" in two.notes[0]
    with pytest.warns(UserWarning, match="every seed"):
        assert np.abs(two[0].pixels.astype(int) - two[1].pixels).max() <= 1


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_an_edit_keeps_what_was_not_spoken_of(sampler: str, tmp_path: Path) -> None:
    """By the shipped model: pictures on another background, nearer to the old ones than fresh
    ones are; and the inversion gives the picture back."""
    was, now = "a cat on a red background", "a cat on a blue background"
    usual: dict[str, Any] = {"seed": 9, "threads": 1, "steps": 16}
    corner, middle = np.s_[:6, :6], np.s_[20:44, 20:44]
    strength = {"ddpm": 0.8, "ddim": 0.9}[sampler]  # ddim holds on more: docs/log.md
    apart, blue, file = [], [], str(tmp_path / "cat.png")
    for picture in generate(was, seed=1, n=3, steps=15, size="native", threads=1):
        picture.save(file)
        edited = drawn(edit(file, now, sampler=sampler, from_=was, strength=strength, **usual))
        fresh = drawn(vary(file, now, strength=1, **usual))
        assert picture.pixels[corner].mean((0, 1)).argmax() == 0
        blue.append(edited[corner].mean((0, 1)).argmax() == 2)
        old = picture.pixels.astype(int)
        apart.append([np.abs(x - old)[middle].mean() for x in (edited, fresh)])
    assert sum(blue) >= {"ddpm": 2, "ddim": 1}[sampler]
    edits, others = np.mean(apart, 0)
    assert edits < 0.85 * others
    assert decibels(edit(file, was, sampler=sampler, from_=was, **usual, scale=1.0)) > 25


def test_the_old_prompt_is_the_pictures_own(saved: Any) -> None:
    """Where it says it, and is recorded; else a note tells."""
    generate("a cat", model="tiny", seed=1)[0].save("cat.png")
    run = edit("cat.png", "a dog", **TINY)
    assert run.recipe.options["from"] == "a cat"
    assert run.notes == ("the picture says it is 'a cat'",)
    told = edit("cat.png", "a dog", from_="a cat", **TINY)
    assert told.notes == ()
    assert np.array_equal(drawn(run), drawn(told))
    saved()
    assert "(--from)" in edit("it.png", "a dog", **TINY).notes[0]


def test_an_empty_old_prompt_is_recorded(saved: Any, repeats: Any) -> None:
    saved()
    with pytest.warns(UserWarning, match="nothing says what"):
        file = edit("it.png", "a dog", **TINY)[0].save("out.png")
    assert "--from ''" in shlex.join(show(str(file)).command)
    repeats(file, "edit")


def test_ddim_is_recorded(saved: Any, repeats: Any) -> None:
    saved()
    run = edit("it.png", "a dog", from_="a cat", sampler="DDIM", strength=0.5, **TINY)
    repeats(run[0].save("out.png"), "edit")


E = ["edit", "it.png", "a dog", "--model", "tiny"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "no prompt": (E[:2] + E[3:], 2, "PROMPT is missing"),
    "another sampler": ([*E, "--sampler", "heun"], 2,
                        "sampler is 'heun'; an edit goes up and down with ddpm or ddim"),
    "no sampler": ([*E, "--sampler", "ddin"], 2, "did you mean 'ddim'"),
    "strength 0": ([*E, "--strength", "0"], 2, "strength is 0.0; give a number from 0.01 to 1"),
    "rounds": ([*E, "--rounds", "2"], 2, "--rounds"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, saved: Any, refused: Any) -> None:
    saved()
    refused(*BAD[kind])
