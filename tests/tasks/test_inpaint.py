"""Repainting: what is known comes back to the last bit, whatever the picture, the mask and the
sampler; what cannot be meant is refused with the way out.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import unstir
from unstir.apps.cli import main
from unstir.core.find import names
from unstir.modalities.images import BadPicture, read
from unstir.tasks.inpaint import inpaint
from unstir.tasks.repaint import Repaint
from unstir.tasks.run import Run
from unstir.tasks.show import show

TINY: dict[str, Any] = {"model": "tiny", "seed": 3, "threads": 1, "steps": 4}
BOX = (20, 10, 40, 30)


def photo(width: int = 90, height: int = 70, mode: str = "RGB") -> np.ndarray:
    """Noise on a slope: nothing that a codec could give back by luck."""
    rng = np.random.default_rng(width)
    slope = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, len(mode)))
    return (slope + rng.integers(0, 55, slope.shape)).astype(np.uint8).squeeze()


def saved(name: str = "it.png", mode: str = "RGB", width: int = 90, height: int = 70) -> str:
    Image.fromarray(photo(width, height, mode), mode).save(name)
    return name


def drawn_mask(size: tuple[int, int], seed: int = 0, name: str = "mask.png") -> np.ndarray:
    """Some random boxes and ellipses, white on black."""
    from PIL import ImageDraw

    rng, image = np.random.default_rng(seed), Image.new("L", size)
    for _ in range(rng.integers(1, 4)):
        x, y = (int(rng.integers(0, n - 4)) for n in size)
        w, h = (int(rng.integers(3, n // 2)) for n in size)
        shape = ImageDraw.Draw(image)
        (shape.rectangle if rng.random() < 0.5 else shape.ellipse)((x, y, x + w, y + h), fill=255)
    image.save(name)
    return np.asarray(image) > 0


def paint(image: str = "it.png", prompt: str = "a cat", **asked: Any) -> Run:
    return inpaint(image, prompt, **(TINY | asked))


def untouched(run: Run, hole: np.ndarray) -> None:
    """Written as PNG and read again, every known pixel is the picture's, and the hole is not."""
    run[0].save("out.png")
    assert run.source is not None
    with Image.open("out.png") as out:
        assert out.mode == ("RGB" if run.source.alpha is None else "RGBA")
        got = np.asarray(out)
    was = run.source.with_alpha(run.source.pixels)
    assert got.shape == was.shape
    assert np.abs(got.astype(int) - was)[~hole].max(initial=0) == 0
    assert np.abs(got.astype(int) - was)[..., :3][hole].mean() > 2


def boxed(width: int = 90, height: int = 70, box: tuple[int, int, int, int] = BOX) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    x, y, w, h = box
    hole[y : y + h, x : x + w] = True
    return hole


@pytest.mark.parametrize("sampler", names("samplers"))
def test_known_pixels_are_exact_with_every_sampler(sampler: str, home: Path) -> None:
    saved()
    for seed in range(3):
        hole = drawn_mask((90, 70), seed)
        untouched(paint(mask="mask.png", sampler=sampler), hole)


@pytest.mark.parametrize(
    "size", [(90, 70), (32, 32), (33, 257), (9, 11), (400, 60), (300, 300), (8, 8)], ids=str
)
def test_known_pixels_are_exact_at_every_size(size: tuple[int, int], home: Path) -> None:
    saved(width=size[0], height=size[1])
    box = (size[0] // 4, size[1] // 4, max(1, size[0] // 3), max(1, size[1] // 3))
    for asked in ({}, {"context": 0.0}, {"rounds": 2}, {"feather": 0}):
        untouched(paint(box=box, **asked), boxed(*size, box))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "clear P"])
def test_known_pixels_are_exact_in_every_mode(mode: str, home: Path) -> None:
    kind = {"clear P": "P"}.get(mode, mode)
    image = Image.fromarray(photo(mode="RGBA"), "RGBA")
    image = image.convert("RGB").convert(kind) if kind in ("P", "1", "CMYK") else image
    image = image.convert(kind)
    if mode == "clear P":
        image.save("it.png", transparency=3)
    else:
        image.save("it.jpg" if mode == "CMYK" else "it.png")
    untouched(paint("it.jpg" if mode == "CMYK" else "it.png", box=BOX), boxed())


def test_alpha_is_kept_and_jpeg_has_none(home: Path) -> None:
    alpha = photo(mode="RGBA")
    saved(mode="RGBA")
    run = paint(box=BOX)
    assert np.array_equal(run[0].pixels[..., 3], alpha[..., 3])
    with pytest.raises(BadPicture, match="alpha channel"):
        run[0].save("out.jpg")
    words = ["inpaint", "it.png", "a cat", "--model", "tiny", "--box", "20,10,40,30"]
    assert main([*words, "-o", "out.jpg"]) == 3
    assert not Path("out.jpg").exists()


def test_jpeg_and_webp_are_near(home: Path) -> None:
    saved()
    for ending in ("jpg", "webp"):
        run = paint(box=BOX)
        run[0].save(f"out.{ending}")
        assert np.abs(read(f"out.{ending}").astype(int) - photo())[~boxed()].mean() < 12


def test_the_picture_is_turned_upright(home: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo()).save("it.png", exif=exif)
    run = paint(box=(5, 50, 30, 30))
    assert run.recipe.pixels == (70, 90)
    untouched(run, boxed(70, 90, (5, 50, 30, 30)))
    assert np.array_equal(run[0].pixels[0, 0], photo()[-1, 0])


def test_the_color_profile_is_kept(home: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo()).save("it.png", icc_profile=profile)
    for ending, metadata in (("png", True), ("jpg", False), ("webp", True)):
        paint(box=BOX)[0].save(f"out.{ending}", metadata=metadata)
        with Image.open(f"out.{ending}") as image:
            assert image.info["icc_profile"] == profile


def test_sixteen_bits_are_refused(home: Path) -> None:
    Image.fromarray(np.arange(6300, dtype=np.uint16).reshape(70, 90) * 9).save("it.png")
    with pytest.raises(BadPicture, match=r"it\.png has 16 bits a channel.*convert it to 8"):
        paint(box=BOX)


def test_an_animation_says_that_one_frame_is_taken(home: Path) -> None:
    frames = [Image.fromarray(photo()), Image.fromarray(photo()[::-1].copy())]
    frames[0].save("it.webp", save_all=True, append_images=frames[1:], lossless=True)
    run = paint("it.webp", box=BOX)
    assert "first frame" in run.notes[0]
    with pytest.warns(UserWarning, match="first frame"):
        assert run[0].pixels.shape == (70, 90, 3)


# masks


def test_mask_box_and_transparent_mask_say_the_same(home: Path) -> None:
    saved()
    hole = boxed()
    Image.fromarray(np.uint8(255 * hole)).save("mask.png")
    clear = np.dstack([np.zeros((70, 90, 3), np.uint8), np.uint8(255 * ~hole)])
    Image.fromarray(clear).save("clear.png")
    one = paint(box=BOX)[0].pixels
    assert np.array_equal(one, paint(mask="mask.png")[0].pixels)
    assert np.array_equal(one, paint(mask="clear.png", mask_alpha=True)[0].pixels)


def test_what_is_clear_in_the_picture_is_painted_and_shows(home: Path) -> None:
    hole = boxed()
    Image.fromarray(np.dstack([photo(), np.uint8(255 * ~hole)])).save("it.png")
    out = paint(mask_alpha=True)[0].pixels
    assert out.shape == (70, 90, 3)
    assert np.array_equal(out[~hole], photo()[~hole])


def test_what_is_nearly_opaque_is_known_and_stays(home: Path) -> None:
    hole = boxed()
    alpha = np.where(hole, 0, 247 + np.arange(90) % 9).astype(np.uint8)
    was = np.dstack([photo(), alpha])
    Image.fromarray(was).save("it.png")
    paint(mask_alpha=True)[0].save("out.png")
    out = read("out.png", alpha=True)
    assert np.array_equal(out[~hole], was[~hole])
    assert (out[hole, 3] == 255).all()


def test_half_clear_pixels_are_painted_under(home: Path) -> None:
    """As under a gray mask: their color stays a part of the new one, and no white comes in."""
    gray = np.uint8(255 * boxed() + 100 * boxed(box=(0, 60, 30, 10)))
    Image.fromarray(np.dstack([photo(), 255 - gray])).save("it.png")
    clear = paint(mask_alpha=True)[0].pixels
    saved()
    Image.fromarray(gray).save("mask.png")
    assert np.array_equal(clear, paint(mask="mask.png")[0].pixels)


def test_gray_changes_a_little(home: Path) -> None:
    saved()
    errors = []
    for gray in (0, 40, 120, 255):
        Image.fromarray(np.uint8(gray * boxed() + 255 * boxed(box=(0, 60, 5, 5)))).save("m.png")
        out = paint(mask="m.png")[0].pixels
        errors.append(np.abs(out.astype(int) - photo())[boxed()].mean())
    assert errors[0] == 0
    assert errors == sorted(errors)
    assert errors[1] < 0.5 * errors[3]


def test_a_jpeg_mask_has_no_dirty_black(home: Path) -> None:
    saved()
    Image.fromarray(np.uint8(255 * boxed())).save("mask.jpg", quality=92)
    out = paint(mask="mask.jpg")[0].pixels
    far = ~boxed(box=(12, 2, 56, 46))
    assert np.array_equal(out[far], photo()[far])


def test_the_whole_picture_may_be_white(home: Path) -> None:
    saved()
    Image.new("L", (90, 70), 255).save("mask.png")
    assert paint(mask="mask.png")[0].pixels.shape == (70, 90, 3)


def test_what_stood_in_the_hole_has_no_effect(home: Path) -> None:
    saved()
    one = paint(box=BOX)[0].pixels
    other = photo()
    other[boxed()] = (255, 0, 0)
    Image.fromarray(other).save("it.png")
    assert np.array_equal(one, paint(box=BOX)[0].pixels)


def test_the_model_sees_what_is_around(home: Path) -> None:
    saved(width=400, height=400)
    box = (100, 300, 20, 10)
    near, far = paint(box=box, context=1.0).job, paint(box=box, context=100.0).job
    assert isinstance(near, Repaint)
    assert isinstance(far, Repaint)
    assert (near.box.width, near.box.height) == (60, 60)
    assert (near.box.left, near.box.top) == (80, 275)
    assert (far.box.left, far.box.top, far.box.width, far.box.height) == (0, 0, 400, 400)
    least = paint(box=(0, 0, 4, 4)).job
    assert isinstance(least, Repaint)
    assert (least.box.left, least.box.top, least.box.width) == (0, 0, 32)


def test_long_pictures_are_covered_by_windows(home: Path) -> None:
    saved(width=300, height=60)
    run = paint(box=(0, 0, 290, 30))
    assert isinstance(run.job, Repaint)
    assert run.job.canvas.width > 4 * run.job.canvas.height
    rows: list[int] = []
    network = run.model.graphs["denoiser"]

    def counted(*arrays: np.ndarray) -> np.ndarray:
        rows.append(len(arrays[0]))
        return network(*arrays)

    run.model = replace(run.model, graphs={**run.model.graphs, "denoiser": counted})
    assert run[0].recipe.evaluations == sum(rows)
    saved(width=3000, height=60)
    with pytest.raises(BadPicture, match="too long and narrow"):
        paint(box=(0, 0, 2900, 30))


# requests


def test_seeds_and_companions(home: Path) -> None:
    saved()
    four = paint(box=BOX, n=4, seed=11)
    assert [picture.seed for picture in four] == [11, 12, 13, 14]
    alone = paint(box=BOX, seed=13)[0].pixels.astype(int)
    assert np.abs(four[2].pixels - alone).max() <= 1
    assert np.abs(four[1].pixels - alone).max() > 3


def test_the_prompt_and_the_rounds_matter(home: Path) -> None:
    saved()
    base = paint(box=BOX)[0].pixels.astype(int)
    for other in ({"prompt": "a dog"}, {"negative": "a dog"}, {"scale": 6.0}, {"rounds": 3}):
        assert np.abs(paint(box=BOX, **other)[0].pixels - base).max() > 2, other
    few, many = paint(box=BOX).recipe, paint(box=BOX, rounds=3).recipe
    assert many.evaluations == 3 * few.evaluations


@pytest.mark.filterwarnings("ignore:tiny does not know")
@pytest.mark.parametrize("ending", ["png", "webp"])
@pytest.mark.parametrize(
    "asked",
    [{"box": BOX}, {"mask": "mask.png", "rounds": 2, "feather": 5, "prompt": "-x"},
     {"mask": "clear.png", "mask_alpha": True, "context": 0.5, "n": 1, "negative": "a dog"}],
)  # fmt: skip
def test_show_prints_the_command_that_makes_it_again(
    asked: dict[str, Any], ending: str, home: Path
) -> None:
    saved()
    Image.fromarray(np.uint8(255 * boxed())).save("mask.png")
    Image.fromarray(np.dstack([photo(), np.uint8(255 * ~boxed())])).save("clear.png")
    file = paint(**asked)[0].save(f"out.{ending}")
    first = file.read_bytes()
    shown = show(str(file))
    assert shown.command[:3] == ("unstir", "inpaint", "it.png")
    assert not shown.notes
    file.unlink()
    assert main(shlex.split(shlex.join(shown.command))[1:]) == 0
    assert file.read_bytes() == first
    saved(width=91)
    assert "it.png is another than it was" in show(str(file)).notes[0]
    Path("it.png").unlink()
    assert "the file it.png is not here" in show(str(file)).notes[0]


def test_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved()
    words = ["inpaint", "it.png", "a cat", "--model", "tiny", "--seed", "5", "--steps", "3"]
    assert main([*words, "--box", "20,10,40,30", "--n", "2", "--gif", "it.gif", "--json"]) == 0
    said = capsys.readouterr()
    assert '"verb"' not in said.out
    assert '"box": "20,10,40,30"' in said.out
    made = sorted(p.name for p in Path.cwd().iterdir())
    assert made == ["it-1.gif", "it-2.gif", "it-inpaint-5-1.png", "it-inpaint-5-2.png", "it.png"]
    with Image.open("it-1.gif") as film:
        assert film.size == (90, 70)
        assert film.n_frames == 4  # noise and three steps


def test_the_line_of_the_manual(home: Path) -> None:
    saved()
    out = unstir.inpaint("it.png", "a cat", box=BOX, model="tiny", seed=1)[0].save("hat.png")
    assert show(str(out)).command[1] == "inpaint"


I = ["inpaint", "it.png", "a cat", "--model", "tiny"]
BAD: dict[str, tuple[list[str], int, str]] = {
    "nothing to repaint": (I, 2, "say what to repaint"),
    "mask and box": ([*I, "--mask", "m.png", "--box", "1,1,2,2"], 2, "one of them"),
    "another size": ([*I, "--mask", "small.png"], 3,
                     "the mask small.png is 20 x 20 pixels and the picture 90 x 70"),
    "a black mask": ([*I, "--mask", "black.png"], 3, "nothing to repaint; white is repainted"),
    "a clear mask": ([*I, "--mask", "clear.png"], 3, "give --mask-alpha"),
    "no clear part": ([*I, "--mask", "black.png", "--mask-alpha"], 3,
                      "no transparent part; without --mask-alpha its white is repainted"),
    "an opaque picture": ([*I, "--mask-alpha"], 3, "it.png has no transparent part"),
    "box and alpha": ([*I, "--box", "1,1,2,2", "--mask-alpha"], 2, "leave the box out"),
    "box outside": ([*I, "--box", "80,0,20,20"], 3,
                    "the box 80,0,20,20 reaches beyond it.png, which is 90 x 70 pixels"),
    "box empty": ([*I, "--box", "8,0,0,20"], 2, "box is 8,0,0,20"),
    "box negative": ([*I, "--box=-8,0,5,20"], 2, "box is -8,0,5,20; give X,Y,WIDTH,HEIGHT"),
    "box negative, apart": ([*I, "--box", "-8,0,5,20"], 2, "box is -8,0,5,20; give X,Y,WIDTH"),
    "box without value": ([*I, "--box"], 2, "--box takes 1 word, not 0"),
    "box and a flag": ([*I, "--box", "--json"], 2, "'--json' is not 4 whole numbers"),
    "box of three": ([*I, "--box", "8,0,5"], 2, "'8,0,5' is not 4 whole numbers"),
    "box of words": ([*I, "--box", "a,b,c,d"], 2, "is not 4 whole numbers with commas"),
    "no picture": (["inpaint"], 2, "IMAGE is missing"),
    "a picture that is not there": (["inpaint", "no.png", "x", "--box", "1,1,2,2"], 3, "no.png"),
    "a mask that is not there": ([*I, "--mask", "no.png"], 3, "no.png"),
    "a text": (["inpaint", "file.txt", "x", "--box", "1,1,2,2"], 3, "not a PNG, JPEG or WebP"),
    "a folder": (["inpaint", ".", "x", "--box", "1,1,2,2"], 3, "directory"),
    "rounds 0": ([*I, "--box", "1,1,2,2", "--rounds", "0"], 2, "rounds is 0"),
    "context nan": ([*I, "--box", "1,1,2,2", "--context", "nan"], 2, "context is nan"),
    "feather -1": ([*I, "--box", "1,1,2,2", "--feather", "-1"], 2, "feather is -1"),
    "no prompt": ([*I[:2], *I[3:], "--box", "1,1,2,2"], 2, "give a prompt"),
    "sampler": ([*I, "--box", "1,1,2,2", "--sampler", "hoin"], 2, "did you mean 'heun'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, code, says = BAD[kind]
    saved()
    Path("file.txt").write_text("text")
    Image.new("L", (20, 20), 255).save("small.png")
    Image.new("L", (90, 70)).save("black.png")
    Image.new("RGBA", (90, 70)).save("clear.png")
    before = sorted(Path.cwd().iterdir())
    assert main(words) == code
    said = capsys.readouterr()
    assert says in said.err.replace("\n", " ")
    assert said.out == ""
    assert "Traceback" not in said.err
    assert sorted(Path.cwd().iterdir()) == before
