"""Outpainting: the old picture is in the new one to the last bit, and all round it is painted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import unstir
from unstir.core.find import names
from unstir.modalities.images import read
from unstir.tasks.generate import generate
from unstir.tasks.outpaint import outpaint
from unstir.tasks.repaint import Repaint
from unstir.tasks.run import Run

TINY: dict[str, Any] = {"model": "tiny", "seed": 3, "threads": 1, "steps": 4}
SIDES: list[dict[str, int]] = [
    {"left": 25}, {"right": 1}, {"top": 40}, {"bottom": 7}, {"left": 30, "right": 30},
    {"left": 5, "right": 6, "top": 7, "bottom": 8}, {"top": 190}, {"right": 180},
]  # fmt: skip


def grow(image: str = "it.png", prompt: str = "a cat", **asked: Any) -> Run:
    return outpaint(image, prompt, **(TINY | asked))


def inside(out: np.ndarray, was: np.ndarray, left: int = 0, top: int = 0, **_: int) -> np.ndarray:
    return out[top : top + was.shape[0], left : left + was.shape[1]]


def test_the_line_of_the_manual(home: Path) -> None:
    generate("a cat", model="tiny", seed=1)[0].save("cat.png")
    [wide] = unstir.outpaint("cat.png", "a cat", left=90, model="tiny")
    assert wide.pixels.shape == (256, 346, 3)


@pytest.mark.parametrize("sides", SIDES, ids=str)
@pytest.mark.parametrize("size", [(90, 70), (40, 33), (64, 64)], ids=str)
def test_the_old_pixels_are_exact_in_the_saved_file(
    size: tuple[int, int], sides: dict[str, int], saved: Any
) -> None:
    was = saved(width=size[0], height=size[1])
    run = grow(**sides)
    out = read(run[0].save("out.png"))
    width = size[0] + sides.get("left", 0) + sides.get("right", 0)
    height = size[1] + sides.get("top", 0) + sides.get("bottom", 0)
    assert out.shape == (height, width, 3)
    assert np.array_equal(inside(out, was, **sides), was)
    assert isinstance(run.job, Repaint)
    painted = out[run.job.mask == 1]
    assert len(painted) == width * height - size[0] * size[1]
    assert painted.max() > 0


@pytest.mark.parametrize("sampler", names("samplers"))
def test_with_every_sampler(sampler: str, saved: Any) -> None:
    was = saved()
    out = grow(sampler=sampler, left=20, top=10, rounds=2)[0].pixels
    assert np.array_equal(inside(out, was, 20, 10), was)


def test_clear_pixels_keep_their_color_and_what_is_new_is_opaque(saved: Any) -> None:
    was = saved(mode="RGBA")
    out = read(grow(left=12, bottom=3)[0].save("out.png"), alpha=True)
    assert np.array_equal(inside(out, was, 12), was)
    assert (out[:, :12, 3] == 255).all()
    assert (out[70:, :, 3] == 255).all()


def test_jpeg_and_webp_are_near(saved: Any) -> None:
    was = saved()
    for ending in ("jpg", "webp"):
        file = grow(left=20)[0].save(f"out.{ending}")
        assert np.abs(inside(read(file), was, 20).astype(int) - was).mean() < 12


def test_the_border_goes_on_with_what_it_meets(saved: Any) -> None:
    """At the seam the picture's own colors, and away from it the model's."""
    Image.new("RGB", (90, 70), (200, 30, 60)).save("it.png")
    out = grow(left=60)[0].pixels.astype(int)
    changes = np.abs(np.diff(out, axis=1)).mean((0, 2))
    assert changes[59] < 1.3 * changes[:40].mean()
    away = np.abs(out[:, :60].mean((0, 2)) - np.mean((200, 30, 60)))
    assert away[59] < 0.5 * away[:40].mean()


def test_the_model_sees_the_picture_beside_the_border(saved: Any) -> None:
    """All of it, and a little beyond it to be square."""
    saved(width=400, height=400)
    job = grow(right=40).job
    assert isinstance(job, Repaint)
    assert (job.box.left, job.box.width) == (0, 440)
    assert (job.box.top, job.box.height) == (-20, 440)
    assert job.canvas.windows == 1


def test_the_prompt_the_seed_and_the_context_matter(saved: Any) -> None:
    saved()
    base = grow(left=40)[0].pixels.astype(int)
    for other in ({"prompt": "a dog"}, {"seed": 4}, {"scale": 6.0}, {"rounds": 3}):
        assert np.abs(grow(left=40, **other)[0].pixels - base).max() > 2, other


def test_rounds_and_feather_are_recorded(saved: Any, repeats: Any) -> None:
    saved()
    run = grow(left=20, top=3, rounds=2, feather=4, context=0.5)
    repeats(run[0].save("out.png"), "outpaint")


def test_a_single_pixel_grows_as_its_refusal_says(saved: Any, refused: Any) -> None:
    Image.new("RGB", (1, 1), (200, 30, 60)).save("it.png")
    says = "make that shorter, or add to its top and bottom"
    refused([*O, "--left", "40"], 3, says)
    out = grow(left=40, top=20, bottom=20)[0].pixels
    assert out.shape == (41, 41, 3)
    assert tuple(out[20, 40]) == (200, 30, 60)
    assert grow(left=4)[0].pixels.shape == (1, 5, 3)


O = ["outpaint", "it.png", "a cat", "--model", "tiny"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "no side": (O, 2, "say where to paint: left, right, top or bottom, in pixels"),
    "nothing": ([*O, "--left", "0"], 2, "say where to paint"),
    "negative": ([*O, "--left=-5"], 2, "left is -5; give a whole number from 0 to 4,096"),
    "too wide": ([*O, "--top", "5000"], 2, "top is 5000"),
    "a fraction": ([*O, "--top", "1.5"], 2, "'1.5' is not a whole number"),
    "too large": ([*O[:1], "long.png", *O[2:], "--top", "4096"], 3,
                  "that makes 5000 x 4106 pixels; the limit is 16,777,216"),
    "too long": ([*O, "--left", "4000"], 3, "too long and narrow"),
    "no prompt": ([*O[:2], *O[3:], "--left", "5"], 2, "give a prompt"),
    "feather": ([*O, "--left", "5", "--feather", "-1"], 2, "feather is -1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, saved: Any, refused: Any) -> None:
    saved()
    saved("long.png", width=5000, height=10)
    refused(*BAD[kind])
