"""Teaching a decoder what its denoiser makes: all else of the model stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from unstir.networks.build import build
from unstir.networks.one_pass import Critic, Rivals
from unstir.objectives.decoding import Decoding
from unstir.recipes import decoder
from unstir.recipes.pipeline import network_sizes
from unstir.runtimes.export import write
from unstir.runtimes.model import load
from unstir.training.rng import Rng

CODEC = dict(latent=4, widths=[16, 32], encoder=[1, 1], decoder=[1, 1])
RECIPE = replace(
    decoder.recipe,
    size=16,
    codec=CODEC,
    sizes=dict(widths=[32, 32], blocks=1, attention=[1], embedding=32),
    condition=dict(name="labels", classes=["a", "b"]),
    trainer=replace(decoder.recipe.trainer, steps=60, batch=16, warmup=0, threads=1),
)


class Discs:
    """Discs of two colors at different places."""

    def __len__(self) -> int:
        return 48

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
    base, out = (tmp_path_factory.mktemp("decoder") / name for name in ("base", "run"))
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
    for _ in decoder.run(RECIPE, Discs(), out, base):
        pass
    return base, out


def test_only_the_decoder_is_another(runs: tuple[Path, Path]) -> None:
    base, out = runs
    for file in ("denoiser.safetensors", "denoiser.onnx"):
        assert (out / file).read_bytes() == (base / file).read_bytes()
    model, plain = load(out), load(base)
    model.manifest.verify()
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)
    np.testing.assert_array_equal(model.encode(x), plain.encode(x))
    assert model.manifest.codec is not None
    assert model.manifest.codec["mean"] == [0.3, 0, 0, 0]
    z = plain.encode(x)
    assert np.abs(model.decode(z) - plain.decode(z)).max() > 0.01


def test_it_makes_of_drawn_latents_what_they_should_be(runs: tuple[Path, Path]) -> None:
    """Nearer to the scenes than the decoder it began from, for scenes of other numbers."""
    base, out = runs
    drawn = np.load(out / "cache" / "drawn.npy").astype(np.float32)
    pixels = np.stack([Discs().sample(i)[0] for i in range(48)])
    true = pixels.transpose(0, 3, 1, 2) / 127.5 - 1
    errors = [np.square(load(at).decode(drawn) - true).mean() for at in (base, out)]
    assert errors[1] < 0.5 * errors[0]


def test_drawn_latents_are_the_same_again(runs: tuple[Path, Path]) -> None:
    base, out = runs
    model = load(base)
    x = np.load(out / "cache" / "latents.npy").astype(np.float32)[16:32]
    told = model.condition.encode([Discs().sample(i)[1] for i in range(16, 32)])  # type: ignore[union-attr]
    batch = {"x": x, "tokens": told.states, "token_mask": told.mask}
    again = decoder.drawn(model, batch, 16)
    kept = np.load(out / "cache" / "drawn.npy")[16:32]
    assert np.abs(again - kept).max() < 0.01 * np.abs(kept).max()
    assert np.abs(again - x).max() > 0.1


def test_both_players_learn_from_one_loss() -> None:
    """The decoder's gradient is that of its own terms, the critic's of its own, whatever the
    other does."""
    torch.manual_seed(0)
    net = Rivals(build("autoencoder", CODEC).decoder, Critic(12, 8, (8, 16)))
    batch = {"code": torch.randn(4, 4, 4, 4), "x": torch.rand(4, 3, 16, 16) * 2 - 1}

    def gradients(objective: Decoding) -> tuple[torch.Tensor, torch.Tensor]:
        net.zero_grad()
        objective(net, batch, Rng(0, 0, range(4)))["loss"].backward()
        own, others = net.generator.parameters(), net.critic.parameters()
        sides = [[p.grad.flatten() for p in side if p.grad is not None] for side in (own, others)]
        return torch.cat(sides[0]), torch.cat(sides[1])

    plain, fooling = gradients(Decoding(fooling=0.0)), gradients(Decoding(fooling=1.0))
    torch.testing.assert_close(plain[1], fooling[1])
    assert (plain[0] - fooling[0]).abs().max() > 1e-4
    steep = gradients(Decoding(fooling=0.0, penalty=5.0))
    torch.testing.assert_close(plain[0], steep[0])
    assert (plain[1] - steep[1]).abs().max() > 1e-6
