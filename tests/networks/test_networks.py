"""Conformance of the denoising networks: one signature, any dimension, per-element time, null
condition."""

import pytest
import torch

from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import NETWORKS
from unstir.networks.transformer import Transformer
from unstir.networks.unet import UNet
from unstir.training.optimizer import hidden

SIDES = {1: (16,), 2: (8, 12), 3: (4, 4, 8)}


def unet(dims: int, tokens: int = 0, extra: int = 0) -> UNet:
    return UNet(3, (32, 64), 1, (1,), tokens=tokens, extra=extra, dims=dims, embedding=32)


def transformer(dims: int, tokens: int = 0, extra: int = 0) -> Transformer:
    return Transformer(3, 48, 2, 2, tokens=tokens, extra=extra, dims=dims, head=24)


MAKERS = {"unet": unet, "transformer": transformer}
NETS = pytest.mark.parametrize("make", MAKERS.values())


def test_every_denoiser_is_tested():
    assert MAKERS.keys() == NETWORKS.keys() - {
        "autoencoder",
        "frames",
        "letters",
        "pairs",
        "sequence",
    }


def awake(net: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Random weights everywhere: zero-initialized branches would hide what they do."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=g))
    return net.eval()


@pytest.fixture(autouse=True)
def _no_grad():
    torch.manual_seed(0)
    with torch.no_grad():
        yield


@NETS
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_any_dimension(make, dims):
    net = awake(make(dims))
    x = torch.randn(2, 3, *SIDES[dims])
    assert net(x, torch.rand(2)).shape == x.shape


@NETS
def test_starts_at_zero(make):
    assert make(2)(torch.randn(2, 3, 8, 8), torch.rand(2)).abs().max() == 0


@NETS
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_equal_time_per_element_is_time_per_sample(make, dims):
    net, t = awake(make(dims)), torch.tensor([0.2, 0.9])
    x = torch.randn(2, 3, *SIDES[dims])
    per_element = t.reshape(2, 1, *[1] * dims).expand(2, 1, *SIDES[dims])
    torch.testing.assert_close(net(x, per_element), net(x, t), atol=2e-5, rtol=1e-4)


@NETS
def test_one_time_for_all_elements_is_a_time_per_sample(make):
    net, x, t = awake(make(2)), torch.randn(2, 3, 8, 8), torch.rand(2)
    torch.testing.assert_close(net(x, t.reshape(2, 1, 1, 1)), net(x, t), atol=2e-5, rtol=1e-4)


@NETS
@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 8), (2, 1, 8)])
def test_times_of_another_shape_are_refused(make, shape):
    with pytest.raises(ValueError, match="times are"):
        make(2)(torch.randn(2, 3, 8, 8), torch.rand(shape))


@NETS
def test_time_per_element_is_seen(make):
    net, x = awake(make(2)), torch.randn(1, 3, 8, 8)
    t = torch.full((1, 1, 8, 8), 0.5)
    other = t.clone()
    other[..., :4] = 0
    assert (net(x, t) - net(x, other)).abs().max() > 1e-3


@NETS
def test_null_condition(make):
    """All-zero mask = no tokens given, whatever the states hold; and a real condition changes the
    answer."""
    net, x, t = awake(make(2, tokens=5)), torch.randn(2, 3, 8, 8), torch.rand(2)
    states, mask = torch.randn(2, 4, 5), torch.zeros(2, 4)
    torch.testing.assert_close(net(x, t, states, mask), net(x, t), atol=1e-5, rtol=1e-5)
    assert (net(x, t, states, mask + 1) - net(x, t)).abs().max() > 1e-3


@NETS
def test_padding_of_tokens_does_not_matter(make):
    net, x, t = awake(make(2, tokens=5)), torch.randn(2, 3, 8, 8), torch.rand(2)
    states = torch.randn(2, 6, 5)
    mask = (torch.arange(6) < 3).float().expand(2, 6)
    torch.testing.assert_close(
        net(x, t, states, mask), net(x, t, states[:, :3], mask[:, :3]), atol=1e-5, rtol=1e-5
    )


@NETS
def test_samples_do_not_see_each_other(make):
    net, x, t = awake(make(2, tokens=5)), torch.randn(4, 3, 8, 8), torch.rand(4)
    states = torch.randn(4, 6, 5)
    together = net(x, t, states)
    alone = torch.cat([net(x[i : i + 1], t[i : i + 1], states[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(together, alone, atol=2e-5, rtol=1e-4)


@NETS
def test_extra_channels(make):
    net, x, t = awake(make(2, extra=2)), torch.randn(2, 3, 8, 8), torch.rand(2)
    extra = torch.randn(2, 2, 8, 8)
    assert (net(x, t, extra=extra) - net(x, t, extra=-extra)).abs().max() > 1e-3
    with pytest.raises(ValueError, match="extra"):
        net(x, t)


def test_odd_grid_is_refused():
    with pytest.raises(ValueError, match="does not divide by 2"):
        unet(2)(torch.randn(1, 3, 7, 8), torch.rand(1))


def test_wrong_tokens_are_refused():
    with pytest.raises(ValueError, match="takes 5"):
        unet(2, tokens=5)(torch.randn(1, 3, 8, 8), torch.rand(1), torch.randn(1, 4, 6))


def test_patches_round_trip():
    net = transformer(2)
    x = torch.arange(2 * 3 * 8 * 12.0).reshape(2, 3, 8, 12)
    assert torch.equal(net._pixels(net._patches(x), [4, 6]), x)
    first = net._patches(x)[0, 1].reshape(3, 2, 2)
    assert torch.equal(first, x[0, :, :2, 2:4])


def test_both_halves_of_the_autoencoder_are_compiled():
    """Training calls `encode` and `decode`, which `nn.Module.compile` would not reach."""
    net, seen = Autoencoder(widths=(16,), encoder=(1,), decoder=(1,)), []
    net.compile(backend=lambda graph, _inputs: seen.append(graph) or graph.forward)
    net.decode(net.encode(torch.randn(1, 3, 4, 4)))
    assert len(seen) == 2


def test_autoencoder_shapes():
    net = Autoencoder(widths=(16, 16, 32), encoder=(1, 1, 1), decoder=(1, 1, 1)).eval()
    x = torch.randn(2, 3, 32, 64)
    z = net.encode(x)
    assert z.shape == (2, 16, 4, 8)
    assert net.decode(z).shape == x.shape


@NETS
def test_entry_and_exit_are_no_hidden_layers(make):
    """Whatever their width: an upscaler has 48 channels on the data's side."""
    wide = UNet(48, (64,), 1, ()) if make is unet else Transformer(48, 48, 1, head=24)
    chosen = hidden(wide)
    assert chosen
    assert not [name for name in chosen if name.startswith(("enter", "leave"))]
