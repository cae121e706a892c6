"""What a picture tells of itself comes back as it was put in, for us and for other programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unstir.modalities import a1111
from unstir.modalities.image_text import embed, extract
from unstir.modalities.images import BadPicture, write

PIXELS = np.full((16, 16, 3), 90, np.uint8)
PROMPTS = ["a cat", "кот 猫 🐈 שלום", 'quotes " and \\ and: commas, too', "x" * 2000, ""]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_texts_come_back(format: str, prompt: str, tmp_path: Path) -> None:
    recipe = {"schema": 1, "command": ["unstir", "generate", prompt]}
    infotext = a1111.render(prompt, prompt, {"Steps": 3, "Seed": 7, "Size": "8x8"})
    path = tmp_path / f"it.{format.lower()}"
    write(path, PIXELS, embed(format, infotext, recipe))
    assert extract(path) == {"parameters": infotext, "unstir": recipe}


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_plain_picture_tells_nothing(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"it.{format.lower()}"
    write(path, PIXELS)
    assert extract(path) == {}


def test_gif_comments_are_read(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "it.gif", comment=b"a cat\nSteps: 1")
    assert extract(tmp_path / "it.gif") == {"parameters": "a cat\nSteps: 1"}


@pytest.mark.parametrize("text", ["{", "[1]", "null", "[" * 100_000])
def test_a_damaged_recipe_is_said_to_be(text: str, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_itxt("unstir", text)
    Image.fromarray(PIXELS).save(tmp_path / "it.png", pnginfo=info)
    with pytest.raises(BadPicture, match="damaged"):
        extract(tmp_path / "it.png")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "it.png").write_bytes(b"nothing")
    with pytest.raises(BadPicture):
        extract(tmp_path / "it.png")


# -- the grammar of other programs

PAIR = re.compile(r'\s*([^:,]+):\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^,]*)(?:,|$)')


def others_read(text: str) -> tuple[str, str, dict[str, str]]:
    """The text as metadata readers take it apart, written without looking at ours."""
    head, _, last = text.rpartition("\n")
    prompt, _, negative = head.partition("\nNegative prompt: ")
    return prompt, negative, {k.strip(): v.strip() for k, v in PAIR.findall(last)}


VALUES: dict[str, Any] = {
    "Steps": 24, "Sampler": "DPM++ 2M", "Schedule type": "Karras", "CFG scale": 3.5, "Seed": 7,
    "Size": "256x256", "Model hash": "1d5487492c", "Model": "emoji", "Version": "unstir 0.1.0",
}  # fmt: skip


def test_other_programs_read_every_field() -> None:
    text = a1111.render("a cat, wearing: a hat", "blurry", VALUES)
    expected = {name: str(value) for name, value in VALUES.items()}
    assert others_read(text) == ("a cat, wearing: a hat", "blurry", expected)


def test_values_with_commas_and_colons_are_quoted() -> None:
    text = a1111.render("a cat", "", VALUES | {"Model": 'my, "model": new'})
    assert a1111.parse(text).values["Model"] == 'my, "model": new'
    assert others_read(text)[2]["Seed"] == "7"


def test_values_that_are_none_are_left_out() -> None:
    assert "Seed" not in a1111.render("a", "", {"Seed": None, "Steps": 3})


def test_without_three_pairs_a_text_is_all_prompt() -> None:
    assert a1111.parse("ratio: 3, scale: 4").prompt == "ratio: 3, scale: 4"
    assert a1111.parse("") == a1111.Infotext("", "", {})


line = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40)


@given(line, line)
def test_our_own_parser_gives_back_what_was_rendered(prompt: str, negative: str) -> None:
    prompt, negative = prompt.strip(), negative.strip()
    if prompt.startswith("Negative prompt:"):
        prompt = ""
    parsed = a1111.parse(a1111.render(prompt, negative, VALUES))
    assert (parsed.prompt, parsed.negative) == (prompt, negative)
    assert dict(parsed.values) == {name: str(value) for name, value in VALUES.items()}


@given(st.text(max_size=200))
def test_any_text_is_parsed(text: str) -> None:
    assert isinstance(a1111.parse(text).prompt, str)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_names_that_are_no_text_are_kept(format: str, tmp_path: Path) -> None:
    path, recipe = tmp_path / f"it.{format.lower()}", {"file": "caf\udce9.png"}
    write(path, np.zeros((8, 8, 3), np.uint8), embed(format, "caf\udce9", recipe))
    assert extract(path)["unstir"] == recipe
    assert extract(path)["parameters"] == "caf\\udce9"
