"""Drawing: one seed is one picture whatever it is drawn with, and nothing is ignored in
silence.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unstir
from unstir.core.find import NotFound, names
from unstir.modalities.image_text import extract
from unstir.runtimes.manifest import BadModel
from unstir.runtimes.tensors import read_header
from unstir.tasks import prepared as module
from unstir.tasks.generate import Diverged, Note, Progress, Run, generate
from unstir.tasks.picture import Picture
from unstir.tasks.request import BadRequest
from unstir.tasks.subject import Subject


def draw(prompt: str | None = "a cat", **asked: object) -> Run:
    return generate(prompt, **({"model": "tiny", "seed": 3, "threads": 1} | asked))


def pixels(run: Run) -> list[np.ndarray]:
    return [picture.native.astype(int) for picture in run]


def test_the_line_of_the_readme(home: Path) -> None:
    saved = unstir.generate("a cat wearing a hat", model="tiny", seed=3)[0].save("cat.png")
    assert saved == Path("cat.png")
    assert extract("cat.png")["unstir"]["seed"] == 3


def test_seeds_count_up(home: Path) -> None:
    four = draw(n=4, seed=11)
    assert [picture.seed for picture in four] == [11, 12, 13, 14]
    for seed, picture in zip((11, 12, 13, 14), pixels(four), strict=True):
        assert np.abs(picture - pixels(draw(seed=seed))[0]).max() <= 1


@pytest.mark.parametrize("sampler", names("samplers"))
def test_a_picture_does_not_depend_on_its_companions(sampler: str, home: Path) -> None:
    """Seed 8 alone, and at three places in batches of two sizes: bitwise where padded, else
    1/255."""
    for padded, most in ((True, 0), (False, 1)):
        alone = pixels(draw(seed=8, sampler=sampler, padded=padded))[0]
        for first, n in ((8, 2), (6, 5), (1, 17)):
            among = pixels(draw(seed=first, n=n, sampler=sampler, padded=padded))[8 - first]
            assert np.abs(among - alone).max() <= most


@pytest.mark.parametrize("sampler", names("samplers"))
@pytest.mark.parametrize(
    "asked",
    [{}, {"scale": 1.0}, {"interval": (0.3, 0.8)}, {"guidance": "rescale"}],
    ids=["guided", "alone", "interval", "rescale"],
)
def test_the_recorded_evaluations_are_the_runs_of_the_network(
    sampler: str, asked: dict, home: Path
) -> None:
    """Counted at the network itself; a guided evaluation is two."""
    run = draw(sampler=sampler, steps=8, **asked)
    rows: list[int] = []
    network = run.model.graphs["denoiser"]

    def counted(*arrays: np.ndarray) -> np.ndarray:
        rows.append(len(arrays[0]))
        return network(*arrays)

    run.model = replace(run.model, graphs={**run.model.graphs, "denoiser": counted})
    assert run[0].recipe.evaluations == sum(rows)


def test_the_same_request_gives_the_same_bytes(home: Path) -> None:
    Path("again").mkdir()
    for ending in ("png", "jpg", "webp"):
        one, two = draw()[0].save(f"a.{ending}"), draw()[0].save(f"again/a.{ending}")
        assert one.read_bytes() == two.read_bytes()


def test_without_a_seed_one_is_drawn_and_recorded(home: Path) -> None:
    one, two = draw(seed=None), draw(seed=None)
    assert one.recipe.seed != two.recipe.seed
    again = draw(seed=one.recipe.seed)
    assert np.array_equal(pixels(one)[0], pixels(again)[0])


def test_prompt_negative_scale_and_steps_matter(home: Path) -> None:
    base = pixels(draw())[0]
    others: list[dict[str, object]] = [
        {"prompt": "a dog"}, {"negative": "a dog"}, {"scale": 5.0}, {"steps": 3}, {"seed": 4},
        {"sampler": "dpmpp_2m"}, {"spacing": "karras"}, {"guidance": "rescale"},
        {"interval": (0.2, 0.6)},
    ]  # fmt: skip
    for other in others:
        assert np.abs(pixels(draw(**other))[0] - base).max() > 3, other


IDLE: dict[str, dict[str, Any]] = {
    "the negative prompt": {"negative": "a dog"}, "the interval": {"interval": (0.2, 0.8)},
    "the guidance rescale": {"guidance": "rescale"}, "the guidance apg": {"guidance": "apg"},
}  # fmt: skip


@pytest.mark.parametrize("name", IDLE)
def test_scale_1_is_no_guidance(name: str, home: Path) -> None:
    """And what would be of it says that it does nothing."""
    plain, run = draw(scale=1.0), draw(scale=1.0, **IDLE[name])
    assert notes(run) == [f"scale 1 is no guidance: {name} has no effect"]
    with pytest.warns(UserWarning, match="no guidance"):
        assert np.array_equal(pixels(plain)[0], pixels(run)[0])
    assert notes(plain) == notes(draw(**IDLE[name])) == []


def test_what_has_no_effect_is_told_at_once(home: Path) -> None:
    asked = {"negative": "a dog", "interval": (0.2, 0.8), "guidance": "rescale"}
    [note] = notes(draw(scale=1.0, **asked))
    assert note.endswith("the interval and the guidance rescale have no effect")
    [_, note] = notes(draw("", scale=5.0))
    assert note == "an empty prompt is not guided: the scale 5 has no effect"
    assert len(notes(draw("", scale=5.0, negative="a dog"))) == 1
    assert notes(draw(scale=1.0, guidance="cfgpp", sampler="ddim", negative="a dog")) == []


def test_a_model_without_prompts_is_not_guided(home: Path) -> None:
    run = draw(scale=5.0)
    [note] = module._idle(run.model, run.job.way, Subject(None, ""), 5.0)
    assert note == "tiny takes no prompt: the scale 5 has no effect"


def test_events_tell_of_every_step(home: Path) -> None:
    events = list(draw(n=17, steps=5).events())
    told = [event for event in events if isinstance(event, Progress)]
    assert [(e.done, e.total) for e in told] == [(k, 10) for k in (*range(6), *range(5, 11))]
    assert [len(e.which) for e in told] == [16] * 6 + [1] * 6
    assert told[0].step.level.t == 1
    assert sum(isinstance(event, Picture) for event in events) == 17
    assert np.array_equal(events[-1].native, np.array(draw(n=17, steps=5)[16].native))


def test_the_second_group_has_seeds_of_its_own(home: Path) -> None:
    last = pixels(draw(seed=2, n=18))[17]
    assert np.abs(last - pixels(draw(seed=19))[0]).max() <= 1


def test_pictures_come_as_soon_as_their_group_is_done(home: Path) -> None:
    for number, event in enumerate(draw(n=17, steps=2).events()):
        if isinstance(event, Picture):
            assert number == 3
            break


def test_frames_go_from_noise_to_the_picture(home: Path) -> None:
    run = draw(size="native")
    frames = [e.frames()[0].astype(int) for e in run.events() if isinstance(e, Progress)]
    assert np.array_equal(frames[-1], pixels(run)[0])
    differences = [np.abs(frame - frames[-1]).mean() for frame in frames]
    assert differences == sorted(differences, reverse=True)


# -- what was asked for and cannot be had

REFUSED = {
    "n": (-1, 0, 10_001, 1.5, True), "steps": (0, -3, 1001, 2.5), "seed": (-1, 2**63, 0.5),
    "scale": (-1.0, 101.0, float("nan"), "3"), "size": (0, 7, 5000, "big"), "threads": (0, -1),
    "interval": ((0.5, 0.2), (-1.0, 0.5), (0.5, 2.0)), "runtime": ("cuda",),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_out_of_range_are_named(name: str, home: Path) -> None:
    for value in REFUSED[name]:
        with pytest.raises(BadRequest, match=name):
            draw(**{name: value})


def test_a_seed_must_leave_room_for_n(home: Path) -> None:
    most = 2**63 - 4
    with pytest.raises(BadRequest, match=f"leaves no room for n = 4; give {most:,} or less"):
        draw(seed=most + 1, n=4)
    assert draw(seed=most, n=4).recipe.seed == most


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ({"sampler": "dpmpp2"}, "dpmpp_2m"),
        ({"model": "tinny"}, "tiny"),
        ({"spacing": "kerras"}, "karras"),
        ({"guidance": "cgf"}, "cfg"),
    ],
)
def test_unknown_names_answer_with_the_nearest(
    asked: dict[str, object], near: str, home: Path
) -> None:
    with pytest.raises(NotFound, match=f"did you mean '{near}'"):
        draw(**asked)


def test_what_does_not_combine_says_why(home: Path) -> None:
    said = "^cfgpp goes with ddim, euler only, not with heun; give --sampler ddim$"
    with pytest.raises(BadRequest, match=said):
        draw(guidance="cfgpp", sampler="heun")
    assert draw(guidance="cfgpp", sampler="ddim").recipe.scale == 0.6


def test_no_prompt_at_all_is_asked_for(home: Path) -> None:
    with pytest.raises(BadRequest, match="give a prompt"):
        draw(None)


def notes(run: Run) -> list[str]:
    return [event.text for event in run.events() if isinstance(event, Note)]


def test_the_empty_prompt_draws_anything_and_says_so(home: Path) -> None:
    assert any("the prompt is empty" in note for note in notes(draw("")))
    with pytest.warns(UserWarning, match="the prompt is empty"):
        anything = pixels(draw(""))[0]
    assert not np.array_equal(anything, pixels(draw("a cat"))[0])


def test_a_prompt_of_ten_thousand_characters_is_cut_and_says_so(home: Path) -> None:
    told = notes(draw("cat " * 2500))
    assert any("10,000 characters; only the first 2,000" in note for note in told)
    assert any("8 tokens" in note for note in told)
    assert notes(draw("a cat")) == []


def test_strange_characters_are_no_trouble(home: Path) -> None:
    for prompt in (
        "\0\x1b[2J",
        "\ud800",
        "שלום 猫 🐈‍⬛",
        "a\r\nb",
        "\u2028",
        "\u202eabc",
        "a\xa0b",
    ):
        run = draw(prompt)
        assert run.recipe.prompt is not None
        assert run.recipe.prompt.replace("\u200d", "").isprintable()
        *_, picture = run.events()
        assert isinstance(picture, Picture)
        picture.save("it.png")
        assert extract("it.png")["unstir"]["settings"]["prompt"] == run.recipe.prompt


def test_weights_that_are_not_numbers_are_told_with_the_step(home: Path) -> None:
    folder = home / "models" / "tiny"
    file = folder / "model.safetensors"
    conv = read_header(file)["denoiser.conv"]
    raw = bytearray(file.read_bytes())
    raw[conv.start : conv.stop] = np.full(conv.shape, np.nan, np.float16).tobytes()
    file.write_bytes(raw)
    files = json.loads((folder / "model.json").read_text())["files"]
    change(home, files=files | {file.name: hashlib.sha256(raw).hexdigest()})
    with pytest.raises(Diverged, match="not a number at step 1"):
        draw()[0]


# -- models


def change(home: Path, **values: object) -> None:
    path = home / "models" / "tiny" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_model_is_loaded_once_until_it_changes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    real = module.load
    monkeypatch.setattr(module, "load", lambda *a: loads.append(a) or real(*a))
    draw(), draw(seed=9)
    assert len(loads) == 1
    change(home, title="Other")
    os.utime(home / "models" / "tiny" / "model.json", ns=(1, 1))
    assert draw().model.manifest.title == "Other"
    assert len(loads) == 2


def test_a_model_is_found_by_its_path(home: Path) -> None:
    place = home / "models" / "tiny"
    one, other = draw(model=place), draw(model=str(place))
    assert one.recipe == other.recipe
    assert draw(model=Path("tiny")).recipe == draw().recipe


def test_a_damaged_model_is_not_drawn_with(home: Path) -> None:
    (home / "models" / "tiny" / "denoiser.onnx").write_bytes(b"")
    with pytest.raises(BadModel):
        draw()


def test_sizes(home: Path) -> None:
    assert draw().recipe.pixels == (256, 256)
    assert draw(size="native")[0].pixels.shape == (32, 32, 3)
    assert draw(size=100)[0].pixels.shape == (100, 100, 3)
    with pytest.raises(
        BadRequest, match="size is 'Native'; give a whole number from 8 to 4,096, or native"
    ):
        draw(size="Native")
    assert draw(size="native")[0]._repr_png_().startswith(b"\x89PNG")
