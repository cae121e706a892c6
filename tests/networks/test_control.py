"""The branch for lines: it changes nothing at first, then it does; the U-Net is never touched."""

import pytest
import torch

from unstir.networks.control import Control, Controlled
from unstir.networks.unet import UNet


@pytest.fixture
def net():
    torch.manual_seed(0)
    unet = UNet(4, (32, 64), 1, (0, 1), tokens=6, extra=5, embedding=32)
    with torch.no_grad():
        for p in unet.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return Controlled(unet, Control(4, (32, 64), cell=4, blocks=1, embedding=32))


def inputs(seed=0):
    g = torch.Generator().manual_seed(seed)
    x, extra = torch.randn(3, 4, 8, 8, generator=g), torch.randn(3, 5, 8, 8, generator=g)
    tokens, mask = torch.randn(3, 2, 6, generator=g), torch.ones(3, 2)
    lines = (torch.rand(3, 1, 32, 32, generator=g) < 0.1).float()
    return x, torch.tensor([0.2, 0.5, 0.9]), tokens, mask, extra, lines


def test_it_begins_as_the_network_alone(net):
    *given, lines = inputs()
    with torch.no_grad():
        assert torch.equal(net(*given, lines), net.net(*given))


def test_every_level_hears_the_lines(net):
    """Each hint by itself changes the answer, and other lines change it otherwise."""
    *given, lines = inputs()
    with torch.no_grad():
        plain = net.net(*given)
        for leave in net.control.leave:
            torch.nn.init.normal_(leave.weight, std=0.1)
            told, other = net(*given, lines), net(*given, lines.flip(-1))
            assert (told - plain).abs().max() > 1e-3
            assert (told - other).abs().max() > 1e-3
            torch.nn.init.zeros_(leave.weight)


def test_only_the_branch_learns(net):
    *given, lines = inputs()
    with torch.no_grad():  # past the layers that start at zero
        for p in net.control.parameters():
            p.add_(0.1 * torch.randn_like(p))
    net(*given, lines).square().mean().backward()
    assert all(p.grad is None for p in net.net.parameters())
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.control.parameters())


def test_lines_must_be_given(net):
    with pytest.raises(ValueError, match="takes lines"):
        net(*inputs()[:-1])
