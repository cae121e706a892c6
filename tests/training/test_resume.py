"""A run that was stopped is the run that was not, to the bit; what may change in between."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from unstir.core.schedules import flow
from unstir.networks.build import build
from unstir.objectives.denoising import Denoising
from unstir.training import checkpoint, snapshots
from unstir.training.checkpoint import CannotWrite, CheckpointError
from unstir.training.data import Arrays
from unstir.training.durable import Busy, alone
from unstir.training.loop import train


@pytest.fixture(scope="module")
def unbroken(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "unbroken"
    toy.go(out)
    return toy.fingerprint(out)


def until(toy, out, step, settings):
    """Train to a step, then leave the loop; the model is new, as in a new process."""
    for event in train(toy.net(), toy.objective, toy.data(), settings, out):
        if event.kind == "step" and event.step == step:
            break


@pytest.mark.parametrize("step", [1, 5, 6, 12, 18, 23, 24])
def test_half_and_half_is_whole(toy, unbroken, tmp_path, step):
    until(toy, tmp_path, step, toy.SETTINGS)
    assert checkpoint.newest(tmp_path).manifest["step"] == step
    toy.go(tmp_path)
    assert toy.fingerprint(tmp_path) == unbroken


def test_twenty_resumes_in_a_row(toy, unbroken, tmp_path):
    for step in range(1, 22):
        until(toy, tmp_path, step, toy.SETTINGS)
    toy.go(tmp_path)
    assert toy.fingerprint(tmp_path) == unbroken


def test_the_model_in_hand_is_the_one_saved(toy, tmp_path):
    model = toy.net()
    toy.go(tmp_path, model=model)
    kept = checkpoint.newest(tmp_path).tensors["model"]
    assert all(torch.equal(kept[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("network", ["unet", "transformer"])
def test_the_networks_of_this_house_resume_too(toy, tmp_path, network):
    """Convolutions, attention and channels-last weights: as the shipped models are trained."""
    sizes = {
        "unet": {"widths": [32, 32], "blocks": 1, "attention": [0, 1], "embedding": 32},
        "transformer": {"width": 64, "depth": 2},
    }[network]
    rng = np.random.default_rng(0)
    data = Arrays(
        x=rng.standard_normal((20, 4, 8, 8)).astype(np.float16),
        tokens=rng.standard_normal((20, 5, 16)).astype(np.float16),
        token_mask=np.ones((20, 5), np.float32),
    )
    settings = replace(toy.SETTINGS, steps=6, batch=6, snapshots=1)

    def events(out):
        torch.manual_seed(0)
        net = build(network, {"channels": 4, "tokens": 16, **sizes})
        net.to(memory_format=torch.channels_last)
        return train(net, Denoising(flow()), data, settings, out)

    list(events(tmp_path / "whole"))
    for stop in (2, 3, 5):
        for event in events(tmp_path / "parts"):
            if event.kind == "step" and event.step == stop:
                break
    list(events(tmp_path / "parts"))
    assert toy.fingerprint(tmp_path / "parts") == toy.fingerprint(tmp_path / "whole")


def test_three_kills(script, tmp_path):
    found = script("kill", tmp_path, 3)
    assert found.pop("lost") <= 2  # steps: the interval
    assert found == {"killed": 3, "problems": [], "same": True, "exits": [0, 0]}


def test_three_interrupts(script, tmp_path):
    """Ctrl-C at any moment loses no step at all, though no checkpoint was due."""
    found = script("interrupt", tmp_path, 3)
    assert found == {"killed": 3, "problems": [], "same": True, "exits": [0, 0], "lost": 0}


@pytest.mark.slow
def test_thirty_kills(script, tmp_path):
    found = script("kill", tmp_path, 30)
    assert found.pop("lost") <= 2
    assert found == {"killed": 30, "problems": [], "same": True, "exits": [0, 0]}


def test_a_finished_run_does_nothing_more(toy, tmp_path):
    toy.go(tmp_path)
    before = toy.fingerprint(tmp_path)
    assert [e.kind for e in toy.go(tmp_path)] == ["note", "done"]
    assert toy.fingerprint(tmp_path) == before


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 2e-3},
        {"batch": 17},
        {"seed": 1},
        {"ema": (0.05,)},
        {"optimizer": "adamw"},
        {"clip": 2.0},
    ],
)
def test_a_setting_that_matters_may_not_change(toy, tmp_path, change):
    until(toy, tmp_path, 3, toy.SETTINGS)
    (name,) = change
    with pytest.raises(CheckpointError, match=f"{name} was .*, now ") as error:
        toy.go(tmp_path, replace(toy.SETTINGS, **change))
    assert str(tmp_path) in str(error.value)


def test_several_changes_are_all_named(toy, tmp_path):
    until(toy, tmp_path, 3, toy.SETTINGS)
    with pytest.raises(
        CheckpointError, match=r"lr was 0.001, now 0.5; warmup was 4, now 5\. Give"
    ):
        toy.go(tmp_path, replace(toy.SETTINGS, lr=0.5, warmup=5))


def test_settings_that_do_not_matter_may_change(toy, unbroken, tmp_path):
    until(toy, tmp_path, 7, toy.SETTINGS)
    toy.go(tmp_path, replace(toy.SETTINGS, checkpoint_every="1h", keep=1, preview_every=3, skip=0))
    assert toy.fingerprint(tmp_path) == unbroken


def test_other_data_or_another_model_is_refused(toy, tmp_path):
    until(toy, tmp_path, 3, toy.SETTINGS)
    with pytest.raises(CheckpointError, match="the data had 50 samples, now 49"):
        list(train(toy.net(), toy.objective, toy.data(49), toy.SETTINGS, tmp_path))
    other = torch.nn.Sequential(*list(toy.net())[:-1], torch.nn.Linear(32, 4))
    with pytest.raises(
        CheckpointError, match=r"another model: 9.weight is \(3, 32\), not \(4, 32\)"
    ):
        toy.go(tmp_path, model=other)


def test_a_weight_that_has_another_optimizer_now_is_named(toy, tmp_path):
    until(toy, tmp_path, 3, toy.SETTINGS)
    model = toy.net()
    model.outer = ("7",)
    with pytest.raises(CheckpointError, match=r"another optimizer for '7\.weight'"):
        toy.go(tmp_path, model=model)


@pytest.mark.parametrize(
    ("stop", "steps"), [(10, 40), (18, 40), (21, 40), (24, 40), (10, 20), (18, 20), (24, 30)]
)
def test_another_length_ends_as_if_planned_so(toy, tmp_path, stop, steps):
    """Runs of all lengths are one until their decay begins: a run goes back to before that."""
    first, second = (replace(toy.SETTINGS, snapshots=0, steps=n) for n in (24, steps))
    until(toy, tmp_path / "a", stop, first)
    events = toy.go(tmp_path / "a", second)
    assert f"{steps} steps instead of 24: back to step" in events[0].message
    assert events[-1].step == steps
    toy.go(tmp_path / "b", second)
    a, b = (toy.fingerprint(tmp_path / name) for name in "ab")
    assert a == b


def test_a_longer_run_stores_averages_as_seldom_as_one_planned_so(toy, tmp_path):
    settings = replace(toy.SETTINGS, snapshots=4, steps=8)
    toy.go(tmp_path, settings)
    toy.go(tmp_path, replace(settings, steps=80))
    late = [step for step, _ in snapshots.stored(tmp_path) if step > 8]
    assert late == [20, 40, 60, 80]


def test_the_place_before_the_decay_is_kept(toy, tmp_path):
    settings = replace(toy.SETTINGS, keep=1, checkpoint_every=1)
    toy.go(tmp_path, settings)
    events = toy.go(tmp_path, replace(settings, steps=40))
    assert events[0].message.endswith("back to step 18, before the decay")
    kept = [checkpoint.read(path).manifest["step"] for _, path in checkpoint.numbered(tmp_path)]
    assert kept == [30, 40]


def test_averages_of_a_decay_that_was_left_are_forgotten(toy, tmp_path):
    toy.go(tmp_path)
    toy.go(tmp_path, replace(toy.SETTINGS, steps=40))
    assert [step for step, _ in snapshots.stored(tmp_path)] == [6, 12, 18, 20, 30, 40]


def test_a_run_beyond_the_wanted_end_says_so(toy, tmp_path):
    settings = replace(toy.SETTINGS, keep=1)
    toy.go(tmp_path, settings)
    with pytest.raises(CheckpointError, match="has done 24 steps and cannot end at 9; give more"):
        toy.go(tmp_path, replace(settings, steps=9))


def test_a_budget_becomes_steps_once(toy, tmp_path, monkeypatch):
    settings = replace(toy.SETTINGS, steps=None, budget=2.0)
    taken = iter([0.1, 0.2])
    monkeypatch.setattr("unstir.training.loop.seconds_per_step", lambda job: next(taken))
    until(toy, tmp_path, 3, settings)
    assert checkpoint.newest(tmp_path).manifest["steps"] == 20
    assert toy.go(tmp_path, settings)[-1].step == 20
    assert next(taken) == 0.2  # not measured again


def test_the_measured_step_leaves_the_model_alone(toy):
    model = toy.net()
    settings = replace(toy.SETTINGS, steps=None, budget=1e-6)
    events = list(train(model, toy.objective, toy.data(), settings))
    assert events[0].message.startswith("a step takes ")
    assert events[-1].steps == 1
    plain = toy.net()
    list(train(plain, toy.objective, toy.data(), replace(settings, steps=1)))
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), plain.parameters(), strict=True)
    )


def test_one_process_at_a_time(toy, tmp_path):
    with alone(tmp_path), pytest.raises(Busy, match=f"being trained by process {os.getpid()}"):
        toy.go(tmp_path)
    toy.go(tmp_path)


def test_a_folder_that_cannot_be_made(toy, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="file/run cannot be made"):
        toy.go(tmp_path / "file" / "run")


def test_uneven_fields_are_refused():
    with pytest.raises(ValueError, match="all equally long"):
        Arrays(x=torch.zeros(3).numpy(), y=torch.zeros(2).numpy())
