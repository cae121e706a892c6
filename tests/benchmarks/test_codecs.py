"""What the levers of the autoencoder change, on numbers that can be checked by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.codecs import Structure, Turned, Turning, ssim
from unstir.objectives.autoencoder import Reconstruction
from unstir.training.rng import Rng


class Means:
    """A codec of block means; with `tilt`, one that tells left from right."""

    def __init__(self, tilt: float = 0.0) -> None:
        self.tilt = tilt

    def encode(self, x: Tensor, /) -> Tensor:
        return F.avg_pool2d(x, 2)

    def decode(self, z: Tensor, /) -> Tensor:
        return F.interpolate(z, scale_factor=2) + self.tilt * torch.linspace(-1, 1, 2 * z.shape[3])


def pictures() -> Tensor:
    return torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_codec(quarters: int, mirror: bool) -> None:
    """It is the codec itself where that has no direction, and another where it has one that is
    turned (upside down, left stays left)."""
    z = Means().encode(pictures())
    plain, turned = Means().decode(z), Turned(Means(), quarters, mirror).decode(z)
    torch.testing.assert_close(plain, turned)
    plain, turned = Means(0.5).decode(z), Turned(Means(0.5), quarters, mirror).decode(z)
    assert torch.allclose(plain, turned) == ((quarters, mirror) in [(0, False), (2, True)])


def test_turning_costs_a_codec_with_a_direction() -> None:
    """In half of the batches; one without a direction has its usual loss in all."""
    batch, losses = {"x": pictures()}, []
    for step in range(12):
        rng = [Rng(0, step, range(6)) for _ in range(4)]
        for rule in rng[:2]:
            rule.uniform((6, 3))  # so that both see the same noise
        even = Reconstruction()(Means(), batch, rng[0])["loss"]
        torch.testing.assert_close(even, Turning()(Means(), batch, rng[2])["loss"])
        tilted = Reconstruction()(Means(0.5), batch, rng[1])["loss"]
        losses.append(bool(torch.isclose(tilted, Turning()(Means(0.5), batch, rng[3])["loss"])))
    assert 2 <= sum(losses) <= 10


def test_structural_similarity() -> None:
    """1 for equal pictures; of a picture and itself plus a constant only the means' part."""
    x = pictures()
    assert ssim(x, x).item() == pytest.approx(1)
    flat = torch.zeros(1, 1, 8, 8)
    assert ssim(flat, flat + 0.5).item() == pytest.approx(0.02**2 / (0.25 + 0.02**2), rel=1e-4)
    assert ssim(x, 1 + x).item() < ssim(x, 0.1 + 0.9 * x).item() < 1
    rng = Rng(0, 0, range(6)), Rng(0, 0, range(6))
    plain, more = (
        Reconstruction()(Means(), {"x": x}, rng[0]),
        Structure()(Means(), {"x": x}, rng[1]),
    )
    assert 0 < (more["loss"] - plain["loss"]).item() < 0.4
