"""Training a decoder further: all else of the model stays as it was, codes among it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unstir.networks.build import build
from unstir.recipes import decoder, run
from unstir.runtimes.export import write
from unstir.runtimes.manifest import sha256_of
from unstir.runtimes.model import load

CODEC = dict(latent=4, widths=[16, 32], encoder=[1, 1], decoder=[1, 1])
SIZES = dict(channels=4, tokens=0, widths=[32, 32], blocks=1, attention=[1], embedding=32)
SETTINGS = replace(decoder.TRAINER, steps=60, batch=16, lr=2e-3, warmup=0, threads=1)


def discs(count: int) -> np.ndarray:
    """Discs of two colors at different places, uint8 (N, 16, 16, 3)."""
    made = []
    for index in range(count):
        rng = np.random.default_rng(index)
        y, x = np.mgrid[:16, :16] - rng.integers(5, 11, 2)[:, None, None]
        inside = (y**2 + x**2 < 16)[..., None]
        made.append(np.where(inside, [[220, 30, 30], [30, 30, 220]][index % 2], 255))
    return np.stack(made).astype(np.uint8)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    torch.manual_seed(0)
    base, out = (tmp_path_factory.mktemp("decoder") / name for name in ("base", "run"))
    said = dict(
        kind="image", name="discs", title="Discs", condition=None,
        network=dict(name="unet", sizes=SIZES),
        codec=dict(name="autoencoder", sizes=CODEC, mean=[0.3, 0, 0, 0], std=[0.5, 1.0, 1.0, 2.0]),
        schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[4, 4, 4],
        size=[16, 16], defaults=dict(sampler="ddim", steps=2, scale=1.0, spacing="uniform"),
        licences={}, aliases={}, training={},
    )  # fmt: skip
    write(base, said, build("unet", SIZES), build("autoencoder", CODEC))  # type: ignore[arg-type]
    (base / "cache").mkdir()
    np.save(base / "cache" / "pictures.npy", discs(48))
    for _ in decoder.run(SETTINGS, out, base):
        pass
    return base, out


def test_only_the_decoder_is_another(runs: tuple[Path, Path]) -> None:
    base, out = runs
    for file in ("denoiser.safetensors", "denoiser.onnx", "encoder.onnx"):
        assert (out / file).read_bytes() == (base / file).read_bytes()
    model, plain = load(out), load(base)
    model.manifest.verify()
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)
    np.testing.assert_array_equal(model.encode(x), plain.encode(x))
    z = plain.encode(x)
    assert np.abs(model.decode(z) - plain.decode(z)).max() > 0.01
    said = model.manifest.codec or {}
    assert said["mean"] == [0.3, 0, 0, 0]
    assert said["decoder"]["training"]["settings"]["steps"] == 60


def test_it_makes_better_pictures(runs: tuple[Path, Path]) -> None:
    """Of discs at places that it never saw."""
    base, out = runs
    true = discs(80)[48:].transpose(0, 3, 1, 2) / 127.5 - 1
    z = load(base).encode(true.astype(np.float32))
    errors = [np.square(load(at).decode(z) - true).mean() for at in (base, out)]
    assert errors[1] < 0.5 * errors[0]


def test_a_run_goes_on(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """After a stop, to the same weights; what is finished is not begun anew; and only with the
    model it was begun with."""
    base, out = runs
    again = tmp_path / "again"
    for event in decoder.run(SETTINGS, again, base):
        if event.done == 30:
            break
    assert not (again / "model.json").exists()
    steps = [e.event.step for e in decoder.run(SETTINGS, again, base) if e.stage == "decoder"]
    assert min(steps) >= 30
    weights = [(at / "autoencoder.safetensors").read_bytes() for at in (base, out, again)]
    assert weights[0] != weights[1] == weights[2]
    assert [e.stage for e in decoder.run(SETTINGS, again, base) if e.done < e.total] == []
    other = tmp_path / "other"
    shutil.copytree(base, other)
    (other / "model.json").write_text((other / "model.json").read_text() + "\n")
    with pytest.raises(ValueError, match="is of another model"):
        list(decoder.run(SETTINGS, again, other))


def test_all_else_goes_along(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Captions for a student to come, what there is beside the denoiser, how it came about; a
    second round says what was before."""
    base, out = runs
    twice = tmp_path / "base"
    shutil.copytree(out, twice)
    shutil.copytree(base / "cache", twice / "cache", dirs_exist_ok=True)
    (twice / "cache" / "conditions.json").write_text('["a disc"]')
    settings = replace(SETTINGS, steps=1)
    for _ in decoder.run(settings, tmp_path / "out", twice):
        pass
    assert (tmp_path / "out" / "cache" / "conditions.json").read_text() == '["a disc"]'
    before, after = ((load(at).manifest.codec or {})["decoder"] for at in (out, tmp_path / "out"))
    assert after["training"]["before"] == before
    assert after["training"]["start"] == sha256_of(twice / "model.json")


def test_what_has_no_decoder_to_train(runs: tuple[Path, Path], tmp_path: Path) -> None:
    base, _ = runs
    lost, large = tmp_path / "lost", tmp_path / "large"
    for folder in (lost, large):
        shutil.copytree(base, folder)
    shutil.rmtree(lost / "cache")
    np.save(large / "cache" / "pictures.npy", np.zeros((4, 32, 32, 3), np.uint8))
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="the pictures that discs was trained on are not here"):
        list(run("decoder", out, start=str(lost)))
    with pytest.raises(ValueError, match=r"pictures of discs are \(32, 32\)"):
        list(run("decoder", tmp_path / "second", start=str(large)))
    with pytest.raises(ValueError, match="has no autoencoder"):
        list(run("decoder", out, start="upscaler"))
    with pytest.raises(ValueError, match="itself; give another one"):
        list(run("decoder", base, start=str(base)))
