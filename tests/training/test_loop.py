"""What the loop promises beside resuming: learning, splitting, previews, events, log."""

import json
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from torch import nn

from unstir.training import devices, log
from unstir.training.checkpoint import newest
from unstir.training.loop import train
from unstir.training.optimizer import Optimizer
from unstir.training.rng import Rng


def losses(events):
    return [e.loss for e in events if e.kind == "step"]


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_it_learns(toy, optimizer):
    settings = replace(toy.SETTINGS, steps=150, optimizer=optimizer, lr=5e-3, batch=32)
    got = losses(toy.go(None, settings))
    assert sum(got[-10:]) < 0.25 * sum(got[:10])


def test_a_batch_in_parts_is_the_same_batch(toy):
    whole, *split = (
        losses(toy.go(None, replace(toy.SETTINGS, accumulate=parts), toy.net(dropout=0.0)))
        for parts in (1, 2, 3, 16)
    )
    for other in split:
        assert other == pytest.approx(whole, rel=1e-4)


def test_events_of_a_run(toy, tmp_path):
    events = toy.go(tmp_path)
    assert [e.step for e in events if e.kind == "checkpoint"] == [0, 6, 12, 18, 24]
    assert all(e.path.is_dir() or e.step < 12 for e in events if e.kind == "checkpoint")
    steps = [e for e in events if e.kind == "step"]
    assert [e.step for e in steps] == list(range(1, 25))
    assert events[-1].kind == "done"
    last = steps[-1]
    assert last.steps == 24
    assert set(last.parts) == {"worst"}
    assert last.images_per_second > 0
    assert last.gflops > 0
    assert last.eta == 0
    assert 0 < last.lr < steps[10].lr == 1e-3
    assert last.grad_norm > 0


def test_the_log_has_a_line_a_step(toy, tmp_path):
    events = toy.go(tmp_path, replace(toy.SETTINGS, log_every=5))
    lines = log.lines(tmp_path)
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert lines[1]["loss"] == losses(events)[9]
    assert lines[1]["parts"].keys() == {"worst"}


def test_a_torn_line_of_the_log_is_forgotten(toy, tmp_path):
    toy.go(tmp_path / "a")
    toy.go(tmp_path / "b")
    path = tmp_path / "b" / "log.jsonl"
    path.write_text(path.read_text() + json.dumps({"step": 25, "loss": 0}) + '\n{"step": 26, "lo')
    toy.go(tmp_path / "b")
    assert toy.fingerprint(tmp_path / "a") == toy.fingerprint(tmp_path / "b")


def test_nothing_is_kept_without_a_folder(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert {e.kind for e in toy.go(None)} == {"step", "done"}
    assert list(tmp_path.iterdir()) == []


def test_previews_see_the_averages_and_change_nothing(toy, tmp_path):
    seen = {}

    def preview(model, step):
        assert not model.training
        assert not torch.is_grad_enabled()
        torch.manual_seed(99)
        torch.rand(7)  # a preview may draw noise
        seen[step] = {n: p.clone() for n, p in model.named_parameters()}
        return step * 10

    settings = replace(toy.SETTINGS, preview_every=5)
    events = list(
        train(toy.net(), toy.objective, toy.data(), settings, tmp_path / "a", preview=preview)
    )
    shown = [(e.step, e.result) for e in events if e.kind == "preview"]
    assert shown == [(5, 50), (10, 100), (15, 150), (20, 200), (24, 240)]
    toy.go(tmp_path / "b")
    a, b = (toy.fingerprint(tmp_path / name) for name in "ab")
    assert a == b
    average = newest(tmp_path / "a").tensors["ema"]
    assert all(torch.equal(p, average[f"0.05/{n}"]) for n, p in seen[24].items())


def test_a_preview_that_fails_leaves_the_weights(toy):
    model, before = toy.net(), {}

    def preview(model, step):
        raise RuntimeError("no picture")

    def go():
        settings = replace(toy.SETTINGS, preview_every=5)
        for event in train(model, toy.objective, toy.data(), settings, preview=preview):
            if event.kind == "step":
                before.update((n, p.detach().clone()) for n, p in model.named_parameters())

    with pytest.raises(RuntimeError, match="no picture"):
        go()
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    assert model.training


@pytest.mark.parametrize("clip", [0.05, 0.0])
def test_long_gradients_are_cut(toy, monkeypatch, clip):
    model, used, real = toy.net(), [], Optimizer.step

    def step(self, factor):
        used.append(torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item())
        real(self, factor)

    monkeypatch.setattr(Optimizer, "step", step)
    events = toy.go(None, replace(toy.SETTINGS, clip=clip), model)
    told = [e.grad_norm for e in events if e.kind == "step"]
    assert min(told) > 0.05  # before the cut
    assert used == pytest.approx([clip] * 24 if clip else told, rel=1e-4)


def test_work_is_counted_and_leaves_no_trace():
    net = nn.Sequential(nn.Linear(20, 30, bias=False), nn.BatchNorm1d(30))

    class Task(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return {"loss": self.net(x).square().mean()}

    assert devices.work(Task(), torch.randn(5, 20)) == 2 * 2 * 5 * 20 * 30  # x needs no gradient
    assert net[0].weight.grad is None
    assert net[1].num_batches_tracked == 0
    assert net.training


def test_attention_counts_as_work():
    class Task(nn.Module):
        def __init__(self):
            super().__init__()
            self.q = nn.Parameter(torch.randn(1, 2, 16, 32))

        def forward(self, x):
            return nn.functional.scaled_dot_product_attention(self.q, x, x).sum()

    forward = 2 * 2 * 2 * 16 * 16 * 32  # two products, of two heads
    assert devices.work(Task(), torch.randn(1, 2, 16, 32)) == 3.5 * forward


def test_a_loss_alone_will_do(toy):
    def objective(model, batch, rng):
        return toy.objective(model, batch, rng)["loss"]

    events = list(train(toy.net(), objective, toy.data(), toy.SETTINGS))
    assert losses(events) == losses(toy.go(None))


def test_mixed_precision_learns_too(toy):
    got = losses(toy.go(None, replace(toy.SETTINGS, dtype="bfloat16", steps=60)))
    exact = losses(toy.go(None, replace(toy.SETTINGS, steps=60)))
    assert got != exact
    assert got[:10] == pytest.approx(exact[:10], rel=0.05)


def test_a_device_that_is_not_there(toy):
    if torch.cuda.is_available():
        assert devices.prepare(replace(toy.SETTINGS, device="cuda")).type == "cuda"
    else:
        with pytest.raises(ValueError, match="give cpu"):
            toy.go(None, replace(toy.SETTINGS, device="cuda"))


def test_tensorboard_where_it_is_installed(toy, tmp_path):
    settings = replace(toy.SETTINGS, tensorboard=True)
    if find_spec("tensorboard") is None:
        with pytest.raises(ValueError, match="pip install tensorboard"):
            toy.go(tmp_path, settings)
    else:
        toy.go(tmp_path, settings)
        assert list((tmp_path / "tensorboard").iterdir())


def test_tensorboard_is_told_every_line(toy, tmp_path, monkeypatch):
    told = []

    class Board:
        def add_scalar(self, name, value, step):
            told.append((name, step))

        def close(self):
            told.append("closed")

    monkeypatch.setattr(log, "_board", lambda folder, step: Board())
    toy.go(tmp_path, replace(toy.SETTINGS, tensorboard=True, log_every=12))
    names = ("loss", "grad_norm", "lr", "parts/worst")
    assert told == [(name, step) for step in (12, 24) for name in names] + ["closed"]


def test_training_needs_no_pickle(toy, tmp_path, monkeypatch):
    import pickle

    def refuse(*_, **__):
        raise AssertionError("pickle was used")

    for name in ("Unpickler", "Pickler", "dumps", "loads", "dump", "load"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "save", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    toy.go(tmp_path, replace(toy.SETTINGS, steps=12))
    toy.go(tmp_path, toy.SETTINGS)
    assert "torch.utils.tensorboard" not in sys.modules or find_spec("tensorboard")


def test_dropout_is_a_function_of_the_step(toy):
    torch.manual_seed(1)
    a = losses(toy.go(None))
    torch.manual_seed(2)
    assert losses(toy.go(None)) == a


def test_the_objective_gets_its_step_and_rows(toy):
    seen = []

    def objective(model, batch, rng: Rng):
        seen.append((rng.step, rng.rows))
        return toy.objective(model, batch, rng)

    list(train(toy.net(), objective, toy.data(), replace(toy.SETTINGS, accumulate=2, steps=2)))
    assert seen[1:] == [(0, range(8)), (0, range(8, 16)), (1, range(8)), (1, range(8, 16))]
