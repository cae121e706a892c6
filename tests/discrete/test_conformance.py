"""Every sampler of tokens there is, found by its file: a new one is tested without touching this
test."""

import inspect
import re
import tomllib
from importlib import import_module
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
import torch
from discrete_checks import ALL, DATA, DENOISE, LENGTH, SPECIAL, blank, counts, excess

from unstir.core.discrete.exact import Joint
from unstir.core.discrete.process import MASK, PAD, keep
from unstir.core.discrete.schedules import cosine, polynomial
from unstir.core.find import find, names
from unstir.core.noise import uniform
from unstir.core.paths import at, path
from unstir.core.schedules import level
from unstir.tasks.strings import in_turn

GROUP = "discrete.samplers"
NAMES = names(GROUP)
WALK = path(cosine(), 7)


@pytest.fixture(params=NAMES)
def sampler(request):
    """The function that bears its module's name."""
    return find(GROUP, request.param)


def run(sampler, seeds, x, data=DATA, walk=WALK, **numbers):
    """All states, each seed's from its own noise."""
    to = torch.from_numpy if isinstance(x, torch.Tensor) else None
    noise = uniform(seeds, x.shape[1:], to=to)
    return [step.x for step in sampler(data.denoise, x, walk, noise=noise, **numbers)]


def test_stated_facts(sampler):
    module = inspect.getmodule(sampler)
    for text in (module.__doc__, sampler.__doc__):
        assert text
    assert re.search(r"[A-Z]\w+ (et al\.|&).*\b(19|20)\d\d\b", module.__doc__), "no reference"
    assert list(inspect.signature(sampler).parameters)[:4] == ["denoise", "x", "path", "noise"]
    numbers = {k: v for k, v in (sampler.__kwdefaults__ or {}).items() if k != "free"}
    assert all(type(v) in (int, float) for v in numbers.values())
    assert inspect.isgeneratorfunction(sampler)
    assert module.COST.evaluations(7) == 7
    assert isinstance(module.EXACT, bool)


@pytest.mark.parametrize("check", ALL, ids=lambda f: f.__name__)
def test_checks_of_all(sampler, check):
    check(sampler, inspect.getmodule(sampler).EXACT)


@pytest.mark.parametrize("name", SPECIAL)
def test_checks_of_some(name):
    SPECIAL[name](find(GROUP, name), import_module(f"unstir.core.{GROUP}.{name}").EXACT)


@pytest.mark.parametrize("schedule", [polynomial(), polynomial(0.5), cosine()], ids=str)
def test_what_is_given_is_never_touched_and_no_mask_remains(sampler, schedule):
    known = np.random.default_rng(1).integers(0, 3, (6, 9))
    mask = np.random.default_rng(2).random((6, 9)) < [[0], [0.2], [0.5], [0.8], [0.9], [1]]
    given = keep(known, mask)
    given[:, 7:] = PAD
    fixed = given != MASK
    logits = np.random.default_rng(3).standard_normal((9, 3))
    for n in (1, 2, 5, 30):
        noise, before = uniform(range(6), (9,)), given.copy()
        seen = sampler(
            lambda x, t: logits + 0 * x[..., None], given, path(schedule, n), noise=noise
        )
        for step in seen:
            np.testing.assert_array_equal(step.x[fixed], given[fixed])
            assert step.x.dtype == given.dtype
        assert (step.x != MASK).all()
        assert step.x[~fixed].min() >= 0
        np.testing.assert_array_equal(given, before)


def test_one_step_per_interval(sampler):
    for walk in (WALK, path(polynomial(), 5, start=0.8, stop=0.2)):
        steps = list(sampler(DATA.denoise, blank(2), walk, noise=uniform([1, 2], (3,))))
        assert [step.level for step in steps] == list(walk[1:])
        assert all(step.x.shape == (2, 3) and step.x0.shape == (2, 3, 3) for step in steps)


def test_numpy_and_torch_agree(sampler):
    """The same tokens, of every seed, at every step."""
    theirs = Joint(torch.from_numpy(DATA.tokens), torch.from_numpy(DATA.weights))
    ours = run(sampler, range(50), blank(50))
    torches = run(sampler, range(50), torch.from_numpy(blank(50)), theirs)
    for a, b in zip(ours, torches, strict=True):
        assert b.dtype == torch.int64
        np.testing.assert_array_equal(a, b.numpy())


def test_a_sample_does_not_depend_on_its_batch(sampler):
    """Alone, among 2 to 32, first or last, with other companions: bitwise the same."""
    alone = run(sampler, [7], blank(1))[-1][0]
    for seeds in ([7, 8], [8, 7], [1, 2, 7, 3, 4], [*range(20, 51), 7], [7] * 16):
        x = run(sampler, seeds, blank(len(seeds)))[-1]
        np.testing.assert_array_equal(x[seeds.index(7)], alone)


def test_a_grid_is_its_tokens(sampler):
    """Shape is no matter: (B, 2, 3) draws what (B, 6) does."""
    logits = np.random.default_rng(0).standard_normal((6, 4))

    def run(shape):
        denoise = lambda x, t: logits.reshape(*shape, 4) + 0 * x[..., None]  # noqa: E731
        x = np.full((5, *shape), MASK)
        *_, step = sampler(denoise, x, WALK, noise=uniform(range(5), shape))
        return step.x

    np.testing.assert_array_equal(run((2, 3)).reshape(5, 6), run((6,)))


def test_runs_share_nothing(sampler):
    """Two runs taken in turns are the same two taken one after the other."""

    def steps(seed, walk):
        return sampler(DATA.denoise, blank(1), walk, noise=uniform([seed], (3,)))

    walks = WALK, path(polynomial(), 5)
    apart = [[step.x for step in steps(i, walk)] for i, walk in enumerate(walks)]
    turns = zip_longest(*(steps(i, walk) for i, walk in enumerate(walks)))
    together = [[step.x for step in some if step] for some in zip(*turns, strict=True)]
    for a, b in zip(apart, together, strict=True):
        np.testing.assert_array_equal(np.stack(a), np.stack(b))


def test_paths_that_do_not_lead_down_say_so(sampler):
    noise = uniform([1], (3,))
    for short in ([], WALK[:1]):
        with pytest.raises(ValueError, match=f"a path of {len(short)} level"):
            list(sampler(DATA.denoise, blank(1), short, noise=noise))
    up = at(polynomial(), [0.6, 0.2])[::-1]
    if sampler.__name__ == "gibbs":
        list(sampler(DATA.denoise, blank(1), up, noise=noise))
    else:
        with pytest.raises(ValueError, match=r"from t=0.2 to t=0.6, and .* sweep with gibbs"):
            list(sampler(DATA.denoise, blank(1), up, noise=noise))


def test_free_tokens_are_drawn_again_and_no_others():
    """Polishing a finished sample: what is not free stays, what is free moves."""
    x = np.zeros((400, 3), int)
    free = np.array([True, False, True])
    walk = [*[level(polynomial(), 0.5)] * 4, level(polynomial(), 0.0)]
    for name in ("gibbs", "remdm"):
        last = run(find(GROUP, name), range(400), x, walk=walk, free=free)[-1]
        assert (last[:, 1] == 0).all()
        assert (last[:, [0, 2]] != 0).any()


def test_a_sweep_draws_each_free_token_once_and_alone():
    """Of samples of different lengths, and none of what is not free or no token."""
    x = np.array([[0, 0, 0], [0, 0, PAD], [0, 0, 0]])
    free = np.array([[True] * 3, [True, True, False], [False, True, False]])
    hidden = []

    def watched(x, t):
        hidden.append(x == MASK)
        return np.zeros((*x.shape, 3))

    walk = [*[level(polynomial(), 0.3)] * 9, level(polynomial(), 0.0)]
    noise = in_turn(uniform([1, 2, 3], (3,)), free, 2)
    *_, last = find(GROUP, "gibbs")(watched, x, walk, noise=noise, free=free)
    assert all((h.sum(1) <= 1).all() for h in hidden)
    np.testing.assert_array_equal(np.sum(hidden, 0), 2 * free)
    assert (last.x != MASK).all()
    assert (last.x[~free] == x[~free]).all()


def test_sweeps_keep_the_joint_distribution():
    """Whatever they begin from: twenty sweeps over a sample of one kind."""
    count, sweeps = 20_000, 20
    x = np.zeros((count, LENGTH), int)
    walk = [*[level(polynomial(), 0.3)] * (LENGTH * sweeps + 1), level(polynomial(), 0.0)]
    free = np.ones_like(x) > 0
    drawn = in_turn(uniform(range(count), (LENGTH,)), free, sweeps)
    *_, last = find(GROUP, "gibbs")(DENOISE, x, walk, noise=drawn, free=free)
    assert excess(counts(last.x), DATA.weights) < 4


def test_the_docs_list_all():
    text = (Path(__file__).parents[2] / "docs" / "discrete.md").read_text("utf-8")
    for name in NAMES + names("discrete.guidance"):
        assert f"| `{name}" in text, f"docs/discrete.md has no row for {name}"


def test_samplers_are_kept_apart_by_contract():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    independent = [
        m for c in project["tool"]["importlinter"]["contracts"] for m in c.get("modules", [])
    ]
    assert {f"unstir.core.{GROUP}.{name}" for name in NAMES} <= set(independent)
