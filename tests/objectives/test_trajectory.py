"""The student's signal: a step of the flow, to where the teacher went."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unstir.objectives.trajectory import TrajectoryMatching
from unstir.training.rng import Rng


class Straight(nn.Module):
    """A flow whose speed is what it is told, whatever x and t."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = nn.Parameter(torch.tensor(speed))

    def forward(self, x, t, *_):
        return self.speed * (1 + t.reshape(-1, 1))


def test_the_step_is_the_flows():
    begin = torch.randn(6, 3)
    times = torch.tensor([[1.0, 0.0], [1.0, 0.5], [0.5, 0.0]] * 2)
    went = (times[:, 1] - times[:, 0]) * 2 * (1 + times[:, 0])
    batch = {"begin": begin, "x": begin + went[:, None], "times": times}
    rng = Rng(0, 0, range(6))
    right = TrajectoryMatching()(Straight(2.0), batch, rng)
    assert right["loss"].item() == pytest.approx(0, abs=1e-6)
    wrong = TrajectoryMatching(soft=0.03)(Straight(1.0), batch, rng)
    off = went / 2
    expected = ((off**2 + 0.03**2).sqrt() - 0.03).mean()
    assert wrong["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert wrong["square"].item() == pytest.approx((off**2).mean().item(), rel=1e-5)


def test_the_gradient_leads_there():
    model, begin = Straight(0.0), torch.randn(64, 3)
    batch = {"begin": begin, "x": begin - 3.0, "times": torch.tensor([[1.0, 0.0]] * 64)}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for step in range(100):
        optimizer.zero_grad()
        TrajectoryMatching()(model, batch, Rng(0, step, range(64)))["loss"].backward()
        optimizer.step()
    assert model.speed.item() == pytest.approx(1.5, abs=0.02)
