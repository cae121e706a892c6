"""Pictures are read whatever they are, or refused by name; what is written reads back."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unstir.modalities import images
from unstir.modalities.images import BadEnding, BadPicture, read


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def gradient(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    ramp = np.linspace(0, 255, size[0] * size[1] * 3).astype(np.uint8)
    return Image.fromarray(ramp.reshape(size[1], size[0], 3)).convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def bomb(side: int) -> bytes:
    """A PNG of side x side black pixels of one bit: a few KB that would take side^2 bytes."""
    row = b"\0" * (side // 8 + 1)
    head = side.to_bytes(4, "big") * 2 + b"\1\0\0\0\0"
    data = zlib.compressobj(9)
    packed = b"".join(data.compress(row) for _ in range(side)) + data.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    """A PNG whose compressed text would take 100 MB."""
    raw = encoded(gradient(), "PNG")
    packed = b"a\0\0" + zlib.compress(b" " * 100_000_000, 9)
    return raw[:33] + chunk(b"zTXt", packed) + raw[33:]


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8))
PNG, JPEG, WEBP = (encoded(NOISE, f) for f in ("PNG", "JPEG", "WEBP"))
BAD: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\x89",
    "PNG signature only": PNG[:8],
    "PNG cut at 10 %": PNG[: len(PNG) // 10],
    "PNG cut at 50 %": PNG[: len(PNG) // 2],
    "PNG cut at 90 %": PNG[: len(PNG) * 9 // 10],
    "JPEG cut at 10 %": JPEG[: len(JPEG) // 10],
    "JPEG cut at 50 %": JPEG[: len(JPEG) // 2],
    "WebP cut at 50 %": WEBP[: len(WEBP) // 2],
    "bad checksum": PNG[:29] + b"\0\0\0\0" + PNG[33:],
    "bad checksum of the pixels": PNG[:-16] + b"\0\0\0\0" + PNG[-12:],
    "bad data": PNG[:60] + bytes(40) + PNG[100:],
    "GIF": encoded(gradient("P"), "GIF"),
    "BMP": encoded(gradient(), "BMP"),
    "TIFF": encoded(gradient(), "TIFF"),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "HTML": b"<!DOCTYPE html><html></html>",
    "PDF": b"%PDF-1.7\n",
    "text": b"not a picture",
    "zeros": bytes(1000),
    "noise": bytes(range(256)) * 8,
    "PNG bomb": bomb(12_000),
    "PNG bomb of Pillow's own limit": bomb(20_000),
    "one row of 20 million": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", (20_000_000).to_bytes(4, "big") + b"\0\0\0\1\x01\0\0\0\0"),
    "no pixels": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(8) + b"\x01\0\0\0\0"),
    "text bomb": text_bomb(),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    path.write_bytes(BAD[kind])
    with pytest.raises(BadPicture) as error:
        read(path)
    assert str(path) in str(error.value)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(BAD["PNG bomb"])
    assert path.stat().st_size < 40_000
    with pytest.raises(BadPicture, match="12000 x 12000 pixels; the limit is 16,777,216"):
        images.size_of(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "it.png")
    for look in (read, images.size_of):
        with pytest.raises(BadPicture, match="is a pipe or device; save"):
            look(tmp_path / "it.png")


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.png")


MODES = ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_read_as_color(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(encoded(gradient(mode), "JPEG" if mode == "CMYK" else "PNG"))
    expected = np.asarray(gradient(mode).convert("RGB"))
    assert read(path).shape == (16, 24, 3)
    assert np.abs(read(path).astype(int) - expected).mean() < (4 if mode == "CMYK" else 0.01)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 24 * 16).reshape(16, 24).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(read(tmp_path / "deep.png")[..., 0], deep >> 8)


def test_transparency_becomes_white_or_stays(tmp_path: Path) -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:4] = 255, 0, 0, 128
    Image.fromarray(clear).save(tmp_path / "clear.png")
    on_white = read(tmp_path / "clear.png")
    assert tuple(on_white[0, 0]) == (255, 127, 127)
    assert tuple(on_white[7, 7]) == (255, 255, 255)
    assert np.array_equal(read(tmp_path / "clear.png", alpha=True), clear)


def test_palette_transparency_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "p.png", transparency=0)
    assert (read(tmp_path / "p.png") == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int, tmp_path: Path) -> None:
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :12] = 255  # the light is at the top left
    back: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(back[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read(tmp_path / "turned.png"), upright)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"]
)
def test_broken_exif_does_not_spoil_a_picture(exif: bytes, tmp_path: Path) -> None:
    path = tmp_path / "it.jpg"
    path.write_bytes(JPEG[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + JPEG[2:])
    assert read(path).shape == (32, 32, 3)


def test_a_broken_color_profile_does_not_spoil_a_picture(tmp_path: Path) -> None:
    gradient().save(tmp_path / "it.png", icc_profile=b"nonsense")
    assert read(tmp_path / "it.png").shape == (16, 24, 3)


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "it.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert tuple(read(tmp_path / "it.webp")[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_written_pictures_read_back(ending: str, tmp_path: Path) -> None:
    pixels = np.asarray(gradient())
    images.write(tmp_path / f"it{ending}", pixels)
    again = read(tmp_path / f"it{ending}").astype(int)
    assert np.abs(again - pixels).max() <= (0 if ending.lower() == ".png" else 40)
    assert [p.name for p in tmp_path.iterdir()] == [f"it{ending}"]


@pytest.mark.parametrize("name", ["it.bmp", "it", "it.gif", "it.png.exe"])
def test_other_endings_are_refused_with_the_list(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadEnding, match=r"\.png, \.jpg, \.jpeg, \.webp"):
        images.write(tmp_path / name, np.zeros((8, 8, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_an_animation_rests_on_its_last_frame(tmp_path: Path) -> None:
    frames = [np.full((16, 16, 3), value, np.uint8) for value in (0, 100, 200)]
    images.write_gif(tmp_path / "it.gif", frames, comment="three")
    with Image.open(tmp_path / "it.gif") as film:
        times = []
        for k in range(film.n_frames):
            film.seek(k)
            times.append(film.info["duration"])
            assert abs(int(np.asarray(film.convert("RGB"))[0, 0, 0]) - 100 * k) <= 4
    assert times == [80, 80, 1500]


def test_square_takes_the_middle() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert (images.square(wide, 10) == 255).all()
    assert images.square(wide, 20).shape == (20, 20, 3)


@given(st.integers(0, 255))
def test_model_space_keeps_every_value(value: int) -> None:
    pixels = np.full((2, 3, 4, 3), value, np.uint8)
    x = images.to_model(pixels)
    assert x.shape == (2, 3, 3, 4)
    assert x.dtype == np.float32
    assert -1 <= x.min() <= x.max() <= 1
    assert np.array_equal(images.from_model(x), pixels)


def test_values_beyond_the_range_are_clipped() -> None:
    x = np.array([-9.0, -1.0, 0.0, 1.0, 9.0]).reshape(1, 1, 5)
    assert images.from_model(x).ravel().tolist() == [0, 0, 128, 255, 255]
