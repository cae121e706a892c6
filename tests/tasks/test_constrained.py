"""Enlarging by a model of pictures: the result shrinks to what was given, whatever the size,
factor and sampler, it is nearer to the truth than resampling, and the prompt is heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unstir.codecs.residual import shrink
from unstir.core.find import names
from unstir.modalities.images import from_model, read, to_model, write
from unstir.tasks.generate import generate
from unstir.tasks.upscale import upscale

ASKED: dict[str, Any] = {"model": "emoji", "seed": 3, "threads": 1, "steps": 3}


def shrunk(pixels: np.ndarray, factor: int) -> np.ndarray:
    return from_model(shrink(to_model(pixels[None, ..., :3]), factor))[0].astype(int)


@pytest.mark.parametrize("size", [(16, 16), (20, 11), (1, 3), (23, 16)], ids=str)
@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_any_size_and_factor_shrinks_to_the_picture(
    size: tuple[int, int], factor: int, saved: Any
) -> None:
    low = saved(width=size[0], height=size[1]).reshape(size[1], size[0], 3)
    run = upscale("it.png", "a cat", factor=factor, **ASKED)
    out = read(run[0].save("out.png"))
    assert out.shape == (factor * size[1], factor * size[0], 3)
    assert run.recipe.pixels == out.shape[1::-1]
    assert np.abs(shrunk(out, factor) - low).max() <= 1


@pytest.mark.parametrize("sampler", names("samplers"))
def test_every_sampler(sampler: str, saved: Any) -> None:
    low = saved(width=16, height=16)
    out = upscale("it.png", "a cat", sampler=sampler, **ASKED)[0].pixels
    assert np.abs(shrunk(out, 4) - low).max() <= 1


def test_it_is_nearer_than_resampling_and_hears_the_prompt(home: Path) -> None:
    """On pictures of the model's own, whose details it could draw: less than 0.7 of bicubic's
    error, and less than with a prompt that is wrong."""
    error = {"bicubic": 0.0, "right": 0.0, "wrong": 0.0}
    for seed, prompt in enumerate(("a cat", "a strawberry", "a blue car", "an octopus")):
        true = generate(prompt, seed=seed, size="native", threads=1)[0].pixels
        low = shrunk(true, 4).astype(np.uint8)
        write(Path("low.png"), low)
        made = {"bicubic": np.asarray(Image.fromarray(low).resize((64, 64), 3))}
        asked = ASKED | {"steps": 12}
        made["right"] = upscale("low.png", prompt, **asked)[0].pixels
        made["wrong"] = upscale("low.png", "a house", **asked)[0].pixels
        for name, pixels in made.items():
            error[name] += float(((pixels.astype(float) - true) ** 2).mean())
    assert error["right"] < 0.7 * error["bicubic"]
    assert error["right"] < error["wrong"]


def test_alpha_and_the_command(saved: Any, repeats: Any) -> None:
    saved(mode="RGBA", width=12, height=9)
    run = upscale("it.png", "a cat", n=2, **ASKED)
    assert run[0].pixels.shape == (36, 48, 4)
    assert not np.array_equal(run[0].pixels, run[1].pixels)
    alone = upscale("it.png", "a cat", **ASKED | {"seed": 4})[0].pixels
    assert np.array_equal(run[1].pixels, alone)
    repeats(run[0].save("out.png"), "upscale")


def test_what_cannot_be(saved: Any, refused: Any, upscaler: Any) -> None:
    saved(width=200, height=20)
    line = ["upscale", "it.png", "a cat", "--model", "emoji"]
    refused(line, 3, "give a smaller part of the picture")
    saved(width=20, height=20)
    refused([*line, "--no-exact"], 2, "emoji is none")
    upscaler()
    refused(["upscale", "it.png", "a cat"], 2, "takes no prompt")
