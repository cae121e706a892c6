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


def test_a_run_never_goes_on_with_other_classes(tmp_path):
    """A class folder renamed: the same number of pictures, and other labels."""
    pictures = fill(tmp_path / "in", [f"{c}/{i}.png" for c in "ab" for i in range(4)], 12)
    few = Changes(steps=2, batch=4, threads=1)
    list(run(str(pictures), tmp_path / "out", few))
    (pictures / "a").rename(pictures / "z")
    with pytest.raises(ValueError, match="begun with other pictures, captions or classes"):
        list(run(str(pictures), tmp_path / "out", few))


def test_a_run_inside_the_pictures_is_refused(tmp_path):
    fill(tmp_path, ["a.png"])
    with pytest.raises(ValueError, match="give a folder beside it"):
        run(str(tmp_path), tmp_path / "run")


@pytest.mark.parametrize(
    ("folder", "name"),
    [("photos: 2024", "photos 2024"), ("x" * 150, "x" * 100), ("a\\b\tc", "a b c")],
)
def test_any_folder_gives_a_model_that_loads(tmp_path, folder, name):
    recipe = open_folder(fill(tmp_path / folder, ["a.png", "b.png"]))[0]
    assert recipe.name == name
    assert any("as the pictures are" in text for text in recipe.licences.values())
    assert recipe.licences.items() >= emoji.recipe.licences.items()


def test_metadata_without_captions_is_an_error(tmp_path):
    fill(tmp_path, ["a.png", "b.png"])
    rows = [{"file_name": f"{n}.png", "description": "lost"} for n in "ab"]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(BadFolder, match="has no text, caption, prompt or label in line 1"):
        open_folder(tmp_path)


def test_captions_that_are_lost_are_told(tmp_path):
    fill(tmp_path, ["a.png", "b.png"])
    rows = [
        {"file_name": "a.png", "text": "first"},
        {"file_name": "a.png", "text": "second"},
        {"file_name": "b.png", "text": 3},
    ]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, pictures, _ = open_folder(tmp_path)
    report = pictures.folder.report()
    assert "names 'a.png' again in line 2" in report
    assert "has a caption that is no text in line 3" in report
    assert pictures.sample(0)[1] == "first"


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
    card = (out / "card.md").read_text()
    assert "8 pictures, 16 seen" in card
    assert "as the pictures are" in card
    fill(pictures, ["red/more.png"], 12)
    with pytest.raises(ValueError, match="begun with 8 pictures, now there are 9"):
        list(run(str(pictures), out, Changes(steps=4, batch=4, threads=1)))
