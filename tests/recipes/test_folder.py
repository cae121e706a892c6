"""A person's own folder: what is in it decides the recipe, and the run can be drawn from."""

import json

import numpy as np
import pytest
from PIL import Image

from unstir.modalities.image_folder import BadFolder
from unstir.recipes import Changes, changed, emoji, pipeline, run
from unstir.recipes.folder import open_folder
from unstir.tasks.generate import generate


def fill(folder, names, side=24, seed=0):
    rng = np.random.default_rng(seed)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        color = rng.integers(0, 256, 3)
        pixels = np.clip(color + rng.normal(0, 9, (side, side, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def test_captions_make_a_text_model(tmp_path):
    fill(tmp_path, [f"{i}.png" for i in range(6)], side=80)
    rows = [{"file_name": f"{i}.png", "text": f"picture {i}"} for i in range(6)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe, source, begin = open_folder(tmp_path)[:3]
    assert recipe.size == 64
    assert recipe.condition == emoji.recipe.condition
    assert set(begin) == {"autoencoder", "denoiser"}
    picture, caption = source.sample(3)
    assert picture.shape == (64, 64, 3)
    assert caption == "picture 3"


def test_class_folders_make_a_label_model(tmp_path):
    fill(tmp_path, [f"{c}/{i}.png" for c in ("red", "blue") for i in range(4)], side=20)
    recipe, source, begin = open_folder(tmp_path)[:3]
    assert recipe.size == 32
    assert recipe.codec is None
    assert not begin
    assert recipe.condition == {"name": "labels", "classes": ["blue", "red"]}
    assert {source.sample(i)[1] for i in range(len(source))} == {0, 1}


def test_large_pictures_by_label_begin_from_the_shipped_codec_only(tmp_path):
    fill(tmp_path, [f"{c}/{i}.png" for c in "ab" for i in range(3)], side=100)
    recipe, _, begin = open_folder(tmp_path)[:3]
    assert recipe.codec is not None
    assert set(begin) == {"autoencoder"}


def test_plain_pictures_make_a_model_without_condition(tmp_path):
    assert open_folder(fill(tmp_path, ["a.png", "b.png"]))[0].condition is None


def test_nothing_to_learn_from_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(BadFolder, match=r"notes\.txt"):
        open_folder(tmp_path)


def test_unknown_recipe_names_what_there_is():
    with pytest.raises(ValueError, match="digits, emoji"):
        run("emojis", None)


def test_steps_and_minutes_exclude_each_other():
    with pytest.raises(ValueError, match="one of them"):
        changed(emoji.recipe, Changes(steps=5, minutes=1))
    assert changed(emoji.recipe, Changes(minutes=2)).trainer.budget == 120


def test_the_codec_can_be_kept(tmp_path):
    kept = changed(emoji.recipe, Changes(codec_steps=0, dtype="bfloat16"))
    assert kept.coder is None
    assert kept.trainer.dtype == "bfloat16"
    fill(tmp_path / "in", [f"{c}/{i}.png" for c in "ab" for i in range(3)], side=100)
    source = open_folder(tmp_path / "in")[1]
    with pytest.raises(ValueError, match="none to begin from"):
        list(pipeline.run(kept, source, tmp_path / "out"))


def test_from_folder_to_picture(tmp_path):
    """Train on a folder for a moment and draw from the run, by label, torch-free."""
    pictures = fill(
        tmp_path / "in", [f"{c}/{i}.png" for c in ("red", "blue") for i in range(4)], 12
    )
    out = tmp_path / "out"
    stages = {p.stage for p in run(str(pictures), out, Changes(steps=4, batch=4, threads=1))}
    assert {"pictures", "denoiser", "done"} <= stages
    [picture] = generate("red", model=str(out), seed=1, steps=4, threads=1)
    assert picture.native.shape == (16, 16, 3)
    assert picture.pixels.shape == (256, 256, 3)
    assert (out / "samples" / "000004.png").is_file()
    fill(pictures, ["red/more.png"], 12)
    with pytest.raises(ValueError, match="begun with 8 pictures, now there are 9"):
        list(run(str(pictures), out, Changes(steps=4, batch=4, threads=1)))
