"""The signal of chains: noise that is a chain, turned to the data; a loss that is least where the
answer is true; motifs that are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.modalities.traces import rotation, some
from unstir.core.schedules import flow
from unstir.modalities.chains import SCALE, masks
from unstir.objectives.chain import Chain, stirred, stretches
from unstir.training.rng import Rng


def batch() -> dict[str, Tensor]:
    mask = masks([20, 15, 20, 20])
    x = np.zeros((4, 3, 20), np.float32)
    for row, chain, n in zip(x, some(4, 20), (20, 15, 20, 20), strict=True):
        ca = chain[:n, 1] / SCALE
        row[:, :n] = (ca - ca.mean(0)).T
    return {"x": torch.from_numpy(x), "mask": torch.from_numpy(mask)}


class Knowing:
    """Answers the truth, moved by something."""

    def __init__(self, clean: Tensor, wrong: float = 0.0) -> None:
        g = torch.Generator().manual_seed(0)
        self.answer = clean + wrong * torch.randn(clean.shape, generator=g) * clean.ne(0)
        self.clean, self.told = clean, []

    def __call__(self, x: Tensor, t: Tensor, extra: Tensor) -> Tensor:
        self.told.append(extra)
        return self.answer if len(x) == len(self.clean) else torch.zeros_like(x)


def rng(step: int = 0) -> Any:
    return Rng(0, step, range(4))


def test_the_truth_has_the_least_loss() -> None:
    data = batch()
    right, near, far = (
        float(Chain(flow())(Knowing(data["x"], wrong), data, rng())["loss"])
        for wrong in (0.0, 0.01, 0.03)
    )
    assert right == pytest.approx(0, abs=1e-5)
    assert 0 < near < far


def test_it_cares_for_what_it_says() -> None:
    """A chain that is whole but turned has right distances and wrong places."""
    data = batch()
    turn = torch.from_numpy(rotation(1)).float()
    model = Knowing(data["x"])
    model.answer = turn @ data["x"]
    parts = Chain(flow())(model, data, rng())
    assert float(parts["near"]) == pytest.approx(0, abs=1e-4)
    assert float(parts["fold"]) == pytest.approx(0, abs=1e-4)
    assert float(parts["places"]) > 0.1


def test_noise_is_a_chain_turned_to_the_data() -> None:
    data = batch()
    x0, mask = data["x"], data["mask"]
    z = stirred(rng(), x0, mask)
    assert (z.sum(2)).abs().max() < 1e-4
    assert not (z * (1 - mask[:, None])).any()
    apart = (SCALE * z[0].diff(dim=1)).square().sum(0).mean().sqrt()
    assert 2.5 < float(apart) < 5.5
    for row, clean in zip(z, x0, strict=True):
        turns = [torch.from_numpy(rotation(k)).float() for k in range(50)]
        here = (row - clean).square().sum()
        assert all(here <= (turn @ row - clean).square().sum() + 1e-4 for turn in turns)


def test_motifs_are_of_the_truth() -> None:
    data = batch()
    model = Knowing(data["x"])
    for step in range(20):
        Chain(flow(), motifs=1.0, again=0.0)(model, data, rng(step))
    shares = []
    for told in model.told:
        known = told[:, 4:]
        assert torch.equal(told[:, :3], data["x"] * known)
        assert torch.equal(told[:, 3], data["mask"])
        assert not (known[:, 0] * (1 - data["mask"])).any()
        shares.append(known.sum((1, 2)) / data["mask"].sum(1))
    assert torch.cat(shares).min() > 0.08
    assert torch.cat(shares).max() < 0.75


def test_stretches_are_at_most_two() -> None:
    mask = torch.ones(64, 40)
    known = stretches(Rng(0, 0, range(64)), mask, 0.5)
    runs = known.diff(dim=1, prepend=torch.zeros(64, 1)).clamp(min=0).sum(1)
    assert set(runs.tolist()) == {0.0, 1.0, 2.0}
    assert 0.3 < float((runs > 0).float().mean()) < 0.7


def test_an_answer_from_before_is_told_where_nothing_is_known() -> None:
    data = batch()
    model = Knowing(data["x"], 0.02)
    Chain(flow(), motifs=1.0, again=1.0)(model, data, rng())
    told = model.told[-1]
    known = told[:, 4:]
    assert torch.allclose(told[:, :3] * known, data["x"] * known)
    rest = told[:, :3] * (1 - known)
    assert torch.allclose(rest, model.answer * (1 - known), atol=1e-6)
