"""Holes to learn from, and a network that learned with them: it draws, and sees what is given."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from unstir.core.find import NotFound
from unstir.networks.sequence import Sequence
from unstir.networks.unet import UNet
from unstir.recipes import Changes, changed, digits, pipeline
from unstir.recipes.masks import KINDS, all_of_it, mask
from unstir.recipes.start import warm
from unstir.runtimes.manifest import Manifest
from unstir.runtimes.model import load
from unstir.tasks.inpaint import inpaint
from unstir.tasks.request import BadRequest


@pytest.mark.parametrize("side", [8, 64])
def test_masks_are_functions_of_their_number(side):
    masks = np.stack([mask(i, side) for i in range(400)])
    assert (masks == np.stack([mask(i, side) for i in range(400)])).all()
    assert set(np.unique(masks)) == {0, 1}
    share = masks.mean((1, 2))
    assert (share == 1).mean() == pytest.approx(KINDS[all_of_it], abs=0.1)
    assert (share == 0).mean() < 0.03
    assert len(np.unique(masks, axis=0)) > 120


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_hides_and_shows(kind):
    rng = np.random.default_rng(0)
    share = [kind(rng, 32).mean() for _ in range(100)]
    assert max(share) > 0.3
    assert min(share) < 0.4 or kind.__name__ == "all_of_it"


def test_further_channels_change_nothing_at_first(tmp_path):
    """A network that begins from one without them gives what that one gives."""
    sizes = dict(channels=4, widths=(32,), blocks=1, attention=(), embedding=32)
    torch.manual_seed(0)
    old = UNet(**sizes)
    for p in old.parameters():
        torch.nn.init.normal_(p, std=0.1)
    save_file(old.state_dict(), tmp_path / "denoiser.safetensors")
    new = warm(UNet(**sizes, extra=5), {"denoiser": tmp_path}, "denoiser")
    x, t = torch.randn(2, 4, 8, 8), torch.rand(2)
    out = new(x, t, None, None, torch.randn(2, 5, 8, 8))
    torch.testing.assert_close(out, old(x, t), atol=1e-5, rtol=1e-5)


def test_a_network_with_fewer_channels_is_refused(tmp_path):
    sizes = dict(channels=4, widths=(32,), blocks=1, attention=(), embedding=32)
    save_file(UNet(**sizes, extra=5).state_dict(), tmp_path / "denoiser.safetensors")
    with pytest.raises(ValueError, match=r"enter\.weight"):
        warm(UNet(**sizes), {"denoiser": tmp_path}, "denoiser")


def test_a_weight_and_a_learned_one_reach_the_training(tmp_path):
    recipe = changed(digits.recipe, Changes(steps=3, batch=8, threads=1))
    recipe = replace(recipe, weight="min_snr", uncertain=True, parametrization="v")
    events = list(pipeline.run(recipe, digits.Digits(count=64), tmp_path))
    step = next(p.event for p in events if p.stage == "denoiser" and p.event.kind == "step")
    assert step.parts["error"] != pytest.approx(step.loss, rel=1e-3)
    assert load(tmp_path).manifest.parametrization == "v"
    with pytest.raises(ValueError, match="min_snr"):
        list(pipeline.run(replace(recipe, weight="min-snr"), digits.Digits(64), tmp_path / "b"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The digits recipe, told holes, for a moment: long enough to begin to copy what it sees."""
    out = tmp_path_factory.mktemp("runs") / "holes"
    recipe = changed(digits.recipe, Changes(steps=120, batch=32, threads=1))
    list(pipeline.run(replace(recipe, repaints=True), digits.Digits(), out))
    return out


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_a_model_that_repaints_draws_from_nothing_and_sees(folder, runtime):
    model = load(folder, runtime=runtime)
    assert model.manifest.repaints
    rng = np.random.default_rng(1)
    x0 = np.stack([digits.Digits().sample(i)[0] for i in range(64)])
    x0 = np.moveaxis(x0, 3, 1).astype(np.float32) / 127.5 - 1
    noise = rng.standard_normal(x0.shape).astype(np.float32)
    labels = model.condition.null(len(x0))
    level = (labels.states, labels.mask)
    blind = model.net(noise, 1.0, *level)
    told = np.concatenate(
        [
            model.seeing(x, np.zeros(x.shape[1:])).net(n[None], 1.0, *(a[:1] for a in level))
            for x, n in zip(x0, noise, strict=True)
        ]
    )
    errors = [np.square(noise - out - x0).mean() for out in (told, blind)]
    assert errors[0] < 0.9 * errors[1]


@pytest.mark.parametrize("size", [(8, 8), (30, 12)])  # one window, and several
@pytest.mark.parametrize("method", ["seen", "held"])
def test_both_ways_to_repaint_keep_what_is_known(folder, tmp_path, method, size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "it.png")
    asked = dict(model=str(folder), box=(2, 3, 4, 4), seed=1, steps=3, context=9.0, threads=1)
    run = inpaint(str(tmp_path / "it.png"), "7", method=method, n=2, **asked)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[3:7, 2:6] = True
    for picture in run:
        assert (picture.pixels[~hole] == pixels[~hole]).all()
        assert (picture.pixels[hole] != pixels[hole]).any()
    assert run.recipe.options["method"] == method
    alone = inpaint(str(tmp_path / "it.png"), "7", method=method, **(asked | {"seed": 2}))
    assert np.abs(alone[0].pixels.astype(int) - run[1].pixels).max() <= 1


def test_a_model_that_repaints_does_so_by_being_told(folder, tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "it.png")
    asked = dict(box=(2, 2, 4, 4), steps=2, threads=1)
    assert inpaint(str(tmp_path / "it.png"), "7", model=str(folder), **asked).recipe.options[
        "method"
    ] == "seen"  # fmt: skip
    with pytest.raises(NotFound, match="did you mean 'held'"):
        inpaint(str(tmp_path / "it.png"), "a cat", method="hold", **asked)
    monkeypatch.setattr(Manifest, "repaints", False)
    with pytest.raises(BadRequest, match="was not trained to repaint; take 'held'"):
        inpaint(str(tmp_path / "it.png"), "a cat", method="seen", **asked)


def test_parts_that_begin_as_nothing_change_nothing_at_first(tmp_path):
    """A network that takes wishes, or is told where to go, begins as one that is not."""
    torch.manual_seed(0)
    old = Sequence(5, 6, width=32, depth=1)
    for p in old.parameters():
        torch.nn.init.normal_(p, std=0.1)
    save_file(old.state_dict(), tmp_path / "denoiser.safetensors")
    new = warm(Sequence(5, 6, width=32, depth=1, tokens=4), {"denoiser": tmp_path}, "denoiser")
    x, tokens, mask = torch.randint(0, 5, (2, 6)), torch.randn(2, 3, 4), torch.ones(2, 3)
    torch.testing.assert_close(new(x, None, tokens, mask), old(x))
    torch.nn.init.normal_(new.condition.pool.weight, std=0.1)
    assert (new(x, None, tokens, mask) - old(x)).abs().max() > 1e-3
    half = {k: v for k, v in new.state_dict().items() if k != "condition.null"}
    save_file(half, tmp_path / "denoiser.safetensors")
    with pytest.raises(ValueError, match=r"condition\.null"):
        warm(Sequence(5, 6, width=32, depth=1, tokens=4), {"denoiser": tmp_path}, "denoiser")
