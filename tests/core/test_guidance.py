"""Every guidance file, found by listing its folder, must pass all of this; then each alone."""

import inspect
import math
import re
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
import torch

from unstir.core.fields import Fields
from unstir.core.find import find, names
from unstir.core.guidance import ONLY_WITH, REFUSED, branches, check, counted
from unstir.core.levels import Level
from unstir.core.namespace import mean, namespace
from unstir.core.noise import gaussian
from unstir.core.paths import path
from unstir.core.schedules import cosine, edm, flow, level, linear_beta
from unstir.modalities import toy

WRAPPERS, SAMPLERS = names("guidance"), names("samplers")
WALK = path(linear_beta(), 6)
SHAPE = (3, 4, 4)
each = pytest.mark.parametrize("name", WRAPPERS)


def known_gaussian(center, spread=0.5):
    """E[x_0 | x_t] for data N(center, spread), of arrays and of Fields."""

    def denoise(x, t):
        gain = t.alpha * spread / (t.alpha * t.alpha * spread + t.sigma * t.sigma)
        return center + gain * (x - t.alpha * center)

    return denoise


POS, NEG = known_gaussian(0.8), known_gaussian(-0.4, 1.5)


def build(name, like, walk=WALK, pos=POS, neg=NEG, **numbers):
    """The guidance `name`, its arguments chosen by their names, for a state like `like`."""
    known, mask = 0 * like + 0.25, _half(like)
    there = {
        "both": branches(pos, neg), "denoise": pos, "inside": pos, "outside": neg, "good": pos,
        "bad": neg, "known": known, "mask": mask, "path": walk, "scale": 0.6,
        "low": 0.3, "high": 0.7,
    }  # fmt: skip
    function = find("guidance", name)
    needed = [
        p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty
    ]
    assert set(needed) <= set(there), f"teach this test what {needed} of {name} are"
    return function(**{k: there[k] for k in needed} | numbers)


def _half(x):
    """1 on the first half of the last axis."""
    if isinstance(x, Fields):
        return x.map(_half)
    mask = 0 * x
    mask[..., : x.shape[-1] // 2] = 1
    return mask


def state(backend, n=8, first=0):
    seeds = range(first, first + n)
    if backend == "fields":
        return toy.noise(seeds)(-1)
    return gaussian(seeds, SHAPE, to=torch.from_numpy if backend == "torch" else None)(-1)


def arrays(x):
    return list(x.arrays.values()) if isinstance(x, Fields) else [x]


def sample(name, sampler, x, seeds, walk=WALK, to=None):
    noise = toy.noise(seeds) if isinstance(x, Fields) else gaussian(seeds, SHAPE, to=to)
    *_, last = find("samplers", sampler)(build(name, x, walk), x, walk, noise=noise)
    return last.x


# Conformance of all


@each
def test_it_cites_its_source(name):
    module = inspect.getmodule(find("guidance", name))
    assert re.search(r"\((\w+.*)?(19|20)\d\d", module.__doc__), "name, year and equation, please"
    assert find("guidance", name).__doc__


@each
@pytest.mark.parametrize("backend", ["numpy", "torch", "fields"])
def test_shape_dtype_and_numbers(name, backend):
    x = state(backend)
    for t in WALK[:-1]:
        out = build(name, x)(x, t)
        for got, given in zip(arrays(out), arrays(x), strict=True):
            assert got.shape == given.shape
            assert got.dtype == given.dtype
            assert namespace(got).isfinite(got).all()


@each
def test_backends_agree(name):
    ours, theirs = build(name, state("numpy")), build(name, state("torch"))
    for t in WALK[:-1]:
        a, b = ours(state("numpy"), t), theirs(state("torch"), t)
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)


@each
@pytest.mark.parametrize("backend", ["numpy", "fields"])
def test_eight_are_eight_times_one(name, backend):
    whole = state(backend)
    guided = build(name, whole)
    alone = [build(name, state(backend, 1, i)) for i in range(8)]
    for t in WALK[:-1]:
        together = guided(whole, t)
        for i, one in enumerate(alone):
            single = one(state(backend, 1, i), t)
            for a, b in zip(arrays(together), arrays(single), strict=True):
                np.testing.assert_array_equal(a[i], b[0])


@each
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("backend", ["numpy", "fields"])
def test_with_every_sampler(name, sampler, backend):
    if sampler not in ONLY_WITH.get(name, SAMPLERS):
        with pytest.raises(
            ValueError, match=f"{name} goes with ddim, euler only, not with {sampler}"
        ):
            check([name], sampler)
        return
    check([name], sampler)
    x = state(backend, 3)
    together, alone = sample(name, sampler, x, range(3)), sample(name, sampler, _row(x, 1), [1])
    for a, b in zip(arrays(together), arrays(alone), strict=True):
        assert np.isfinite(a).all()
        assert np.abs(a).max() < 100
        np.testing.assert_array_equal(a[1], b[0])
    if backend == "fields" and name not in ("keep", "timemap", "dynamic_threshold"):
        np.testing.assert_allclose(
            together["pairs"], together["pairs"].swapaxes(1, 2), rtol=1e-5, atol=1e-5
        )


def _row(x, i):
    return x.map(lambda part: part[i : i + 1]) if isinstance(x, Fields) else x[i : i + 1]


@pytest.mark.parametrize("sampler", ["ddim", "dpmpp_2m", "euler_ancestral"])
@each
def test_whole_runs_agree_between_backends(name, sampler):
    if sampler in ONLY_WITH.get(name, SAMPLERS):
        ours = sample(name, sampler, state("numpy"), range(8))
        theirs = sample(name, sampler, state("torch"), range(8), to=torch.from_numpy)
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-4)


@each
def test_scale_one_is_no_guidance(name):
    if "scale" in inspect.signature(find("guidance", name)).parameters and name != "cfgpp":
        x = state("numpy")
        plain = 1e-6 if name == "rescale" else 0.0
        for t in WALK[:-1]:
            out = build(name, x, scale=1.0)(x, t)
            np.testing.assert_allclose(out, POS(x, t), rtol=plain, atol=plain)


# What combines


INSIDE_OUT = list(product(["keep", "timemap"], WRAPPERS))


@pytest.mark.parametrize(("inner", "outer"), INSIDE_OUT)
def test_what_is_known_stays_known_unless_the_table_refuses(inner, outer):
    x, t = state("numpy"), WALK[2]
    pos, neg = build(inner, x), build(inner, x, pos=NEG)
    numbers = (
        {"scale": 2.5} if "scale" in inspect.signature(find("guidance", outer)).parameters else {}
    )
    numbers |= {"bound": 0.1} if outer == "dynamic_threshold" else {}
    out = build(outer, x, pos=pos, neg=neg, **numbers)(x, t)
    error = np.abs((out - 0.25) * _half(x)).max()
    assert (error > 1e-4) == ((inner, outer) in REFUSED), error


def test_check_names_the_pair_and_the_way_out():
    check(["cfg", "interval", "dynamic_threshold", "keep", "timemap"], "heun")
    check(["cfgpp", "interval", "keep"], "ddim")
    with pytest.raises(ValueError, match=r"rescale cannot wrap keep: .* swap the two"):
        check(["keep", "interval", "rescale"], "ddim")
    with pytest.raises(ValueError, match=r"cannot wrap cfgpp: .* no estimate of x0"):
        check(["cfgpp", "dynamic_threshold"], "ddim")
    with pytest.raises(ValueError, match="cfgpp goes with ddim, euler only, not with heun"):
        check(["cfgpp"], "heun")


def test_the_docs_print_the_table():
    docs = (Path(__file__).parents[2] / "docs" / "guidance.md").read_text("utf-8")
    for inner in {pair[0] for pair in REFUSED}:
        outers = sorted(outer for i, outer in REFUSED if i == inner)
        assert f"| {inner} | {', '.join(outers)} | {REFUSED[inner, outers[0]]} |" in docs
    for name, only in ONLY_WITH.items():
        assert f"| {name} | {', '.join(only)} |" in docs
    for name in WRAPPERS:
        parameters = ", ".join(inspect.signature(find("guidance", name)).parameters)
        assert f"| `{name}({parameters})` |" in docs


def test_the_table_speaks_of_files_that_exist():
    assert {name for pair in REFUSED for name in pair} | set(ONLY_WITH) <= set(WRAPPERS)
    assert {s for only in ONLY_WITH.values() for s in only} <= set(SAMPLERS)


# Each alone


def one(name, x, t=WALK[2], **numbers):
    return build(name, x, **numbers)(x, t)


def test_cfg_is_its_formula():
    x, t = state("numpy"), WALK[2]
    expected = NEG(x, t) + 3.0 * (POS(x, t) - NEG(x, t))
    np.testing.assert_allclose(one("cfg", x, scale=3.0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one("autoguide", x, scale=3.0), expected, rtol=1e-5, atol=1e-6)


def test_interval_chooses_by_time_and_evaluates_one_side():
    inside, outside = counted(POS), counted(NEG)
    chosen = find("guidance", "interval")(inside, outside, 0.3, 0.7)
    for t, expected in ((0.3, 0), (0.31, 1), (0.7, 2), (0.71, 2)):
        chosen(np.ones((1, 2)), level(flow(), t))
        assert inside.evaluations == expected
    assert outside.evaluations == 2
    own = Level(np.array([[0.0, 0.5]]), np.ones((1, 2)), np.array([[0.0, 0.5]]))
    chosen(np.ones((1, 2)), own)
    assert inside.evaluations == 3


def test_rescale_restores_the_deviation():
    x, t = state("numpy"), WALK[2]
    full = one("rescale", x, scale=5.0, amount=1.0)
    np.testing.assert_allclose(full.std((1, 2, 3)), POS(x, t).std((1, 2, 3)), rtol=1e-5)
    none = one("rescale", x, scale=5.0, amount=0.0)
    np.testing.assert_array_equal(none, one("cfg", x, scale=5.0))


def test_dynamic_threshold_is_its_formula():
    x, t = 3 * state("numpy"), WALK[3]
    x0 = POS(x, t)
    for i, got in enumerate(one("dynamic_threshold", x, t, percentile=0.9)):
        s = max(1.0, np.quantile(np.abs(x0[i]), 0.9))
        np.testing.assert_allclose(got, np.clip(x0[i], -s, s) / s, rtol=1e-5)
    inside = one("dynamic_threshold", x, t, bound=100.0)
    np.testing.assert_array_equal(inside, x0)


def test_apg_without_its_three_ideas_is_cfg():
    x = state("numpy")
    plain = one("apg", x, scale=4.0, eta=1.0, momentum=0.0)
    np.testing.assert_allclose(plain, one("cfg", x, scale=4.0), rtol=1e-4, atol=1e-5)


def test_apg_moves_at_right_angles_by_norm_and_with_momentum():
    x, t, s = state("numpy"), WALK[2], WALK[3]
    pos = POS(x, t)
    step = one("apg", x, scale=2.0, norm=0.5) - pos
    np.testing.assert_allclose(mean(step * pos), 0, atol=1e-6)
    long = one("apg", x, scale=2.0, norm=0.5, eta=1.0) - pos
    np.testing.assert_allclose(np.sqrt((long**2).sum((1, 2, 3))), 0.5, rtol=1e-5)
    run = build("apg", x, scale=2.0, eta=1.0, momentum=-0.25)
    run(x, t)
    average = POS(x, s) - NEG(x, s) - 0.25 * (pos - NEG(x, t))
    np.testing.assert_allclose(run(x, s) - POS(x, s), average, rtol=1e-4, atol=1e-5)
    fresh = build("apg", x, scale=2.0, eta=1.0, momentum=-0.25)
    np.testing.assert_array_equal(fresh(x, t), build("apg", x, scale=2.0, eta=1.0)(x, t))


@pytest.mark.parametrize("sampler", ONLY_WITH["cfgpp"])
@pytest.mark.parametrize("schedule", [linear_beta(), cosine(), flow(), edm()], ids=str)
def test_cfgpp_is_the_published_update(sampler, schedule):
    walk, scale = path(schedule, 7), 0.6
    x = walk[0].sigma * state("numpy").astype("float64")
    guided = find("guidance", "cfgpp")(branches(POS, NEG), scale, walk)
    *_, last = find("samplers", sampler)(guided, x, walk)
    for t, s in pairwise(walk):
        pos, neg = POS(x, t), NEG(x, t)
        eps = (x - t.alpha * neg) / t.sigma
        x = s.alpha * (neg + scale * (pos - neg)) + s.sigma * eps
    np.testing.assert_allclose(last.x, x, rtol=1e-9, atol=1e-9)


def test_cfgpp_refuses_what_it_cannot_know():
    x = state("numpy")
    with pytest.raises(ValueError, match=r"asked at t=0\.123.*use ddim or euler"):
        one("cfgpp", x, level(linear_beta(), 0.123))
    with pytest.raises(ValueError, match="only goes down"):
        build("cfgpp", x, walk=WALK[::-1])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("backend", ["numpy", "fields"])
def test_keep_gives_the_known_part_back(sampler, backend):
    x = state(backend, 4)
    known, mask = 0 * x + 0.25, _half(x)
    out = sample("keep", sampler, x, range(4))
    done = namespace(out).where(mask > 0.5, known, out)
    for got, near, m in zip(arrays(done), arrays(out), arrays(mask), strict=True):
        assert (got[m == 1] == 0.25).all()
        np.testing.assert_allclose(near[m == 1], 0.25, atol=1e-4)
        assert np.abs(near[m == 0] - 0.25).max() > 0.05


def test_timemap_shows_the_network_its_times():
    x, seen = state("numpy"), []
    mask = _half(x)[:, :1]
    known = 0 * x + 0.25
    t = level(flow(), 0.6)
    mapped = find("guidance", "timemap")(lambda z, own: seen.append((z, own)) or z, known, mask)
    out = mapped(x, t)
    z, own = seen[0]
    assert own.t.shape == (8, 1, 4, 4)
    assert own.t.dtype == np.float32
    known_at, free_at = mask[0, 0] == 1, mask[0, 0] == 0
    for got, clean, noisy in ((own.t, 0, 0.6), (own.alpha, 1, 0.4), (own.sigma, 0, 0.6)):
        assert (got[0, 0][known_at] == clean).all()
        np.testing.assert_allclose(got[0, 0][free_at], noisy, rtol=1e-6)
    assert (z[:, :, known_at] == 0.25).all()
    np.testing.assert_array_equal(z[:, :, free_at], x[:, :, free_at])
    assert (out[:, :, known_at] == 0.25).all()


def test_timemap_draws_from_the_exact_conditional():
    """A Gaussian of three numbers, one of them known: the rest must follow given it."""
    covariance = np.array([[1.0, 0.6, -0.3], [0.6, 1.5, 0.4], [-0.3, 0.4, 0.8]])

    def denoise(x, t):  # exact for a level per element
        a, s = (np.broadcast_to(v, x.shape)[0] for v in (t.alpha, t.sigma))
        gain = covariance * a @ np.linalg.inv(a[:, None] * covariance * a + np.diag(s * s))
        return x @ gain.T

    n, mask = 40_000, np.array([[1.0, 0.0, 0.0]])
    walk = path(cosine(), 60)
    x = gaussian(range(4), (n // 4, 3), dtype="float64")(-1).reshape(n, 3)
    known = np.full((n, 3), 1.2)
    guided = find("guidance", "timemap")(denoise, known, mask)
    *_, last = find("samplers", "dpmpp_2m")(guided, x, walk)
    free = last.x[:, 1:]
    center = 1.2 * covariance[1:, 0]
    spread = covariance[1:, 1:] - np.outer(covariance[1:, 0], covariance[0, 1:])
    np.testing.assert_allclose(free.mean(0), center, atol=0.03)
    np.testing.assert_allclose(np.cov(free.T), spread, atol=0.04)


def test_counting():
    both = counted(branches(POS, NEG))
    x = state("numpy")
    *_, last = find("samplers", "ddim")(find("guidance", "cfg")(both, 3.0), x, WALK)
    assert both.evaluations == 2 * 6
    single = counted(POS)
    *_, last = find("samplers", "heun")(single, x, WALK)
    assert single.evaluations == 2 * 6 - 1
    assert math.isfinite(last.x.sum())
