"""The network of molecules: it turns with its input, sees no order and no padding, and answers
states of the process."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from unstir.modalities.structures import channels, pack, project, unpack
from unstir.networks.pairs import PairNet

KINDS, ATOMS = 5, 7


@pytest.fixture(scope="module")
def net() -> PairNet:
    torch.manual_seed(0)
    net = PairNet(KINDS, ATOMS, width=32, edge=16, message=16, depth=3)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape))
    return net.eval()


def question(batch: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """A noisy state, its time, and what is told: an earlier answer and which atoms there are."""
    g = torch.Generator().manual_seed(1)
    mask = torch.ones(batch, ATOMS)
    mask[1, 4:] = 0
    z, before = (
        project(torch.randn(batch, channels(KINDS, ATOMS), ATOMS, generator=g), mask, KINDS)
        for _ in range(2)
    )
    return z, torch.rand(batch, generator=g), torch.cat([before, mask[:, None]], 1)


def moved(z: Tensor, by: Tensor) -> Tensor:
    """A state whose positions are multiplied by a matrix."""
    x, h, e = unpack(z, KINDS)
    return pack(x @ by, h, e)


def reordered(z: Tensor, order: Tensor) -> Tensor:
    x, h, e = unpack(z, KINDS)
    return pack(x[:, order], h[:, order], e[:, order][:, :, order])


@torch.no_grad()
def test_it_turns_with_its_input(net: PairNet) -> None:
    """Rotations and reflections: the positions follow, kinds and bonds do not change."""
    z, t, told = question()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2)))[0]
    for by in (turn, -turn):
        there = net(moved(z, by), t, extra=torch.cat([moved(told[:, :-1], by), told[:, -1:]], 1))
        assert torch.allclose(there, moved(net(z, t, extra=told), by), atol=1e-4)
    assert not torch.allclose(moved(z, turn), z, atol=0.1)


@torch.no_grad()
def test_order_means_nothing(net: PairNet) -> None:
    z, t, told = question()
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    told_too = torch.cat([reordered(told[:, :-1], order), told[:, -1:, order]], 1)
    there = net(reordered(z, order), t, extra=told_too)
    assert torch.allclose(there, reordered(net(z, t, extra=told), order), atol=1e-4)


@torch.no_grad()
def test_padding_and_companions_mean_nothing(net: PairNet) -> None:
    """The four atoms of the second sample give what they give alone, whatever is beyond."""
    z, t, told = question()
    out = net(z, t, extra=told)
    assert torch.allclose(out[1:2], net(z[1:2], t[1:2], extra=told[1:2]), atol=1e-5)
    x, h, e = (part.clone() for part in unpack(z, KINDS))
    x[1, 4:], h[1, 4:] = 3.0, -2.0
    e[1, 4:], e[1, :, 4:] = 5.0, 5.0
    assert torch.allclose(net(pack(x, h, e), t, extra=told)[1], out[1], atol=1e-5)
    assert unpack(out, KINDS)[0][1, 4:].abs().max() == 0


@torch.no_grad()
def test_the_answer_is_a_state(net: PairNet) -> None:
    """Zero mean, symmetric bonds, probabilities that sum to one where there is something."""
    z, t, told = question()
    out, mask = net(z, t, extra=told), told[:, -1]
    assert torch.allclose(out, project(out, mask, KINDS), atol=1e-5)
    _, h, e = unpack(out, KINDS)
    assert torch.allclose(h.sum(-1), mask, atol=1e-5)
    assert torch.allclose(e.sum(-1)[0], 1 - torch.eye(ATOMS), atol=1e-5)


@torch.no_grad()
def test_it_hears_what_it_is_told(net: PairNet) -> None:
    z, t, told = question()
    nothing = torch.cat([torch.zeros_like(z), told[:, -1:]], 1)
    assert (net(z, t, extra=told) - net(z, t, extra=nothing)).abs().max() > 1e-3
    assert (net(z, t, extra=told) - net(z, 1 - t, extra=told)).abs().max() > 1e-3
    with pytest.raises(ValueError, match="this network takes"):
        net(z, t)


@torch.no_grad()
def test_places_beyond_the_longest_may_be_left_out(net: PairNet) -> None:
    z, t, told = question()
    told[:, -1, 5:] = 0
    x, h, e = unpack(z, KINDS)
    before = unpack(told[:, :-1], KINDS)
    short = [pack(x[:, :5], h[:, :5], e[:, :5, :5]) for x, h, e in ((x, h, e), before)]
    out = net(short[0], t, extra=torch.cat([short[1], told[:, -1:, :5]], 1))
    whole = unpack(net(z, t, extra=told), KINDS)
    for part, cut in zip(unpack(out, KINDS), whole, strict=True):
        assert torch.allclose(part, cut[:, :5, :5] if cut.ndim == 4 else cut[:, :5], atol=1e-5)


@torch.no_grad()
def test_a_network_of_more_kinds_begins_where_one_of_fewer_ended(net: PairNet) -> None:
    """What it says of the kinds that both know is the same, whatever it is told of the new one."""
    more = PairNet(KINDS + 1, ATOMS, width=32, edge=16, message=16, depth=3).eval()
    with pytest.raises(RuntimeError, match="size mismatch"):
        more.load_state_dict(net.state_dict())
    more.load_state_dict(more.adapted(net.state_dict()))
    assert more.adapted({"other": torch.ones(1)}).keys() == {"other"}
    z, t, told = question()
    (x, h, e), before = unpack(z, KINDS), unpack(told[:, :-1], KINDS)
    new = torch.randn(*h.shape[:2], 1) * told[:, -1, :, None]
    wide = pack(x, torch.cat([h, new], -1), e)
    last = pack(before[0], torch.cat([before[1], -new], -1), before[2])
    found = more.logits(wide, t, extra=torch.cat([last, told[:, -1:]], 1))
    known = net.logits(z, t, extra=told)
    assert torch.allclose(found[0], known[0], atol=1e-5)
    assert torch.allclose(found[1][..., :KINDS], known[1], atol=1e-5)
    assert found[1][..., KINDS:].abs().max() == 0
    assert torch.allclose(found[2], known[2], atol=1e-5)
