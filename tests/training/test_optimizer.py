"""Newton-Schulz, Muon and AdamW against what they are, and which weight goes where."""

import pytest
import torch
from torch import nn

from unstir.training.distributed import ALONE
from unstir.training.optimizer import Muon, Optimizer, hidden, newton_schulz
from unstir.training.settings import Settings


def plain(g, steps=5):
    """The iteration as the paper writes it, in float64, on any shape."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (g.mT if g.shape[-2] > g.shape[-1] else g).double()
    x = x / x.norm(dim=(-2, -1), keepdim=True)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if g.shape[-2] > g.shape[-1] else x


@pytest.mark.parametrize("shape", [(32, 32), (40, 32), (32, 288), (96, 32), (3, 48, 64)])
def test_newton_schulz_is_the_plain_iteration(shape):
    g = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(newton_schulz(g), plain(g).float(), atol=2e-4, rtol=0)


@pytest.mark.parametrize("shape", [(64, 64), (64, 256), (256, 64), (64, 576)])
@pytest.mark.parametrize("condition", [10.0, 300.0])
def test_singular_values_come_near_one_and_vectors_stay(shape, condition):
    m = min(shape)
    u = torch.linalg.qr(torch.randn(shape[0], m))[0]
    v = torch.linalg.qr(torch.randn(shape[1], m))[0]
    s = torch.logspace(0, -torch.log10(torch.tensor(condition)).item(), m)
    turned = newton_schulz((u * s) @ v.mT)
    inside = u.mT @ turned @ v  # diagonal if the singular vectors are kept
    values = inside.diagonal()
    assert values[s > 0.01].min() > 0.6
    assert values.max() < 1.25
    assert (inside - values.diag()).abs().max() < 1e-3


def test_a_matrix_of_low_rank_and_one_of_zeros():
    low = torch.randn(64, 2) @ torch.randn(2, 640)
    assert torch.linalg.svdvals(newton_schulz(low))[:2].min() > 0.6
    assert newton_schulz(torch.zeros(32, 64)).abs().max() == 0


def test_muon_is_torch_muon_in_float32():
    """torch rounds to bfloat16 within, hence the tolerance; the rule of its scale is the same."""
    for shape in ((64, 48), (48, 64)):
        ours, theirs = (
            nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(2)))
            for _ in "ab"
        )
        begin = ours.detach().clone()
        muon = Muon({"w": ours}, 0.1, ALONE)
        other = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, momentum=0.95)
        for i in range(4):
            g = torch.randn(shape, generator=torch.Generator().manual_seed(i))
            ours.grad, theirs.grad = g.clone(), g.clone()
            with torch.no_grad():
                muon.step(0.02)
            other.step()
        moved = (theirs - begin).norm()
        assert (ours - theirs).norm() < 0.02 * moved


def test_kernels_count_as_matrices():
    conv = nn.Parameter(torch.randn(32, 32, 3, 3))
    flat = nn.Parameter(conv.detach().reshape(32, 288).clone())
    conv.grad = torch.randn(32, 32, 3, 3)
    flat.grad = conv.grad.reshape(32, 288).clone()
    with torch.no_grad():
        Muon({"c": conv, "f": flat}, 0.01, ALONE).step(0.05)
    torch.testing.assert_close(conv.reshape(32, 288), flat)


class Net(nn.Module):
    """Weights of every kind."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Conv2d(3, 64, 3)
        self.body = nn.ModuleList([nn.Conv2d(64, 64, 3), nn.Linear(64, 96), nn.Conv1d(64, 32, 1)])
        self.table = nn.Embedding(100, 64)
        self.norm = nn.LayerNorm(64)
        self.depthwise = nn.Conv2d(64, 64, 3, groups=64)
        self.query = nn.Parameter(torch.randn(64, 64))
        self.leave = nn.Linear(64, 16)


def test_which_weights_are_hidden():
    assert hidden(Net()) == {"body.0.weight", "body.1.weight", "body.2.weight"}
    net = Net()
    net.outer = ("1",)
    assert hidden(net) == {"body.0.weight", "body.2.weight"}


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_every_weight_is_moved_once(optimizer):
    net = Net()
    settings = Settings(steps=1, optimizer=optimizer)
    o = Optimizer(net, settings)
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.randn_like(p)
    o.step(1.0)
    assert all((p != before[n]).any() for n, p in net.named_parameters())
    assert set(o.muon.named) | set(o.others) == before.keys()
    assert not set(o.muon.named) & set(o.others)
    assert set(o.muon.named) == (hidden(net) if optimizer == "muon" else set())


def test_norms_and_biases_do_not_decay():
    net = Net()
    o = Optimizer(net, Settings(steps=1, optimizer="adamw", weight_decay=0.5))
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    o.step(1.0)
    for n, p in net.named_parameters():
        ratio = 1.0 if p.ndim < 2 else 1 - 1e-3 * 0.5
        torch.testing.assert_close(p.detach(), before[n] * ratio)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_state_round_trip_is_exact(layout):
    def walk(o, net, seeds):
        for seed in seeds:
            g = torch.Generator().manual_seed(seed)
            for p in net.parameters():
                p.grad = torch.randn(p.shape, generator=g)
            o.step(0.5)

    a, b = Net().to(memory_format=layout), Net().to(memory_format=layout)
    one, two = Optimizer(a, Settings(steps=9)), Optimizer(b, Settings(steps=9))
    walk(one, a, range(3))
    b.load_state_dict(a.state_dict())
    two.load({k: v.clone() for k, v in one.state().items()})
    walk(one, a, range(3, 6))
    walk(two, b, range(3, 6))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert one.state().keys() == two.state().keys()
    assert all(torch.equal(v, two.state()[k]) for k, v in one.state().items())


def test_a_weight_without_gradient_is_left_alone():
    net = Net()
    o = Optimizer(net, Settings(steps=1))
    before = [p.detach().clone() for p in net.parameters()]
    o.step(1.0)
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))
    Optimizer(net, Settings(steps=1)).load(o.state())
