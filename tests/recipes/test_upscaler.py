"""The upscaler's pieces, and a small run of its recipe from pictures to a model folder."""

import dataclasses

import numpy as np
import pytest

from unstir.codecs.residual import Residual, shrink
from unstir.modalities.images import to_model
from unstir.recipes import upscaler, upscaling
from unstir.recipes.crops import NOISE, Crops
from unstir.runtimes.model import load

RNG = np.random.default_rng(0)
SCENES = RNG.integers(0, 256, (3, 64, 64, 3), np.uint8)
SOFT = np.full((3, 16, 16, 3), 7, np.uint8)
PHOTO = RNG.integers(0, 256, (50, 90, 3), np.uint8)


def crops(**changes):
    return Crops(**({"scenes": SCENES, "soft": SOFT, "photos": [PHOTO],
                     "residual": Residual(4, 0.5), "side": 8} | changes))  # fmt: skip


def test_a_piece_is_a_function_of_its_number():
    data = crops()
    one, two = data.batch(np.array([5, 9])), data.batch(np.array([9]))
    assert (one["x"][1] == two["x"][0]).all()
    assert (one["extra"][1] == two["extra"][0]).all()
    assert one["x"].shape == (2, 48, 8, 8)
    assert one["extra"].shape == (2, 4, 8, 8)


def test_pieces_come_from_everywhere_and_fit_their_small_ones():
    """Without noise the small piece is the large one shrunk, or cut from the soft picture."""
    data, kinds = crops(), {"shrunk": 0, "soft": 0, "noisy": 0}
    for i in range(200):
        high, low, told = data.piece(i)
        level = told[3, 0, 0]
        assert (told[3] == level).all()
        assert (told[:3] == low).all()
        if level > 0:
            kinds["noisy"] += 1
        elif (low == to_model(SOFT)[0, 0, 0, 0]).all():
            kinds["soft"] += 1
        else:
            assert low == pytest.approx(shrink(high[None], 4)[0], abs=1e-6)
            kinds["shrunk"] += 1
    assert kinds["noisy"] == pytest.approx(100, abs=25)
    assert kinds["soft"] == pytest.approx(30, abs=20)
    assert kinds["shrunk"] == pytest.approx(70, abs=25)


def test_the_noise_is_as_strong_as_the_network_is_told():
    data = crops(photos=[np.full((80, 80, 3), 128, np.uint8)], scenes=SCENES[:0], soft=SOFT[:0])
    told = [data.piece(i)[2] for i in range(300)]
    strong = np.stack([t for t in told if t[3, 0, 0] > 0.2])
    ratio = (strong[:, :3] - to_model(np.uint8([[[128] * 3]]))[None]).std((1, 2, 3))
    assert ratio / strong[:, 3, 0, 0] == pytest.approx(NOISE, rel=0.35)


def test_a_small_run(tmp_path, monkeypatch):
    """Trains, shows, exports, and the exported network answers."""
    cache = tmp_path / "cache"
    cache.mkdir()
    np.save(cache / "scenes.npy", RNG.integers(0, 256, (3, 160, 160, 3), np.uint8))
    np.save(cache / "soft.npy", RNG.integers(0, 256, (3, 40, 40, 3), np.uint8))
    monkeypatch.setattr(upscaling.photos, "load", lambda *_: {"one": np.tile(PHOTO, (4, 4, 1))})
    small = dataclasses.replace(
        upscaler.recipe,
        sizes=dict(widths=[16, 32], blocks=1, attention=[], embedding=32, extra=4),
        trainer=dataclasses.replace(
            upscaler.recipe.trainer, steps=3, batch=2, warmup=1, preview_every=2, threads=1
        ),
    )
    events = list(upscaling.run(small, tmp_path))
    assert events[-1].stage == "done"
    assert (tmp_path / "samples" / "000002.png").is_file()
    for runtime in ("onnx", "torch"):
        model = load(tmp_path, kind="upscaler", runtime=runtime)
        assert model.manifest.upscale["factor"] == 4
        x, extra = np.ones((1, 48, 64, 64), np.float32), np.ones((1, 4, 64, 64), np.float32)
        out = model.net(x, 0.5, extra=extra)
        assert out.shape == x.shape
        assert np.isfinite(out).all()
    with pytest.raises(ValueError, match="further channels"):
        model.net(x, 0.5)
    with pytest.raises(ValueError, match="upscaler is an upscaler; it makes no pictures"):
        load(tmp_path)
