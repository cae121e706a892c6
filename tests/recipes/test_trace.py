"""Training the branch for lines: beside a model that stays as it was, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unstir.networks.build import build
from unstir.recipes import trace
from unstir.recipes.pipeline import network_sizes
from unstir.runtimes.export import write
from unstir.runtimes.model import load

CODEC = dict(latent=4, widths=[16, 32], encoder=[1, 1], decoder=[1, 1])
RECIPE = replace(
    trace.recipe,
    size=16,
    codec=CODEC,
    sizes=dict(widths=[32, 32], blocks=1, attention=[1], embedding=32),
    condition=dict(name="labels", classes=["a", "b"]),
    trainer=replace(trace.recipe.trainer, steps=40, batch=16, warmup=0, threads=1),
)


class Discs:
    """Discs of two colors at different places."""

    def __len__(self) -> int:
        return 64

    @property
    def fingerprint(self) -> str:
        return "discs"

    def sample(self, index: int, /) -> tuple[np.ndarray, int]:
        rng = np.random.default_rng(index)
        y, x = np.mgrid[:16, :16] - rng.integers(5, 11, 2)[:, None, None]
        inside = (y**2 + x**2 < 16)[..., None]
        color = [[220, 30, 30], [30, 30, 220]][index % 2]
        return np.where(inside, color, 255).astype(np.uint8), index % 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    torch.manual_seed(0)
    base, out = (tmp_path_factory.mktemp("trace") / name for name in ("base", "run"))
    net, codec = build("unet", network_sizes(RECIPE)), build("autoencoder", CODEC)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    said = dict(
        kind="image", name="discs", title="Discs", condition=RECIPE.condition,
        network=dict(name="unet", sizes=network_sizes(RECIPE)),
        codec=dict(name="autoencoder", sizes=CODEC, mean=[0.3, 0, 0, 0], std=[0.5, 1.0, 1.0, 2.0]),
        schedule=RECIPE.schedule, parametrization="flow", shape=[4, 4, 4], size=[16, 16],
        defaults=RECIPE.defaults, licences={}, aliases={}, training={},
    )  # fmt: skip
    write(base, said, net, codec)
    for _ in trace.run(RECIPE, Discs(), out, base):
        pass
    return base, out


def test_the_model_beside_it_stays(runs: tuple[Path, Path]) -> None:
    base, out = runs
    for file in ("denoiser.safetensors", "denoiser.onnx", "decoder.onnx"):
        assert (out / file).read_bytes() == (base / file).read_bytes()
    model, plain = load(out), load(base)
    assert model.manifest.control is not None
    assert model.manifest.codec == plain.manifest.codec
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 4)).astype(np.float32)
    told = model.condition.encode(["a", "b"])  # type: ignore[union-attr]
    np.testing.assert_array_equal(
        model.net(x, 0.5, told.states, told.mask), plain.net(x, 0.5, told.states, told.mask)
    )
    lines = trace.lines(Discs().sample(3)[0], 3)
    traced = model.tracing(lines).net(x, 0.5, told.states, told.mask)
    assert np.abs(traced - plain.net(x, 0.5, told.states, told.mask)).max() > 1e-3


def test_latents_are_those_of_the_given_model(runs: tuple[Path, Path]) -> None:
    """With its own statistics, not measured anew on other pictures."""
    base, out = runs
    latents = np.load(out / "cache" / "latents.npy")
    model = load(base)
    x = np.stack([Discs().sample(i)[0] for i in range(4)]).transpose(0, 3, 1, 2) / 127.5 - 1
    np.testing.assert_allclose(latents[:4], model.encode(x.astype(np.float32)), atol=0.02)


def test_it_goes_on_after_a_stop(runs: tuple[Path, Path]) -> None:
    base, out = runs
    before = (out / "control.safetensors").read_bytes()
    for _ in trace.run(RECIPE, Discs(), out, base):
        pass
    assert (out / "control.safetensors").read_bytes() == before


def test_another_network_is_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    wider = replace(RECIPE, sizes={**RECIPE.sizes, "widths": [64, 64]})
    with pytest.raises(ValueError, match="has another network"):
        next(trace.run(wider, Discs(), tmp_path / "new", runs[0]))
    assert not (tmp_path / "new").exists()


def test_lines_are_a_function_of_the_index() -> None:
    picture = Discs().sample(0)[0]
    every = [trace.lines(picture, i) for i in range(40)]
    for i in (0, 7, 39):
        assert np.array_equal(every[i], trace.lines(picture, i))
    thick = [np.unique(found).size > 2 for found in every]
    assert 2 < sum(thick) < 25
    assert all(found.min() >= 0 and found.max() <= 1 for found in every)
