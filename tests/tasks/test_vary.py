"""Variations: near at a low strength, far at 1, of the prompt that the picture carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import unstir
from unstir.runtimes.model import load
from unstir.tasks.generate import generate
from unstir.tasks.request import BadRequest
from unstir.tasks.run import Run
from unstir.tasks.vary import vary

TINY: dict[str, Any] = {"model": "tiny", "seed": 3, "threads": 1, "steps": 20}


def far(run: Run, pixels: np.ndarray) -> float:
    """Mean difference of the first picture, in 1/255."""
    return float(np.abs(run[0].pixels.astype(int) - pixels).mean())


def test_the_line_of_the_manual(home: Path) -> None:
    generate("a cat", model="tiny", seed=1)[0].save("cat.png")
    with pytest.warns(UserWarning, match="the picture says it is 'a cat'"):
        unstir.vary("cat.png", model="tiny", strength=0.6, seed=2)[0].save("other.png")


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, np.ndarray]:
    """A picture of the shipped model, at its own size."""
    [picture] = generate("a cat wearing a hat", seed=5, steps=8, size="native", threads=1)
    file = picture.save(tmp_path_factory.mktemp("vary") / "cat.png")
    return str(file), picture.pixels


def test_strength_is_how_far_it_goes(cat: tuple[str, np.ndarray]) -> None:
    """At the least little more changes than what the autoencoder loses; at 1 nothing is left."""
    file, pixels = cat
    usual: dict[str, Any] = {"prompt": "a cat wearing a hat", "seed": 9, "threads": 1, "steps": 12}
    found = [far(vary(file, strength=s, **usual), pixels) for s in (0.01, 0.4, 0.7, 1.0)]
    assert found == sorted(found)
    assert found[0] < 0.25 * found[-1]
    assert found[0] < 6
    drawn = generate("a cat wearing a hat", seed=9, steps=12, size="native", threads=1)
    assert far(vary(file, strength=1, **usual), drawn[0].pixels) < 1


def test_at_1_nothing_is_left_of_the_picture(saved: Any) -> None:
    """The same as without any picture; and with less, not."""
    saved()
    one = vary("it.png", "a cat", strength=1, **TINY)[0].pixels
    Image.new("RGB", (90, 70), "red").save("it.png")
    assert np.array_equal(one, vary("it.png", "a cat", strength=1, **TINY)[0].pixels)
    assert far(vary("it.png", "a cat", strength=0.2, **TINY), one) > 5


def test_it_costs_its_share_of_the_steps(saved: Any) -> None:
    saved()
    runs = [vary("it.png", "a cat", strength=s, **TINY) for s in (0.01, 0.5, 1.0)]
    assert [run.job.steps for run in runs] == [1, 10, 20]
    assert runs[0].recipe.evaluations * 20 == runs[2].recipe.evaluations


def test_the_prompt_that_the_picture_carries(saved: Any) -> None:
    """Ours, or another program's; none where there is none, or it is damaged."""
    generate("a cat", model="tiny", seed=1)[0].save("cat.png")
    run = vary("cat.png", **TINY)
    assert run.recipe.prompt == "a cat"
    assert run.notes == ("the picture says it is 'a cat'",)
    assert vary("cat.png", "a dog", **TINY).recipe.prompt == "a dog"
    pixels = saved()
    for key, text in (("parameters", "a red star\nSteps: 20, Sampler: Euler, Seed: 1"),
                      ("unstir", "{damaged")):  # fmt: skip
        info = PngImagePlugin.PngInfo()
        info.add_text(key, text)
        Image.fromarray(pixels).save("other.png", pnginfo=info)
        if key == "parameters":
            assert vary("other.png", **TINY).recipe.prompt == "a red star"
        else:
            with pytest.raises(BadRequest, match='give a prompt, or "" for anything'):
                vary("other.png", **TINY)


def test_a_model_that_takes_no_prompt_gets_none(home: Path) -> None:
    """Also where the picture has one."""
    generate("a cat", model="tiny", seed=1)[0].save("cat.png")
    place = home / "models" / "tiny" / "model.json"
    said = json.loads(place.read_text())
    said["condition"] = None
    said["graphs"]["denoiser"]["inputs"] = ["x", "t"]
    place.write_text(json.dumps(said))
    assert vary("cat.png", **TINY).recipe.prompt is None


def test_the_picture_at_the_models_own_size_is_not_resampled(saved: Any) -> None:
    """Nothing but the codec stands between the picture and its state."""
    from unstir.modalities.images import to_model
    from unstir.tasks.vary import Variation

    pixels = saved(width=32, height=32)
    run = vary("it.png", "a cat", **TINY)
    assert isinstance(run.job, Variation)
    expected = load("tiny").encode(to_model(pixels)[None])
    np.testing.assert_allclose(run.job.whole.state(run.model), expected, atol=1e-5)


@pytest.mark.parametrize("strength", ["0", "1.5", "nan", "-0.2"])
def test_bad_strength(strength: str, saved: Any, refused: Any) -> None:
    saved()
    words = ["vary", "it.png", "a cat", "--model", "tiny", f"--strength={strength}"]
    refused(words, 2, f"strength is {float(strength)}; give a number from 0.01 to 1")


def test_a_long_and_narrow_picture(saved: Any, refused: Any) -> None:
    saved(width=500, height=20)
    says = "shorter, or add to its top and bottom"
    refused(["vary", "it.png", "a cat", "--model", "tiny"], 3, says)
    saved(width=20, height=500)
    refused(["vary", "it.png", "a cat", "--model", "tiny"], 3, "or add to its left and right")


def test_no_prompt(saved: Any, refused: Any) -> None:
    saved()
    refused(["vary", "it.png", "--model", "tiny"], 2, "give a prompt")
