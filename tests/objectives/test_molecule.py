"""The signal of molecules: noise within the process, turned but not changed, and a loss that has
its least where the answer is true."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from unstir.core.schedules import flow
from unstir.modalities.structures import KNOWN, channels, pack, project, unpack
from unstir.networks.pairs import PairNet
from unstir.objectives.molecule import Molecule, stirred, turned
from unstir.training.rng import Rng

KINDS, ATOMS, BATCH = 4, 5, 6


def batch() -> dict[str, Tensor]:
    """Clean states, some shorter."""
    g = torch.Generator().manual_seed(0)
    mask = (torch.arange(ATOMS) < torch.tensor([2, 3, 4, 5, 5, 5])[:, None]).float()
    z = torch.randn(BATCH, channels(KINDS, ATOMS), ATOMS, generator=g)
    x, h, e = unpack(project(z, mask, KINDS), KINDS)
    h = torch.nn.functional.one_hot(h.argmax(-1), KINDS).float() * mask[..., None]
    off = mask[:, :, None] * mask[:, None] * (1 - torch.eye(ATOMS))
    e = torch.nn.functional.one_hot(e.argmax(-1), 4).float() * off[..., None]
    return {"x": pack(x, h, e), "mask": mask}


class Knowing:
    """Answers what it was made for, however noisy the question."""

    kinds = KINDS

    def __init__(self, clean: Tensor, sure: float) -> None:
        self.clean, self.sure, self.seen, self.asked = clean, sure, [], []

    def logits(self, z: Tensor, t: Tensor, *more: Any) -> tuple[Tensor, Tensor, Tensor]:
        self.seen.append(more[-1])
        x, h, e = unpack(self.clean, KINDS)
        return x, self.sure * h, self.sure * e

    def __call__(self, z: Tensor, t: Tensor, *more: Any) -> Tensor:
        self.asked.append(more[-1].clone())
        return torch.full_like(z, 7.0)


def test_the_truth_costs_nothing_and_all_else_does() -> None:
    data, objective = batch(), Molecule(flow())
    loss = [
        objective(Knowing(data["x"], sure), data, Rng(0, 0, range(BATCH)))["loss"].item()
        for sure in (0.0, 3.0, 30.0)
    ]
    assert loss[0] > loss[1] > loss[2]
    assert loss[2] < 1e-6
    other = data["x"].roll(1, 0)
    assert objective(Knowing(other, 30.0), data, Rng(0, 0, range(BATCH)))["loss"] > 1


def test_half_are_told_an_answer_from_before() -> None:
    data = batch()
    model, told = Knowing(data["x"], 1.0), 0
    for step in range(40):
        Molecule(flow(), parts=0, graphs=0)(model, data, Rng(0, step, range(BATCH)))
        extra = model.seen[-1]
        assert torch.equal(extra[:, -1], data["mask"])
        rows = (extra[:, 3:-1] == 7.0).flatten(1).all(1)
        assert (extra[~rows, :-1] == 0).all()
        told += int(rows.sum())
    assert told / (40 * BATCH) == pytest.approx(0.5, abs=0.12)


def test_a_part_is_told_as_it_is() -> None:
    """Kinds, bonds and how they stand to each other of some atoms, not all; the rest is the
    model's answer."""
    data, whole = batch(), 0
    x0, h0, e0 = unpack(data["x"], KINDS)
    for step in range(20):
        model = Knowing(data["x"], 1.0)
        Molecule(flow(), again=1, parts=1, graphs=0)(model, data, Rng(0, step, range(BATCH)))
        x, h, e = unpack(model.seen[-1][:, :-1], KINDS)
        given = (h != 7.0).all(-1)
        assert (given.sum(1) < data["mask"].sum(1)).all()
        assert given.any(1).all()
        assert torch.equal(h[given], KNOWN * h0[given])
        both = given[:, :, None] & given[:, None]
        assert torch.equal(e[both], e0[both])
        assert (e[~both] == 7.0).all()
        assert torch.allclose(x.sum(1), torch.zeros(BATCH, 3), atol=1e-5)
        assert torch.allclose(torch.cdist(x, x)[both], torch.cdist(x0, x0)[both], atol=1e-5)
        whole += int(given.sum())
    assert 0.3 < whole / (20 * data["mask"].sum()) < 0.7


def test_an_answer_may_know_of_the_part() -> None:
    """Asked twice, the second time the model is told what was put into its first answer."""
    for twice in (0, 1):
        model = Knowing(batch()["x"], 1.0)
        objective = Molecule(flow(), again=1, parts=1, graphs=0, twice=twice)
        objective(model, batch(), Rng(0, 0, range(BATCH)))
        assert len(model.asked) == 1 + twice
        assert not model.asked[0][:, :-1].any()
        assert torch.equal(model.asked[-1], model.seen[0]) == bool(twice)


def test_a_graph_is_told_without_places() -> None:
    data, model = batch(), Knowing(batch()["x"], 1.0)
    Molecule(flow(), again=1, parts=0, graphs=1)(model, data, Rng(0, 0, range(BATCH)))
    x, h, e = unpack(model.seen[-1][:, :-1], KINDS)
    _, h0, e0 = unpack(data["x"], KINDS)
    mask = data["mask"] > 0
    assert torch.equal(h[mask], h0[mask])
    assert torch.equal(e[mask[:, :, None] & mask[:, None]], e0[mask[:, :, None] & mask[:, None]])
    assert torch.allclose(x, torch.zeros_like(x), atol=1e-5)  # all sevens, centered


def test_small_and_large_ones_apart_learn_alike() -> None:
    """Run on three at a time, the loss and its parts are those of all at once."""
    torch.manual_seed(0)
    data, net = batch(), PairNet(KINDS, ATOMS, width=32, edge=16, message=32, depth=2)
    apart, once = (
        Molecule(flow(), rows=rows)(net, data, Rng(0, 0, range(BATCH))) for rows in (3, 6)
    )
    for name in once:
        assert torch.allclose(apart[name], once[name], rtol=1e-4), name


def test_noise_is_of_the_process_and_lies_near() -> None:
    data = batch()
    noise = stirred(Rng(3, 1, range(BATCH)), data["x"], data["mask"], KINDS)
    assert torch.allclose(project(noise, data["mask"], KINDS), noise, atol=1e-5)
    x, to = noise[:, :3].swapaxes(1, 2), data["x"][:, :3].swapaxes(1, 2)
    g = torch.Generator().manual_seed(1)
    for _ in range(20):
        other = x @ torch.linalg.qr(torch.randn(BATCH, 3, 3, generator=g))[0]
        proper = torch.linalg.det(torch.linalg.lstsq(x[0], other[0]).solution) > 0
        if proper:  # a reflection may lie nearer
            assert (
                (x[0] - to[0]).square().sum() <= (other[0] - to[0]).square().sum() + 1e-4
            ).all()


def test_turning_finds_a_turn_and_only_turns() -> None:
    g = torch.Generator().manual_seed(2)
    x = torch.randn(4, 6, 3, generator=g)
    turn = torch.linalg.qr(torch.randn(4, 3, 3, generator=g))[0]
    turn = turn * torch.linalg.det(turn).sign()[:, None, None]
    assert torch.allclose(turned(x, x @ turn), x @ turn, atol=1e-5)
    assert not torch.allclose(turned(x, -x), -x, atol=0.5)  # no reflection
    assert torch.allclose(torch.cdist(turned(x, -x), turned(x, -x)), torch.cdist(x, x), atol=1e-4)


def test_it_learns() -> None:
    """On six molecules: the loss falls by a quarter and more (noise hides which they are)."""
    torch.manual_seed(0)
    data, objective = batch(), Molecule(flow())
    net = PairNet(KINDS, ATOMS, width=32, edge=16, message=32, depth=2)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    losses = []
    for step in range(250):
        loss = objective(net, data, Rng(0, step, range(BATCH)))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-50:]) / 5 < 0.75 * sum(losses[:10])
