"""Pictures to edit and masks: what is noted of a file, what counts as transparent, and advice that
helps."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.modalities.images import BadPicture
from unstir.modalities.source import clear_parts, read_mask, read_source

SIZE = (20, 10)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(color: tuple[int, ...], name: str = "it.png") -> str:
    Image.new("RGBA" if len(color) == 4 else "RGB", SIZE, color).save(name)
    return name


@pytest.mark.parametrize(
    ("name", "format", "noted"),
    [("it.png", "PNG", True), ("it.webp", "WEBP", True), ("it.jpg", "MPO", False)],
)
def test_only_what_moves_is_called_an_animation(name: str, format: str, noted: bool) -> None:
    """Phones write JPEGs of several pictures, a photograph and what belongs to it."""
    first, second = (Image.new("RGB", SIZE, color) for color in ("red", "blue"))
    first.save(name, format, save_all=True, append_images=[second])
    source = read_source(name)
    assert [f"{name} is an animation; its first frame is taken"] * noted == list(source.notes)
    assert np.abs(source.pixels.astype(int) - (255, 0, 0)).max() < 4


def test_a_deep_color_png_is_refused() -> None:
    """Pillow itself reads these, and cuts them to 8 bits without a word."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    raw = b"".join(b"\0" + bytes(6 * 90) for _ in range(70))
    head = struct.pack(">IIBBBBB", 90, 70, 16, 2, 0, 0, 0)
    Path("it.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(BadPicture, match="16 bits a channel"):
        read_source("it.png")


@pytest.mark.parametrize("alpha", [247, 250, 254, 255])
def test_what_is_nearly_opaque_has_no_transparent_part(alpha: int) -> None:
    source = read_source(saved((9, 9, 9, alpha)))
    with pytest.raises(BadPicture, match=r"it\.png has no transparent part.*a mask or a box"):
        clear_parts(source)
    with pytest.raises(BadPicture, match=r"no transparent part; without --mask-alpha its white"):
        read_mask("it.png", SIZE, by_alpha=True)


def test_a_nearly_opaque_mask_is_one_in_black_and_white() -> None:
    assert (read_mask(saved((255, 255, 255, 250)), SIZE) == 1).all()
    with pytest.raises(BadPicture, match="give --mask-alpha to repaint those"):
        read_mask(saved((255, 255, 255, 240)), SIZE)


@pytest.mark.parametrize("gray", [0, 8])
def test_a_black_mask_is_named(gray: int) -> None:
    with pytest.raises(BadPicture, match=r"it\.png is all black.*white is repainted"):
        read_mask(saved((gray, gray, gray)), SIZE)


def test_a_source_is_opaque_where_it_is_painted_and_else_as_it_was() -> None:
    source = read_source(saved((9, 9, 9, 250)))
    assert source.alpha is not None
    mask = np.zeros(SIZE[::-1], np.float32)
    mask[:, :5] = 0.5
    alpha = source.opaque_in(mask).alpha
    assert alpha is not None
    assert np.array_equal(alpha, np.where(mask > 0, 255, 250))
    assert source.opaque_in(np.ones_like(mask)).alpha is None
