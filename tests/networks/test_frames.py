"""The networks of chains: they turn with their input, can tell left from right, and see neither
padding nor where a chain stands."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.modalities.traces import rotation
from unstir.core.discrete.process import MASK, PAD
from unstir.networks.frames import FrameNet, frames
from unstir.networks.letters import Letters

LENGTHS = (12, 9, 12)
TURN = torch.from_numpy(rotation(0)).float()
MIRROR = torch.diag(torch.tensor([1.0, 1, -1]))


def awake(net: Any) -> Any:
    """Random weights everywhere: zero-initialized branches would hide what they do."""
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=g))
    return net.eval()


@pytest.fixture(scope="module")
def net() -> FrameNet:
    torch.manual_seed(0)
    return awake(FrameNet(width=32, depth=2, heads=4, pair=16, radial=8, far=4))


@pytest.fixture(scope="module")
def writer() -> Letters:
    torch.manual_seed(1)
    return awake(Letters(width=32, depth=2, heads=4, pair=16, radial=8, far=4))


def question() -> tuple[Tensor, Tensor, Tensor]:
    """A noisy trace, its time, and what is told, of which a part is known."""
    g = torch.Generator().manual_seed(1)
    mask = (torch.arange(12) < torch.tensor(LENGTHS)[:, None]).float()
    x, told = (
        0.3 * torch.randn(3, 3, 12, generator=g).cumsum(2) * mask[:, None] for _ in range(2)
    )
    known = torch.zeros_like(mask)
    known[2, 3:6] = 1
    return x, torch.rand(3, generator=g), torch.cat([told, mask[:, None], known[:, None]], 1)


def turned(x: Tensor, by: Tensor) -> Tensor:
    return torch.cat([by @ x[:, :3], x[:, 3:]], 1)


@torch.no_grad()
def test_it_turns_with_its_input_but_is_no_mirror(net: FrameNet) -> None:
    x, t, told = question()
    out = net(x, t, extra=told)
    there = net(turned(x, TURN), t, extra=turned(told, TURN))
    assert torch.allclose(there, turned(out, TURN), atol=1e-4)
    other = net(turned(x, MIRROR), t, extra=turned(told, MIRROR))
    assert (other - turned(out, MIRROR)).abs().max() > 0.05


@torch.no_grad()
def test_a_chain_stands_nowhere(net: FrameNet) -> None:
    """The answer has its middle at 0, as states have, and nothing beyond the chain."""
    x, t, told = question()
    mask, out = told[:, 3:4], net(x, t, extra=told)
    assert out.sum(2).abs().max() < 1e-4
    assert not (out * (1 - mask)).any()


@torch.no_grad()
def test_padding_is_not_seen(net: FrameNet, writer: Letters) -> None:
    x, t, told = question()
    out = net(x, t, extra=told)[1:2, :, :9]
    alone = net(x[1:2, :, :9], t[1:2], extra=told[1:2, :, :9])
    assert torch.allclose(alone, out, atol=1e-5)
    letters = torch.full((3, 12), MASK)
    letters[1, 9:] = PAD
    said = writer(letters, extra=x)[1:2, :9]
    assert torch.allclose(writer(letters[1:2, :9], extra=x[1:2, :, :9]), said, atol=1e-5)


@torch.no_grad()
def test_what_is_told_and_what_is_known_are_seen(net: FrameNet) -> None:
    x, t, told = question()
    out = net(x, t, extra=told)
    for channel in (0, 4):
        other = told.clone()
        other[2, channel, 4] = 0
        changed = (net(x, t, extra=other) - out).abs().amax((1, 2))
        assert changed[2] > 1e-3
        assert changed[:2].max() < 1e-6
    assert (net(x, t + 0.1, extra=told) - out).abs().max() > 1e-3


@torch.no_grad()
def test_letters_turn_nowhere_but_hear_each_other(writer: Letters) -> None:
    x = question()[0]
    hidden = torch.full((3, 12), MASK)
    out = writer(hidden, extra=x)
    assert out.shape == (3, 12, 20)
    assert torch.allclose(writer(hidden, extra=turned(x, TURN)), out, atol=1e-4)
    assert (writer(hidden, extra=turned(x, MIRROR)) - out).abs().max() > 1e-2
    shown = hidden.clone()
    shown[0, 2] = 7
    assert (writer(shown, extra=x) - out)[0, 8].abs().max() > 1e-4


def test_frames_are_right_handed_and_orthonormal() -> None:
    axes = frames(question()[0].transpose(1, 2)[:1], torch.ones(1, 12, 1))
    assert torch.allclose(axes @ axes.mT, torch.eye(3).expand(1, 12, 3, 3), atol=1e-2)
    assert torch.allclose(torch.linalg.det(axes), torch.ones(1, 12), atol=1e-2)


def test_what_it_does_not_take(net: FrameNet, writer: Letters) -> None:
    x, t, told = question()
    with pytest.raises(ValueError, match="3 and 5"):
        net(x, t, extra=told[:, :4])
    with pytest.raises(ValueError, match="a trace"):
        writer(torch.zeros(3, 12), extra=x[..., :5])
