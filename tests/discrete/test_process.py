"""Hiding, keeping, drawing, wrapping: each is its formula, on numpy and torch."""

import inspect
import math

import numpy as np
import pytest
import torch
from discrete_checks import (
    DATA,
    DENOISE,
    LENGTH,
    VALUES,
    blank,
    code,
    counts,
    excess,
    grid,
    looked_up,
    nelbo,
    noise,
    sample,
)
from hypothesis import given
from hypothesis import strategies as st

from unstir.core.discrete.exact import Joint
from unstir.core.discrete.process import MASK, NEVER, PAD, draw, keep, normalized, stir, subs
from unstir.core.discrete.schedules import cosine, polynomial
from unstir.core.find import find, names
from unstir.core.guidance import branches
from unstir.core.guidance.autoguide import autoguide
from unstir.core.guidance.cfg import cfg
from unstir.core.guidance.interval import interval
from unstir.core.noise import uniform
from unstir.core.paths import path
from unstir.core.schedules import level

SCHEDULES = [polynomial(), polynomial(2.0), polynomial(0.5), cosine()]
HALF = level(polynomial(), 0.5)
each = pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
random_order = find("discrete.samplers", "random_order")
temperature, top_p = (find("discrete.guidance", name) for name in ("temperature", "top_p"))


# Schedules


@each
@given(t=st.floats(1e-3, 1 - 1e-3))
def test_schedule_is_a_probability_and_its_rate_the_derivative(schedule, t):
    alpha, sigma = schedule(t)
    assert 0 < sigma < 1
    assert alpha + sigma == pytest.approx(1, abs=1e-15)
    h = 1e-6 * t
    slope = (schedule(t + h)[0] - schedule(t - h)[0]) / (2 * h)
    assert schedule.rate(t) == pytest.approx(-slope / (1 - alpha), rel=1e-4, abs=1e-6)
    assert schedule.inverse(level(schedule, t).lam) == pytest.approx(t, abs=1e-7)


@each
def test_schedule_ends_monotony_and_backends(schedule):
    assert schedule(0.0) == (1.0, 0.0)
    assert schedule(1.0) == (0.0, 1.0)
    times = np.linspace(0, 1, 1001)
    assert (np.diff(schedule(times)[0]) < 0).all()
    for ours, theirs in zip(schedule(times), schedule(torch.from_numpy(times)), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-15)


def test_schedules_have_names():
    assert {type(s).__name__ for s in SCHEDULES} == set(names("discrete.schedules"))
    assert find("discrete.schedules", "cosine")() == cosine()


@each
def test_bound_of_the_exact_denoiser_is_the_entropy(schedule):
    assert nelbo(DENOISE, schedule) == pytest.approx(DATA.entropy(), rel=1e-6)
    blunt = looked_up(temperature(DATA.denoise, 1.3))
    assert nelbo(lambda x, t: normalized(blunt(x, t)), schedule) > DATA.entropy() + 0.01


# The process


def test_stir_hides_its_share_and_no_padding():
    x0 = np.random.default_rng(0).integers(0, 5, (400, 50))
    x0[:, 40:] = PAD
    for schedule in SCHEDULES:
        t = level(schedule, 0.3)
        x = stir(x0, t, noise(x0.shape)(0))
        hidden = x == MASK
        np.testing.assert_array_equal(x[~hidden], x0[~hidden])
        assert not hidden[:, 40:].any()
        assert hidden[:, :40].mean() == pytest.approx(t.sigma, abs=4.5 * 0.5 / math.sqrt(16_000))
    assert (stir(x0, level(cosine(), 1.0), noise(x0.shape)(0))[:, :40] == MASK).all()
    np.testing.assert_array_equal(stir(x0, level(cosine(), 0.0), noise(x0.shape)(0)), x0)


def test_keep_is_where():
    known, mask = np.arange(6).reshape(2, 3), np.array([[1, 0, 1], [0, 0, 1]])
    assert keep(known, mask).tolist() == [[0, MASK, 2], [MASK, MASK, 5]]
    assert keep(known, mask, 10 * known).tolist() == [[0, 10, 2], [30, 40, 5]]
    ours = keep(torch.from_numpy(known), torch.from_numpy(mask))
    assert ours.tolist() == keep(known, mask).tolist()


@pytest.mark.parametrize("to", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_subs_never_names_mask_and_passes_on_what_is_seen(to):
    x = to(np.array([[MASK, 2, 0, PAD]]))
    raw = to(np.random.default_rng(0).standard_normal((1, 4, 3)))
    p = np.exp(np.asarray(subs(lambda x, t: raw)(x, HALF)))
    assert p.shape == (1, 4, 3)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    softmax = np.exp(np.asarray(raw)) / np.exp(np.asarray(raw)).sum(-1, keepdims=True)
    np.testing.assert_allclose(p[0, 0], softmax[0, 0], rtol=1e-12)
    np.testing.assert_array_equal(p[0, 1:3], [[0, 0, 1], [1, 0, 0]])


def test_draw_follows_the_probabilities_and_draws_nothing_impossible():
    p = np.array([0.0, 0.1, 0.0, 0.6, 0.3, 0.0])
    logits = np.log(np.where(p > 0, p, 1)) + np.where(p > 0, 0, NEVER) + 700  # unnormalized
    u = noise((40_000,))(0)
    found = draw(np.broadcast_to(logits, (40_000, 6)), u)
    assert excess(np.bincount(found, minlength=6), p) < 4
    for edge in (1e-300, 1 - 2**-53, 1.0):
        assert p[draw(logits, np.array(edge))] > 0
    infinite = np.where(p > 0, logits, -np.inf)
    np.testing.assert_array_equal(draw(np.broadcast_to(infinite, (40_000, 6)), u), found)


def test_uniform_noise_is_keyed_and_within_bounds():
    every = uniform(range(8), (3, 1000))
    for step, draw_ in ((0, 0), (5, 1)):
        for i in range(8):
            alone = uniform([i], (3, 1000))(step, draw_)
            np.testing.assert_array_equal(every(step, draw_)[i], alone[0])
    u = every(0)
    assert 0 < u.min() < u.max() < 1
    assert np.abs(np.corrcoef(u.reshape(8, -1)) - np.eye(8)).max() < 4.5 / math.sqrt(3000)
    assert u.mean() == pytest.approx(0.5, abs=4.5 / math.sqrt(12 * u.size))
    assert abs(np.corrcoef(u.ravel(), every(0, 1).ravel())[0, 1]) < 4.5 / math.sqrt(u.size)


# The oracle


@pytest.mark.parametrize("to", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_exact_denoiser_is_bayes(to):
    data = Joint(to(DATA.tokens), to(DATA.weights))
    for state in grid(MASK)[::7]:
        fits = ((DATA.tokens == state) | (state == MASK)).all(1)
        for place in range(LENGTH):
            by_hand = [
                DATA.weights[fits & (DATA.tokens[:, place] == k)].sum() / DATA.weights[fits].sum()
                for k in range(VALUES)
            ]
            found = np.exp(np.asarray(data.denoise(to(state[None]), HALF)))[0, place]
            np.testing.assert_allclose(found, by_hand, rtol=1e-12)


# Editing


def test_keep_gives_the_exact_conditional():
    for place, value in ((0, 2), (1, 0), (2, 1)):
        known, mask = np.full((20_000, LENGTH), value), np.arange(LENGTH) == place
        x = sample(random_order, path(polynomial(), LENGTH - 1), keep(known, mask))
        fits = DATA.tokens[:, place] == value
        p = np.where(fits, DATA.weights, 0) / DATA.weights[fits].sum()
        assert (x[:, place] == value).all()
        assert excess(counts(x), p) < 4


def test_the_same_tokens_are_shown_whatever_stands_beside_them():
    """Padding to any length changes nothing: the numbers of a place are its own."""
    logits = np.random.default_rng(0).standard_normal((12, 4))

    def run(length):
        x = np.where(np.arange(length) < 6, MASK, PAD)[None]
        denoise = lambda x, t: logits[:length] + 0 * x[..., None]  # noqa: E731
        *_, step = random_order(denoise, x, path(cosine(), 4), noise=uniform([5], (length,)))
        return step.x[0, :6]

    np.testing.assert_array_equal(run(6), run(12))


# Wrappers


def independent(seed):
    """Tokens that do not depend on each other: (L, K) probabilities and their denoiser."""
    p = np.random.default_rng(seed).dirichlet(np.ones(VALUES), LENGTH)
    return p, lambda x, t: np.log(p) + 0 * x[..., None]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_guidance_samples_the_tilted_distribution(scale):
    """p_neg (p_pos / p_neg)^scale, normalized: with independent tokens in closed form."""
    (p, pos), (n, neg) = independent(1), independent(2)
    tilted = n * (p / n) ** scale
    tilted /= tilted.sum(-1, keepdims=True)
    joint = tilted[0][:, None, None] * tilted[1][:, None] * tilted[2]
    for guided in (cfg(branches(pos, neg), scale), autoguide(pos, neg, scale)):
        x = sample(random_order, path(polynomial(), LENGTH), blank(20_000), guided)
        assert excess(counts(x), joint.ravel()) < 4


def test_guidance_of_dependent_tokens_tilts_every_conditional():
    """One token a step, from left to right: by enumeration of what can be drawn."""
    other = Joint(DATA.tokens, DATA.weights[::-1])
    guided = looked_up(cfg(branches(DATA.denoise, other.denoise), 2.0))
    plain = noise((20_000, LENGTH))

    def left_to_right(step, draw=0):
        return plain(step) if draw == 0 else np.broadcast_to([0.9, 0.5, 0.1], (20_000, LENGTH))

    walk = path(polynomial(), LENGTH)
    *_, step = random_order(guided, blank(20_000), walk, noise=left_to_right)
    p = np.ones(len(DATA.tokens))
    for place in range(LENGTH):
        seen = np.where(np.arange(LENGTH) < place, DATA.tokens, MASK)
        found = np.exp(normalized(guided(seen, HALF)))[:, place]
        p = p * np.take_along_axis(found, DATA.tokens[:, place, None], 1)[:, 0]
    assert p.sum() == pytest.approx(1)
    assert excess(counts(step.x), p) < 4


@pytest.mark.parametrize("by", [0.5, 2.0])
def test_temperature_is_a_power(by):
    p = np.exp(normalized(temperature(DATA.denoise, by)(blank(1), HALF)))
    power = np.exp(DATA.denoise(blank(1), HALF)) ** (1 / by)
    np.testing.assert_allclose(p, power / power.sum(-1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(
        temperature(DATA.denoise, 1.0)(blank(1), HALF), DATA.denoise(blank(1), HALF)
    )
    for wrong in (0, -1.0, math.nan):
        with pytest.raises(ValueError, match="not above 0"):
            temperature(DATA.denoise, wrong)


@pytest.mark.parametrize("to", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_top_p_keeps_the_fewest_that_hold_p(to):
    logits = to(np.log([[0.1, 0.4, 0.2, 0.3]]) + 5)

    def left(p):
        found = np.exp(np.asarray(normalized(top_p(lambda x, t: logits, p)(None, HALF))))
        return found[0].round(6).tolist()

    assert left(0.01) == left(0.0) == [0, 1, 0, 0]
    assert left(0.5) == [0, round(4 / 7, 6), 0, round(3 / 7, 6)]
    assert left(0.75) == [0, round(4 / 9, 6), round(2 / 9, 6), round(3 / 9, 6)]
    assert left(1.0) == [0.1, 0.4, 0.2, 0.3]
    many = to(np.linspace(0, -30, 1000, dtype=np.float32)[None])
    assert (np.asarray(top_p(lambda x, t: many, 1.0)(None, HALF)) > NEVER).all()


def test_wrappers_nest_and_stay_finite():
    """What is impossible for one branch or both is no NaN; an interval chooses by the time."""
    never = np.array([0.0, NEVER, NEVER]) + np.zeros((1, LENGTH, 1))
    flat = np.zeros((1, LENGTH, VALUES))
    for scale in (0.0, 0.5, 1.0, 7.0):
        guided = cfg(branches(lambda x, t: never, lambda x, t: flat), scale)
        both = top_p(temperature(guided, 0.8), 0.9)
        assert np.isfinite(both(blank(1), HALF)).all()
        p = np.exp(normalized(cfg(lambda x, t: (never, never), scale)(blank(1), HALF)))
        np.testing.assert_array_equal(p, [[[1, 0, 0]] * LENGTH])
    chosen = interval(lambda x, t: never, lambda x, t: flat, low=0.3, high=0.7)
    assert chosen(blank(1), HALF) is never
    assert chosen(blank(1), level(polynomial(), 0.2)) is flat


@pytest.mark.parametrize("name", names("discrete.guidance"))
def test_wrappers_cite_their_source(name):
    wrapper = find("discrete.guidance", name)
    assert "(" in inspect.getmodule(wrapper).__doc__
    assert "et al. " in inspect.getmodule(wrapper).__doc__
    assert wrapper.__doc__


def test_every_state_has_its_row():
    np.testing.assert_array_equal(code(grid(0)), np.arange(VALUES**LENGTH))
    np.testing.assert_array_equal(code(grid(MASK), MASK), np.arange((VALUES + 1) ** LENGTH))
