"""Every sampler there is, found by its file: a new one is tested without touching this test."""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from itertools import zip_longest

import numpy as np
import pytest
import torch
from sampler_checks import (
    DATA,
    SMOOTH,
    WHOLE,
    draws,
    last,
    marginals,
    moments,
    order_of_moments,
    order_of_states,
)

from unstir.core.fields import Fields
from unstir.core.find import find, names
from unstir.core.levels import Level
from unstir.core.noise import gaussian, together
from unstir.core.paths import karras, path
from unstir.core.schedules import cosine, edm, flow, linear_beta

NAMES = names("samplers")
SHORT = {
    "vp": path(linear_beta(), 7),
    "edm": path(edm(), 7, karras()),
    "flow": path(flow(), 8),
    "noisy end": path(cosine(), 7, start=0.9, stop=0.1),
}


@cache
def whole(schedule, n):
    """A long path from end to end; some schedules take their time to invert."""
    return path(schedule, n, karras())


@pytest.fixture(params=NAMES)
def module(request):
    """The module of each sampler."""
    return import_module(f"unstir.core.samplers.{request.param}")


@pytest.fixture
def sampler(module):
    """The function that bears the module's name."""
    return find("samplers", module.__name__.rpartition(".")[2])


def test_stated_facts(module, sampler):
    for text in (module.__doc__, sampler.__doc__):
        assert text
    assert re.search(r"[A-Z]\w+ (et al\.|&).*\b(19|20)\d\d\b", module.__doc__), "no reference"
    assert list(inspect.signature(sampler).parameters)[:4] == ["denoise", "x", "path", "noise"]
    numbers = {k: v for k, v in sampler.__kwdefaults__.items() if k != "noise"}
    assert all(type(v) in (int, float) for v in numbers.values())
    assert inspect.isgeneratorfunction(sampler)


def test_order_of_states(module, sampler):
    order_of_states(sampler, getattr(module, "ORDER", None))


def test_order_of_moments(module, sampler):
    order_of_moments(sampler, getattr(module, "ORDER", None))


def test_known_data_gives_exact_marginals(sampler):
    marginals(sampler, None)


@pytest.mark.parametrize("schedule", WHOLE, ids=str)
def test_whole_paths(module, sampler, schedule):
    """From pure noise to clean data: the Gaussian comes out with the moments it should have."""
    if not hasattr(module, "ORDER"):
        return  # lcm: see test_samplers.py
    t, mean, variance = moments(sampler, whole(schedule, 400), 0.7, 0.25)[-1]
    assert t.sigma == 0
    assert abs(mean - 0.7) < 1e-6
    assert abs(variance / 0.25 - 1) < (0.07 if module.ORDER == 1 else 0.011)


@pytest.mark.parametrize("walk", SHORT.values(), ids=SHORT)
def test_one_step_per_interval(sampler, walk):
    x = gaussian([1, 2], (3,), dtype="float64")
    before = [(t.t, t.alpha, t.sigma) for t in walk]
    start = x(-1)
    steps = list(sampler(DATA.denoise, start, walk, noise=x))
    assert [step.level for step in steps] == list(walk[1:])
    assert all(step.x.shape == step.x0.shape == (2, 3) for step in steps)
    assert all(np.isfinite(step.x).all() for step in steps)
    np.testing.assert_array_equal(start, x(-1))
    assert before == [(t.t, t.alpha, t.sigma) for t in walk]


def evaluated(sampler, walk, **numbers):
    """The levels at which the denoiser is asked."""
    seen = []
    noise = lambda *_: 0.1  # noqa: E731
    list(sampler(lambda x, t: seen.append(t) or 0.3 * x, 1.0, walk, noise=noise, **numbers))
    return seen


def test_evaluations_are_what_the_cost_says(module, sampler):
    for schedule in (linear_beta(), flow(), edm()):
        for n in range(1, 21):
            assert len(evaluated(sampler, path(schedule, n))) == module.COST.evaluations(n)
    for budget in range(1, 80):
        steps = module.COST.steps_for(budget)
        assert module.COST.evaluations(steps) <= budget < module.COST.evaluations(steps + 1)
    for budget in (0, -3):
        with pytest.raises(ValueError, match=rf"{budget} evaluations are too few.* at least 1$"):
            module.COST.steps_for(budget)


def test_evaluations_are_at_levels_of_the_path(sampler):
    """A network knows t only: no level may be made up between those of the schedule."""
    walk = path(linear_beta(), 9)
    churned = {"s_churn": 3.0} if "s_churn" in sampler.__kwdefaults__ else {}
    assert set(evaluated(sampler, walk, **churned)) <= set(walk[:-1])


def test_numpy_and_torch_agree(sampler):
    for walk in SHORT.values():
        noise = gaussian([3, 4, 5], (3,), dtype="float64")
        ours = last(sampler(DATA.denoise, noise(-1), walk, noise=noise))
        torches = gaussian([3, 4, 5], (3,), dtype="float64", to=torch.from_numpy)
        data = type(DATA)(torch.from_numpy(DATA.mean), torch.from_numpy(DATA.variance))
        theirs = last(sampler(data.denoise, torches(-1), walk, noise=torches))
        assert theirs.dtype == torch.float64
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sample_does_not_depend_on_its_batch(sampler, dtype):
    """Alone, among 2 to 32, first or last, with other companions: bitwise the same."""

    def run(seeds):
        noise = gaussian(seeds, (3,), dtype=dtype)
        out = last(
            sampler(lambda x, t: 0.8 * x - t.sigma * x * x * 0.01, noise(-1), walk, noise=noise)
        )
        assert out.dtype == dtype
        return out

    walk = SHORT["flow"]
    alone = run([7])[0]
    for seeds in ([7, 8], [8, 7], [1, 2, 7, 3, 4], [*range(20, 51), 7], [7] * 16):
        np.testing.assert_array_equal(run(seeds)[seeds.index(7)], alone)


def test_fields_compute_like_arrays(sampler):
    """A state of two fields is two states, to the bit."""
    parts = {"a": gaussian([1, 2], (3,), field="a"), "b": gaussian([1, 2], (4, 2), field="b")}
    noise, walk = together(**parts), SHORT["vp"]
    both = last(sampler(lambda x, t: 0.5 * x + 0.1, noise(-1), walk, noise=noise))
    assert isinstance(both, Fields)
    for name, part in parts.items():
        alone = last(sampler(lambda x, t: 0.5 * x + 0.1, part(-1), walk, noise=part))
        np.testing.assert_array_equal(both[name], alone)


def test_torch_differentiates_through_it(sampler):
    walk = SHORT["flow"]
    noise = gaussian([3], (2,), dtype="float64", to=torch.from_numpy)
    scale = torch.tensor(0.4, dtype=torch.float64)

    def result(x, scale):
        return last(sampler(lambda x, t: torch.tanh(scale * x), x, walk, noise=noise))

    assert torch.autograd.gradcheck(result, (noise(-1).requires_grad_(), scale.requires_grad_()))


def test_runs_share_nothing(sampler):
    """Two runs taken in turns are the same two taken one after the other."""
    first, second = gaussian([1], (3,)), gaussian([2], (3,))

    def run(noise, walk):
        return sampler(DATA.denoise, noise(-1), walk, noise=noise)

    walks = SHORT["vp"], SHORT["flow"]
    apart = [[step.x for step in run(n, w)] for n, w in zip((first, second), walks, strict=True)]
    turns = zip_longest(run(first, walks[0]), run(second, walks[1]))
    together_ = [[step.x for step in steps if step] for steps in zip(*turns, strict=True)]
    for a, b in zip(apart, together_, strict=True):
        np.testing.assert_array_equal(np.stack(a), np.stack(b))


def test_missing_noise_and_path_say_what_to_do(sampler):
    walk = SHORT["vp"]
    if draws(sampler, walk):
        with pytest.raises(ValueError, match="pass noise="):
            last(sampler(lambda x, t: x, 1.0, walk))
    else:
        last(sampler(lambda x, t: x, 1.0, walk))
    for short in ([], walk[:1]):
        with pytest.raises(ValueError, match=f"a path of {len(short)} level"):
            last(sampler(lambda x, t: x, 1.0, short, noise=lambda *_: 0.0))


def test_climbing_inverts_or_is_refused(sampler):
    """Down and up again is where it began, for what draws no noise; the rest says why not."""
    walk = SMOOTH["vp"](400)
    if draws(sampler, walk):
        if sampler.__name__ not in ("lcm", "restart"):
            with pytest.raises(ValueError, match="noise rises from t=0"):
                last(sampler(lambda x, t: x, 1.0, walk[::-1], noise=lambda *_: 0.0))
        return
    x = np.array([[0.3, -0.2, 0.9]])
    down = last(sampler(DATA.denoise, x, walk))
    up = last(sampler(DATA.denoise, down, walk[::-1]))
    np.testing.assert_allclose(up, x, atol=0.05)
    from_data = [Level(0.0, 1.0, 0.0), *walk[::-1]]
    assert np.isfinite(last(sampler(DATA.denoise, down, from_data))).all()
