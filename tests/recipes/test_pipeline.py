"""The stages from pictures to a model folder: taken up, renewed, refused."""

from dataclasses import replace

import numpy as np
import pytest

from unstir.recipes import digits, pipeline
from unstir.training.checkpoint import CannotWrite
from unstir.training.settings import Settings

FEW = Settings(steps=4, batch=8, warmup=1, ema=(0.1,), threads=1)


class Squares:
    """Sixteen plain squares of 16 px."""

    def __len__(self):
        return 16

    fingerprint = "squares"

    def sample(self, index, /):
        return np.full((16, 16, 3), 16 * index, np.uint8), index % 10


def recipe(codec_steps):
    codec = dict(latent=4, widths=[16], encoder=[1], decoder=[1])
    sizes = dict(widths=[32], blocks=1, attention=[], embedding=32)
    return replace(digits.recipe, size=16, codec=codec, sizes=sizes, trainer=FEW,
                   coder=replace(FEW, steps=codec_steps))  # fmt: skip


def stages(run):
    return {progress.stage for progress in run}


def test_a_run_that_is_done_does_nothing_twice(tmp_path):
    assert {"codec", "latents", "denoiser"} <= stages(pipeline.run(recipe(4), Squares(), tmp_path))
    assert "latents" not in stages(pipeline.run(recipe(4), Squares(), tmp_path))


def test_a_damaged_cache_names_the_file_and_the_way_out(tmp_path):
    list(pipeline.run(recipe(4), Squares(), tmp_path))
    for name, text in (("latents.npy", b"\x93NUMPY"), ("conditions.json", b"[1, 2")):
        (tmp_path / "cache" / name).write_bytes(text)
        with pytest.raises(ValueError, match=rf"{name} is damaged .* delete the folder"):
            list(pipeline.run(recipe(4), Squares(), tmp_path))


def test_a_full_disk_is_an_error_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(CannotWrite, match=r"pictures\.npy needs 0 MB .* No space left"):
        list(pipeline.run(recipe(4), Squares(), tmp_path))
    assert not list((tmp_path / "cache").iterdir())


def test_latents_of_another_autoencoder_are_never_used(tmp_path):
    """More steps of the autoencoder: the latents are made anew, a denoiser that saw the old ones
    is refused."""
    for progress in pipeline.run(recipe(4), Squares(), tmp_path):
        if progress.stage == "denoiser":
            break
    before = np.load(tmp_path / "cache" / "latents.npy")
    with pytest.raises(ValueError, match="give another --out, or delete"):
        list(pipeline.run(recipe(12), Squares(), tmp_path))
    for path in sorted((tmp_path / "denoiser").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "denoiser").rmdir()
    assert "latents" in stages(pipeline.run(recipe(12), Squares(), tmp_path))
    assert np.abs(np.load(tmp_path / "cache" / "latents.npy") - before).max() > 0.1
