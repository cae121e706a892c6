"""Flow maps and consistency have the right fixed point: the closed form, of ways that are kept and
of data with noise of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from unstir.core.exact import Gaussian
from unstir.core.schedules import flow, level
from unstir.objectives.consistency import Consistency
from unstir.objectives.flow_map import FlowMap, times
from unstir.training.rng import Rng

DATA = Gaussian(torch.tensor([0.7, -0.4]), torch.tensor([0.25, 2.0]))
ROWS = 50_000
Speed = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x, t, s) -> u, times (B,)."""


class Known(nn.Module):
    """u(x, t, s) as given, times 1 + wrong."""

    def __init__(self, speed: Speed, wrong: float = 0.0) -> None:
        super().__init__()
        self.speed, self.wrong = speed, nn.Parameter(torch.tensor(wrong))

    def forward(self, x: Tensor, t: Tensor, *_: None, s: Tensor) -> Tensor:
        return (1 + self.wrong) * self.speed(x, t, s)


def to(x: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Average speed of the exact flow of DATA from t to s; at s = t as between near times."""
    s = torch.minimum(s, t - 1e-3)
    there, here = (level(flow(), part[:, None]) for part in (s, t))
    return (DATA.flow(x, here, there) - x) / (s - t)[:, None]


def to_the_end(x: Tensor, t: Tensor, s: Tensor) -> Tensor:
    return to(x, t, torch.zeros_like(s))


def along_a_way(x: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Of straight lines between the ends of the exact ways, x_t = (1 - t) (m + c e) + t e."""
    c = DATA.variance**0.5
    e = (x - (1 - t)[:, None] * DATA.mean) / ((1 - t)[:, None] * c + t[:, None])
    return e - DATA.mean - c * e


def drawn(own: bool) -> dict[str, Tensor]:
    """Noise and where its way ends, or an end of another noise."""
    g = torch.Generator().manual_seed(1)
    noise, other = (torch.randn(ROWS, 2, generator=g) for _ in range(2))
    return {"begin": noise, "x": DATA.mean + DATA.variance**0.5 * (noise if own else other)}


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("kind", [FlowMap, Consistency])
def test_of_whole_ways_the_straight_speed_is_exact(kind: type[FlowMap], share: float) -> None:
    """Whatever the share. A wrong factor w leaves the error share w u of the target's own part."""
    batch, rng = drawn(own=True), Rng(0, 0, range(ROWS))
    right = kind(share)(Known(along_a_way), batch, rng)
    assert right["square"].item() < 1e-10
    wrong = kind(share)(Known(along_a_way, 0.5), batch, Rng(0, 0, range(ROWS)))
    expected = (share * 0.5 * (batch["begin"] - batch["x"])).square().mean().item()
    assert wrong["square"].item() == pytest.approx(expected, rel=1e-3)


def settled(objective: FlowMap | Consistency, speed: Speed) -> float:
    """The factor's error at which the gradient vanishes; the target is held, so it is linear."""
    slopes = []
    for wrong in (-0.5, 0.5):
        model = Known(speed, wrong)
        objective(model, drawn(own=False), Rng(0, 0, range(ROWS)))["loss"].backward()
        assert model.wrong.grad is not None
        slopes.append(model.wrong.grad.item())
    low, high = slopes
    assert low < 0 < high
    return -0.5 - low / (high - low)


@pytest.mark.parametrize(
    ("kind", "right", "other"),
    [(FlowMap, to, to_the_end), (Consistency, to_the_end, to)],
    ids=["flow_map", "consistency"],
)
def test_of_data_it_settles_at_the_exact_flow(
    kind: type[FlowMap], right: Speed, other: Speed
) -> None:
    """To first order in the share, which is what the held target leaves out; not at the
    other's."""
    coarse, fine = (abs(settled(kind(share, soft=100.0), right)) for share in (0.1, 0.05))
    assert fine < 0.06
    assert 1.8 < coarse / fine < 2.3
    coarse, fine = (abs(settled(kind(share, soft=100.0), other)) for share in (0.1, 0.05))
    assert coarse / fine < 1.5


def test_times_cover_what_a_student_is_asked() -> None:
    t, s = times(Rng(0, 0, range(ROWS)), ROWS)
    assert bool((t >= s).all())
    assert (t == 1).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert ((t == 1) & (s == 0)).float().mean().item() == pytest.approx(0.125, abs=0.01)
