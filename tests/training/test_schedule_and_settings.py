"""The rate over a run; settings that make no sense."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstir.training.events import Every, Meter
from unstir.training.schedule import budget_steps, decay_start, factor
from unstir.training.settings import Settings, differences, interval


@given(
    st.integers(1, 500), st.integers(0, 100), st.floats(0, 1), st.sampled_from(["sqrt", "linear"])
)
def test_the_rate_rises_stays_and_falls(steps, warmup, cooldown, decay):
    s = Settings(steps=steps, warmup=warmup, cooldown=cooldown, decay=decay)
    rates = [factor(s, i, steps) for i in range(steps)]
    start = decay_start(s, steps)
    assert all(0 < r <= 1 for r in rates)
    assert all(a <= b for a, b in pairwise(rates[:start]))
    assert all(r == 1 for r in rates[warmup:start])
    after = rates[max(start, warmup) :]
    assert all(a > b for a, b in pairwise(after))


def test_figures_of_a_known_run():
    s = Settings(steps=100, warmup=10, cooldown=0.2, decay="linear")
    assert [factor(s, i, 100) for i in (0, 4, 9, 50, 79, 80, 85, 95)] == pytest.approx(
        [0.1, 0.5, 1, 1, 1, 1, 0.75, 0.25]
    )
    assert factor(replace(s, decay="sqrt"), 85, 100) == pytest.approx(0.5)


@given(st.integers(10, 400), st.integers(10, 400))
def test_before_the_decay_the_length_is_not_known(a, b):
    s = Settings(steps=a, warmup=7)
    for step in range(min(decay_start(s, a), decay_start(s, b))):
        assert factor(s, step, a) == factor(s, step, b)


def test_budgets():
    assert budget_steps(3600, 0.5) == 7200
    assert budget_steps(1, 10) == 1
    for seconds, measured in ((0, 1), (1, 0), (float("nan"), 1), (float("inf"), 1)):
        with pytest.raises(ValueError, match="is no number of steps"):
            budget_steps(seconds, measured)
    assert Settings(budget=60.0).steps is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("steps", -1), ("steps", 1.5), ("steps", True), ("budget", 0.0), ("batch", 0),
     ("batch", 2.5), ("batch", None), ("lr", 0.0), ("lr", float("nan")), ("lr", "1e-3"),
     ("muon_lr", -1.0), ("warmup", -1), ("cooldown", 1.1), ("cooldown", -0.1), ("decay", "cosine"),
     ("optimizer", "sgd"), ("clip", float("inf")), ("clip", -1.0), ("ema", (0.5,)), ("ema", (0,)),
     ("snapshots", -1), ("seed", -1), ("seed", 2**64), ("accumulate", 0), ("accumulate", 65),
     ("keep", 0), ("skip", -1), ("threads", 0), ("dtype", "float16"), ("log_every", -1),
     ("weight_decay", -0.1)],
)  # fmt: skip
def test_nonsense_is_named(name, value):
    with pytest.raises(ValueError, match=f"setting {name} is .*; give "):
        Settings(**{"steps": 10, name: value})


def test_neither_steps_nor_budget():
    with pytest.raises(ValueError, match="give steps, or seconds"):
        Settings()


@pytest.mark.parametrize(
    ("text", "want"),
    [(500, (500, None)), (0, (0, None)), ("5min", (None, 300)), ("30 s", (None, 30)),
     ("1h", (None, 3600)), ("2 hours", (None, 7200)), ("1.5 minutes", (None, 90)),
     ("10 seconds", (None, 10)), ("2m", (None, 120))],
)  # fmt: skip
def test_intervals(text, want):
    assert interval(text) == want


@pytest.mark.parametrize("text", ["", "5", "5 parsecs", "-5s", ".s", "1.2.3s", -1, 2.5, None])
def test_intervals_that_are_none(text):
    with pytest.raises(ValueError, match="is not steps"):
        interval(text)
    with pytest.raises(ValueError, match="is not steps"):
        Settings(steps=1, checkpoint_every=text)


def test_settings_survive_json():
    s = Settings(steps=7, ema=(0.07,), checkpoint_every="9s")
    again = json.loads(json.dumps(s.to_json()))
    assert Settings(**again) == s
    assert differences(again, s) == []
    assert differences(again, replace(s, steps=9, threads=2)) == []
    assert differences(again, replace(s, ema=(0.08,))) == ["ema was [0.07], now [0.08]"]
    del again["ema"]  # written by a version that did not know it
    assert differences(again, s) == []


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self):
        return self.now


def test_speed_and_time_left():
    clock = Clock()
    meter = Meter(batch=10, flops=3e9, clock=clock)
    assert meter.figures(5)["images_per_second"] == 0
    for _ in range(50):
        clock.now += 2
        meter.tick()
    assert meter.figures(7) == pytest.approx({"images_per_second": 5, "gflops": 15, "eta": 14})


def test_intervals_of_steps_and_of_time():
    clock = Clock()
    steps, never, seconds = (Every(*x, clock) for x in ((3, None), (0, None), (None, 10.0)))
    assert [steps.due(i) for i in range(1, 8)] == [False, False, True, False, False, True, False]
    assert not any(never.due(i) for i in range(1, 9))
    due = []
    for i in range(7):
        clock.now += 4
        due.append(seconds.due(i))
    assert due == [False, False, True, False, False, True, False]
