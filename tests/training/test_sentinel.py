"""NaN and infinity: found, named, skipped a few times, then the end; good checkpoints stay."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from unstir.training import checkpoint
from unstir.training.data import Arrays
from unstir.training.log import Log
from unstir.training.loop import train
from unstir.training.sentinel import NotFinite


def poisoned(toy, value, index=13):
    """The toy's data with one bad number in one sample."""
    fields = {name: field.copy() for name, field in toy.data().fields.items()}
    fields["x"][index, 1, 2] = value
    return Arrays(**fields)


def test_the_log_stays_json(toy, tmp_path):
    """A strict reader knows no NaN."""
    log = Log(tmp_path, 0)
    log({"step": 1, "loss": float("nan"), "parts": {"a": float("inf"), "b": 1.5}})

    def refuse(name):
        raise AssertionError(name)

    text = (tmp_path / "log.jsonl").read_text()
    entry = json.loads(text, parse_constant=refuse)
    assert entry == {"step": 1, "loss": None, "parts": {"a": None, "b": 1.5}}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bad_sample_is_named_and_its_batches_skipped(toy, tmp_path, value):
    model = toy.net()
    events = list(train(model, toy.objective, poisoned(toy, value), toy.SETTINGS, tmp_path))
    skipped = [e for e in events if e.kind == "skip"]
    assert 7 <= len(skipped) <= 8  # once an epoch of 3.125 steps
    for event in skipped:
        assert event.message.startswith(f"step {event.step}: field 'x' of sample 13 of the data")
    assert events[-1].kind == "done"
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert [line[0] for line in toy.fingerprint(tmp_path)["log"]] == list(range(1, 25))


def test_too_many_in_a_row_is_the_end(toy, tmp_path):
    broken = Arrays(**{n: np.full_like(f, np.nan) for n, f in toy.data().fields.items()})
    settings = replace(toy.SETTINGS, skip=2, checkpoint_every=1)
    events = []
    with pytest.raises(NotFinite, match=r"step 3: .* 3 batches in a row") as error:
        events += train(toy.net(), toy.objective, broken, settings, tmp_path)
    assert error.value.exit_code == 4
    saved = checkpoint.newest(tmp_path)
    assert saved.manifest["step"] == 2
    start = toy.net().state_dict()
    assert all(torch.equal(t, start[n]) for n, t in saved.tensors["model"].items())
    with pytest.raises(NotFinite, match="step 3"):  # the count is part of the checkpoint
        list(train(toy.net(), toy.objective, broken, settings, tmp_path))


def test_a_good_batch_forgets_the_bad_ones(toy):
    data = poisoned(toy, np.nan)
    kinds = [e.kind for e in train(toy.net(), toy.objective, data, replace(toy.SETTINGS, skip=2))]
    assert kinds.count("skip") >= 7
    assert kinds[-1] == "done"


def go_on(events, into, then=lambda event: None):
    """Keep the events, also those before an error."""
    for event in events:
        into.append(event)
        then(event)


class Trap(nn.Module):
    """Passes its input on, except that it breaks on its n-th call in training."""

    def __init__(self, call, how):
        super().__init__()
        self.calls, self.call, self.how = 0, call, how

    def forward(self, x):
        self.calls += self.training
        return self.how(x) if self.training and self.calls >= self.call else x


def trapped(toy, how):
    layers = list(toy.net())
    return nn.Sequential(*layers[:7], Trap(5, how), *layers[7:])


@pytest.mark.parametrize(
    ("how", "named"),
    [
        (lambda x: x * torch.inf, r"the output of 7 \(Trap\)"),
        (lambda x: (x - 100).log(), r"the output of 7 \(Trap\)"),
        # finite forward, infinite slope: sqrt(0)
        (lambda x: x + (x * 0).sqrt(), "the gradient of 2.weight|the gradient of 3.bias"),
    ],
)
def test_the_module_is_named(toy, how, named):
    with pytest.raises(NotFinite, match=f"step 8: ({named}) is not finite"):
        go_on(train(trapped(toy, how), toy.objective, toy.data(), toy.SETTINGS), events := [])
    assert [e.kind for e in events] == ["step"] * 4 + ["skip"] * 3


def test_an_objective_that_breaks_after_a_good_network(toy):
    def objective(model, batch, rng):
        return toy.objective(model, batch, rng)["loss"] + (torch.nan if rng.step == 3 else 0)

    events = list(train(toy.net(), objective, toy.data(), toy.SETTINGS))
    bad = [e for e in events if e.kind == "skip"]
    assert [e.step for e in bad] == [4]
    assert "the loss, from finite outputs of every module" in bad[0].message


def test_weights_that_went_bad_are_named_and_never_saved(toy, tmp_path):
    model = toy.net()

    def spoil(event):
        if event.kind == "step" and event.step == 8:
            with torch.no_grad():
                model[7].bias[3] = torch.nan

    settings = replace(toy.SETTINGS, checkpoint_every=4)
    with pytest.raises(NotFinite, match=r"7\.bias is not finite after step 8, so no checkpoint"):
        go_on(train(model, toy.objective, toy.data(), settings, tmp_path), [], spoil)
    assert checkpoint.newest(tmp_path).manifest["step"] == 4
    model = toy.net()
    with pytest.raises(NotFinite, match=r"step 12: the weight 7\.bias is not finite"):
        go_on(train(model, toy.objective, toy.data(), toy.SETTINGS), events := [], spoil)
    assert [e.kind for e in events] == ["step"] * 8 + ["skip"] * 3


def test_skipping_resumes_to_the_bit(toy, tmp_path):
    data = poisoned(toy, np.nan)
    list(train(toy.net(), toy.objective, data, toy.SETTINGS, tmp_path / "whole"))
    for stop in (4, 9, 15):
        for event in train(toy.net(), toy.objective, data, toy.SETTINGS, tmp_path / "parts"):
            if event.step == stop and event.kind in ("step", "skip"):
                break
    list(train(toy.net(), toy.objective, data, toy.SETTINGS, tmp_path / "parts"))
    a, b = (toy.fingerprint(tmp_path / name) for name in ("whole", "parts"))
    a["log"], b["log"] = repr(a["log"]), repr(b["log"])  # NaN is not equal to itself
    assert a == b
