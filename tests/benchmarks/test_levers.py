"""What the levers of training change, on numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks.levers import BASE as SETTINGS
from benchmarks.levers import LEVERS, Chosen, contrastive, dispersive, nearest_noise, plan
from unstir.core.schedules import from_json
from unstir.networks.unet import UNet
from unstir.objectives.denoising import Denoising


class Numbers:
    """Normal numbers from a list, uniform ones all 1/2."""

    def __init__(self, *draws: Tensor) -> None:
        self.draws = list(draws)

    def normal(self, shape: Any) -> Tensor:
        draw = self.draws.pop(0)
        assert draw.shape == tuple(shape)
        return draw

    def uniform(self, *sizes: int) -> Tensor:
        return torch.full(sizes, 0.5)


BASE = Denoising(from_json({"name": "flow", "shift": 1.0}), "flow")


def test_the_nearest_of_the_noises_is_taken_row_by_row() -> None:
    x0 = torch.tensor([[[1.0]], [[-1.0]]])
    draws = [torch.tensor([[[a]], [[b]]]) for a, b in ((0.0, -0.9), (0.8, 5.0), (9.0, 9.0))]
    seen: list[Tensor] = []

    def base(_model: Any, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        seen.append(rng.normal(batch["x"].shape))
        return {}

    nearest_noise(base, draws=3)(nn.Identity(), {"x": x0}, Numbers(*draws))
    assert seen[0].flatten().tolist() == pytest.approx([0.8, -0.9])


def test_other_numbers_are_left_alone() -> None:
    numbers = Chosen(Numbers(torch.ones(2)), (2, 1, 1), lambda _: torch.zeros(2, 1, 1))
    assert numbers.normal((2,)).tolist() == [1.0, 1.0]
    assert numbers.normal((2, 1, 1)).sum() == 0


def test_contrastive_subtracts_the_distance_to_the_neighbors_target() -> None:
    x0 = torch.tensor([1.0, 2.0]).reshape(2, 1, 1)
    eps = torch.tensor([3.0, -1.0]).reshape(2, 1, 1)
    net = nn.Identity()
    net.forward = lambda x, *_: x  # type: ignore[method-assign]
    out = (x0 + eps) / 2  # at t = 1/2
    target = eps - x0
    wanted = (out - target).square().mean() - 0.05 * (out - target.flip(0)).square().mean()
    parts = contrastive(BASE)(net, {"x": x0}, Numbers(eps))
    assert float(parts["loss"]) == pytest.approx(float(wanted))


def test_dispersive_is_lower_where_features_are_spread() -> None:
    torch.manual_seed(0)
    net = UNet(1, widths=(32,), blocks=1, attention=())
    x0 = torch.randn(4, 1, 4, 4)
    alike = x0[:1].expand(4, -1, -1, -1)

    def added(x: Tensor) -> float:
        eps = torch.zeros_like(x)
        plain = BASE(net, {"x": x}, Numbers(eps))["loss"]
        loss = dispersive(BASE)(net, {"x": x}, Numbers(eps))["loss"]
        return (loss - plain).item()

    assert added(alike) == pytest.approx(0, abs=1e-6)
    assert added(x0) < -1e-4


def test_every_lever_is_one_change() -> None:
    for name, lever in LEVERS.items():
        changes = [getattr(lever, field.name) for field in fields(lever)]
        assert sum(map(bool, changes)) == (name != "base")


@pytest.mark.parametrize("name", ["base", "batch-128", "batch-grows"])
def test_a_trial_sees_and_decays_as_many_pictures_whatever_its_batches(name: str) -> None:
    stretches = plan(LEVERS[name], 12_800, 7)
    assert sum((s.steps or 0) * s.batch for s in stretches) == 12_800
    decaying = sum((s.steps or 0) * s.batch * s.cooldown for s in stretches)
    assert decaying == pytest.approx(12_800 * SETTINGS.cooldown)


def test_where_batches_grow_the_rate_decays_in_the_second_half_only() -> None:
    first, last = plan(LEVERS["batch-grows"], 12_800, 7)
    assert (first.batch, last.batch) == (32, 128)
    assert first.cooldown == 0
    assert last.warmup == 0
    assert last.seed != first.seed
