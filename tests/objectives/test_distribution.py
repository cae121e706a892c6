"""Matching distributions: at rest where the student's is the teacher's, and on the way there where
it is not, by closed forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unstir.core.exact import Gaussian
from unstir.core.schedules import flow, level
from unstir.objectives.distribution import DistributionMatching, Shadowed, come
from unstir.training.rng import Rng

MEAN, DEVIATION = torch.tensor([0.7, -0.4]), torch.tensor([0.5, 1.4])
ROWS = 20_000


class Denoiser(nn.Module):
    """F of the flow to N(mean, deviation^2); `off` where it has no condition."""

    def __init__(self, mean: Tensor, deviation: Tensor, off: float = 0.0) -> None:
        super().__init__()
        self.mean, self.deviation, self.off = mean, deviation, off

    def forward(self, x: Tensor, t: Tensor, tokens: Any = None, mask: Any = None) -> Tensor:
        at = level(flow(), t[:, None])
        f = (x - Gaussian(self.mean, self.deviation.square()).denoise(x, at)) / at.sigma
        return f if mask is None else f + self.off * (1 - mask)


class Line(nn.Module):
    """A student that draws mean + deviation * noise in one step."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.mean, self.deviation = nn.Parameter(mean.clone()), nn.Parameter(deviation.clone())

    def forward(self, x: Tensor, t: Tensor, *_: Any, s: Tensor) -> Tensor:
        return x - self.mean - self.deviation * x


class Scaled(nn.Module):
    """A shadow that multiplies."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor, t: Tensor, *_: Any) -> Tensor:
        return self.factor * x


def slope(parameter: Any) -> Tensor:
    """Its gradient."""
    assert isinstance(parameter.grad, Tensor)
    return parameter.grad


def batch(rows: int = ROWS, s: float = 0.0) -> dict[str, Tensor]:
    noise = torch.randn(rows, 2, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([1.0, s]).expand(rows, 2)
    return {"noise": noise, "begin": noise, "x": MEAN + DEVIATION * noise, "times": times}


def players(mean: Tensor, deviation: Tensor) -> Shadowed:
    """A student, and a shadow that knows all of what it draws."""
    return Shadowed(Line(mean, deviation), Denoiser(mean, deviation))


def matched(model: Shadowed, **more: Any) -> dict[str, Tensor]:
    objective = DistributionMatching(Denoiser(MEAN, DEVIATION), trajectory=0.0, **more)
    return objective(model, batch(), Rng(0, 0, range(ROWS)))


def test_the_teachers_distribution_is_at_rest() -> None:
    model = players(MEAN, DEVIATION)
    found = matched(model)
    assert found["push"].item() < 1e-10
    found["loss"].backward()
    assert slope(model.student.mean).abs().max() < 1e-5
    assert slope(model.student.deviation).abs().max() < 1e-5


@pytest.mark.parametrize("shift", [-0.3, 0.3])
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_another_one_is_pushed_towards_it(shift: float, factor: float) -> None:
    """Both its place and its spread; the shadow's error is no part of that."""
    model = players(MEAN + shift, DEVIATION * factor)
    matched(model)["loss"].backward()
    assert (slope(model.student.mean).sign() == torch.tensor(shift).sign()).all()
    assert (slope(model.student.deviation).sign() == torch.tensor(factor - 1).sign()).all()


def test_the_shadow_learns_what_the_student_draws() -> None:
    """Of all shadows the one that knows the student's distribution has the least error, and a
    wrong one is told so."""
    wrong = {}
    for factor in (0.6, 0.8, 1.0, 1.25):
        model = Shadowed(Line(MEAN, 0.8 * DEVIATION), Denoiser(MEAN, factor * DEVIATION))
        wrong[factor] = matched(model)["shadow"].item()
    assert min(wrong, key=wrong.__getitem__) == 0.8
    model = players(MEAN, DEVIATION)
    model.shadow = Scaled()
    matched(model)["loss"].backward()
    assert slope(model.shadow.factor).abs() > 0.01


def test_a_guided_teacher_and_steps_that_end_elsewhere() -> None:
    """Guidance of scale 3 subtracts twice what the teacher says without a condition; a step that
    ends before the data only follows its way."""
    xt, t = torch.randn(5, 2), torch.full((5,), 0.6)
    teacher = Denoiser(MEAN, DEVIATION, off=1.5)
    objective = DistributionMatching(teacher, scale=3.0)
    known = torch.zeros(5, 1, 4), torch.ones(5, 1)
    guided = objective.guided(xt, t, known)
    assert torch.allclose(guided, teacher(xt, t) - 2 * 1.5, atol=1e-5)
    model, early = players(MEAN + 1, DEVIATION), batch(100, s=0.5)
    found = objective(model, early, Rng(0, 0, range(100)))
    assert found["push"] == 0
    assert found["shadow"] == 0
    ends = early["begin"] - 0.5 * model.student(early["begin"], t, s=t)
    assert found["square"].item() == pytest.approx((ends - early["x"]).square().mean().item())


def test_a_last_step_begins_where_the_steps_before_lead() -> None:
    """Of one, two and four steps in all; a step that ends before the data begins on the way."""

    def student(x: Tensor, t: Tensor, tokens: Tensor, mask: Any, s: Tensor) -> Tensor:
        return (t + 10 * s + tokens)[:, None].expand_as(x)

    t, s = torch.tensor([1.0, 0.5, 0.25, 1.0, 0.5]), torch.tensor([0.0, 0.0, 0.0, 0.5, 0.25])
    noise, begin = torch.zeros(5, 2), torch.full((5, 2), 7.0)
    tokens = torch.tensor([100.0, 200.0, 400.0, 800.0, 1600.0])
    found = come(student, {"noise": noise, "begin": begin}, t, s, [tokens, None])  # type: ignore[arg-type]
    two = -0.5 * (1 + 10 * 0.5 + 200)
    four = -0.25 * (1 + 0.75 + 0.5 + 10 * (0.75 + 0.5 + 0.25) + 3 * 400)
    assert found[:, 0].tolist() == pytest.approx([7, two, four, 7, 7])
