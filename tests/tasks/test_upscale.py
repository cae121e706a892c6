"""Upscaling: no seam, the picture in the result by block means, any size, factor and alpha; every
tile told of, and clear words where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import unstir
from unstir.apps.cli import main
from unstir.codecs.residual import shrink
from unstir.core.find import names
from unstir.core.noise import gaussian
from unstir.modalities.images import from_model, read, to_model
from unstir.runtimes.shelf import SHIPPED
from unstir.tasks.enlarge import PATCH, Enlargement, held, patchwork
from unstir.tasks.run import Progress, Run
from unstir.tasks.upscale import upscale

ASKED: dict[str, Any] = {"seed": 3, "threads": 1, "steps": 4}


@pytest.fixture(autouse=True)
def model(upscaler: Callable[..., Path]) -> Path:
    return upscaler()


def large(image: str = "it.png", **asked: Any) -> Run:
    return upscale(image, **(ASKED | asked))


def pixels(run: Run) -> np.ndarray:
    return run[0].pixels.astype(int)


def consistency(out: np.ndarray, low: np.ndarray, factor: int) -> float:
    """PSNR in dB of the block means of a result against the picture."""
    means = np.moveaxis(shrink(np.moveaxis(out.astype(float), -1, 0)[None], factor)[0], 0, -1)
    return float(-10 * np.log10(((means - low) ** 2).mean() / 255**2 + 1e-12))


def test_the_line_of_the_manual(saved: Any) -> None:
    saved(width=20, height=9)
    [out] = unstir.upscale("it.png", factor=2, seed=1)
    assert out.pixels.shape == (18, 40, 3)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (61, 35), (3, 90), (1, 1)], ids=str)
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8])
def test_any_size_and_factor_shrinks_to_the_picture(
    size: tuple[int, int], factor: int, saved: Any
) -> None:
    """And has more in it than the picture has."""
    low = saved(width=size[0], height=size[1]).reshape(size[1], size[0], 3)
    run = large(factor=factor)
    out = read(run[0].save("out.png"))
    assert out.shape == (factor * size[1], factor * size[0], 3)
    assert run.recipe.pixels == out.shape[1::-1]
    assert consistency(out, low, factor) > 50
    assert np.abs(out - low.repeat(factor, 0).repeat(factor, 1).astype(int)).mean() > 2


def test_black_and_white_stay_consistent(home: Path) -> None:
    """Where new pixels would have to be darker than black."""
    low = np.zeros((20, 20, 3), np.uint8)
    low[5:15, 5:15] = 255
    low[8:12, :] = 128
    Image.fromarray(low).save("it.png")
    assert consistency(read(large()[0].save("out.png")), low, 4) > 45


@pytest.mark.parametrize("sampler", names("samplers"))
def test_every_sampler_is_consistent(sampler: str, saved: Any) -> None:
    low = saved(width=25, height=18)
    assert consistency(pixels(large(sampler=sampler)), low, 4) > 45


def test_not_exact_is_free(saved: Any) -> None:
    """The model may change what is there, and the strength of noise it is told matters."""
    low = saved(width=25, height=18)
    free = pixels(large(exact=False))
    assert consistency(free, low, 4) < 45
    assert np.abs(free - pixels(large(exact=False, noise=1.0))).max() > 2


def test_tiles_are_as_one_piece(upscaler: Any, saved: Any) -> None:
    """The same network on a tile that holds all gives nearly the same, all over; without overlap
    columns where tiles meet differ by a seventh of what another seed does."""
    upscaler("whole", side=48)
    saved(width=48, height=48)
    tiled, whole = pixels(large(exact=False)), pixels(large(exact=False, model="whole"))
    fresh = pixels(large(exact=False, model="whole", seed=4))
    for axis in (0, 1):
        difference = np.abs(tiled - whole).mean((axis, 2)) / np.abs(fresh - whole).mean()
        assert difference.mean() < 0.03
        assert difference.max() < 0.1


def test_a_part_of_the_noise_is_that_of_the_place(home: Path) -> None:
    """Whatever part is asked for; unit and without any likeness between patches."""
    full = patchwork([5, 6], 3, slice(0, 64), slice(0, 96))
    for rows, columns in ((slice(0, 16), slice(16, 32)), (slice(5, 40), slice(50, 96))):
        part = patchwork([5, 6], 3, rows, columns)
        for step, draw in ((-1, 0), (2, 1)):
            assert np.array_equal(part(step, draw), full(step, draw)[:, :, rows, columns])
    x = full(-1)
    assert x.std() == pytest.approx(1, abs=0.02)
    patches = x.reshape(2, 3, 4, PATCH, 6, PATCH).transpose(2, 4, 0, 1, 3, 5).reshape(24, -1)
    likeness = np.corrcoef(patches) - np.eye(24)
    assert np.abs(likeness).max() < 0.12
    assert not np.array_equal(x[:1, :, :16, :16], gaussian([5], (3, 16, 16))(-1))


def test_a_picture_does_not_depend_on_its_companions(saved: Any) -> None:
    saved(width=25, height=18)
    three = large(n=3, seed=7)
    assert [p.seed for p in three] == [7, 8, 9]
    alone = pixels(large(seed=8))
    assert np.array_equal(three[1].pixels, alone)
    assert np.abs(three[2].pixels - alone).max() > 3


def test_a_corner_is_the_same_in_a_larger_picture(saved: Any) -> None:
    """Noise belongs to the place, not to the size of the canvas."""
    low = saved(width=64, height=40)
    Image.fromarray(low[:28, :28]).save("part.png")
    one, two = pixels(large()), pixels(large("part.png"))
    assert np.abs(one[:40, :40] - two[:40, :40]).mean() < 1


def test_every_tile_is_told_of(saved: Any) -> None:
    """And until it is done the picture there is resampled only."""
    saved(width=40, height=28)
    run = large()
    told = [event for event in run.events() if isinstance(event, Progress)]
    assert isinstance(run.job, Enlargement)
    assert [(e.done, e.total) for e in told] == [(k, 6) for k in range(7)]
    first = next(e for e in run.events() if isinstance(e, Progress)).frames()[0].astype(int)
    assert first.shape == (112, 160, 3)
    assert np.abs(first - pixels(run)).mean() > 1


def test_the_recorded_evaluations_are_the_runs_of_the_network(saved: Any) -> None:
    saved(width=40, height=28)
    run = large(sampler="heun", steps=6)
    rows: list[int] = []
    network = run.model.graphs["denoiser"]

    def counted(*arrays: np.ndarray) -> np.ndarray:
        rows.append(len(arrays[0]))
        return network(*arrays)

    run.model = replace(run.model, graphs={"denoiser": counted})
    assert run[0].recipe.evaluations == sum(rows)


def test_alpha_grows_along_and_clear_colors_do_not_bleed(saved: Any) -> None:
    red = np.zeros((30, 30, 4), np.uint8)
    red[:, :15] = (255, 0, 0, 255)
    Image.fromarray(red).save("it.png")
    run = large()
    out = read(run[0].save("out.png"), alpha=True)
    assert out.shape == (120, 120, 4)
    assert (out[:, :56, 3] == 255).all()
    assert (out[:, 64:, 3] == 0).all()
    assert np.abs(out[:, 50:70, :3].mean((0, 1)) - (255, 0, 0)).max() < 25
    assert main(["upscale", "it.png", "-o", "out.jpg"]) == 3


def test_a_wholly_clear_picture(home: Path) -> None:
    Image.new("RGBA", (5, 5)).save("it.png")
    assert large()[0].pixels.shape == (20, 20, 4)


def test_the_picture_is_turned_upright(saved: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    low = saved(width=30, height=20, exif=exif)
    assert consistency(pixels(large()), np.rot90(low, -1), 4) > 50


@pytest.mark.parametrize("asked", [{}, {"factor": 2, "sampler": "ddpm"},
                                   {"exact": False, "noise": 0.25}], ids=str)  # fmt: skip
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_show_prints_the_command_that_makes_it_again(
    asked: dict[str, Any], ending: str, saved: Any, repeats: Any
) -> None:
    saved(width=20, height=20)
    repeats(large(**asked)[0].save(f"out.{ending}"), "upscale")


def test_held_fulfils_what_can_be_fulfilled() -> None:
    rng = np.random.default_rng(0)
    low = to_model(rng.integers(0, 256, (9, 7, 3), np.uint8))[None]
    out = held(rng.normal(0, 1.5, (1, 3, 36, 28)), low, 4)
    assert np.abs(out).max() <= 1
    np.testing.assert_allclose(shrink(out, 4), low, atol=1e-6)
    near = held(low.repeat(4, 2).repeat(4, 3), low, 4)
    np.testing.assert_allclose(near, low.repeat(4, 2).repeat(4, 3), atol=1e-6)


def test_the_shipped_one_beats_resampling(tmp_path: Path) -> None:
    """Discs and bars with smooth borders: nearer to the truth than bicubic by 2 dB and more, and
    shrunk again they are the picture that was given."""
    large = Image.new("RGB", (1024, 1024), (250, 250, 252))
    draw, rng = ImageDraw.Draw(large), np.random.default_rng(3)
    for i in range(24):
        x, y, r = (int(v) for v in rng.integers((40, 40, 30), (980, 980, 130)))
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        shape = (x - r, y - r, x + r, y + r // (1 + i % 3))
        (draw.ellipse if i % 2 else draw.rectangle)(shape, fill=color)
    true = np.asarray(large.resize((256, 256), Image.Resampling.BOX))
    low = from_model(shrink(to_model(true[None]), 4))[0]
    Image.fromarray(low).save(tmp_path / "low.png")
    file, model = str(tmp_path / "low.png"), str(SHIPPED / "upscaler")
    made = upscale(file, model=model, seed=0, threads=1)[0].pixels
    bicubic = np.asarray(Image.fromarray(low).resize((256, 256), Image.Resampling.BICUBIC))

    def decibels(x: np.ndarray, y: np.ndarray) -> float:
        return float(10 * np.log10(255**2 / max(1e-6, ((x.astype(float) - y) ** 2).mean())))

    assert decibels(made, true) > decibels(bicubic, true) + 2
    assert decibels(from_model(shrink(to_model(made[None]), 4))[0], low) > 45


U = ["upscale", "it.png"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "no picture": (["upscale"], 2, "IMAGE is missing"),
    "not there": (["upscale", "no.png"], 3, "no.png"),
    "a text": (["upscale", "file.txt"], 3, "file.txt is not a PNG, JPEG or WebP"),
    "factor 1": ([*U, "--factor", "1"], 2, "factor is 1; give a whole number from 2 to 8"),
    "factor 2.5": ([*U, "--factor", "2.5"], 2, "'2.5' is not a whole number"),
    "noise": ([*U, "--no-exact", "--noise", "2"], 2, "noise is 2.0; give a number from 0 to 1"),
    "noise and exact": ([*U, "--noise", "0.2"], 2, "add --no-exact"),
    "too large": (["upscale", "large.png"], 3,
                  "large.png has 1300 x 900 pixels; made 4 times larger it would have more than"),
    "a model that draws, and no prompt": ([*U, "--model", "tiny"], 2, "give a prompt"),
    "no model": ([*U, "--model", "upscalr"], 2, "did you mean 'upscaler'"),
    "a prompt": ([*U, "a cat"], 2, "an upscaler takes no prompt"),
    "scale": ([*U, "--scale", "2"], 2, "no scale"),
    "ending": ([*U, "-o", "out.gif"], 2, "out.gif ends in .gif"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, saved: Any, refused: Any) -> None:
    saved()
    Image.new("RGB", (1300, 900)).save("large.png")
    Path("file.txt").write_text("text")
    refused(*BAD[kind])
