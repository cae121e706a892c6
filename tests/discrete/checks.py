"""What every sampler of tokens must do, as functions that raise: for the conformance and the
mutation test.

Each takes `(sampler, exact)`, the function and its EXACT. The data is a small joint distribution,
whose samples are counted: `excess` is the chi-square statistic in deviations above its mean. Seeds
are fixed, so nothing here is a matter of luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from unstir.core.discrete.exact import Joint
from unstir.core.discrete.process import MASK
from unstir.core.discrete.schedules import cosine, polynomial
from unstir.core.levels import Path
from unstir.core.paths import path
from unstir.core.schedules import level

Sampler = Callable[..., Any]
LENGTH, VALUES = 3, 3


def grid(low: int) -> Any:
    """Every sequence of LENGTH tokens from `low` up, (M, L)."""
    return np.array(list(product(range(low, VALUES), repeat=LENGTH)))


def code(x: Any, low: int = 0) -> Any:
    """Which row of grid(low) each sequence is."""
    return ((x - low) * (VALUES - low) ** np.arange(LENGTH)[::-1]).sum(-1)


def _weights() -> Any:
    w = np.random.default_rng(0).dirichlet(np.full(VALUES**LENGTH, 0.4)) + 2e-3
    return w / w.sum()


DATA = Joint(grid(0), _weights())
"""Strongly dependent tokens; no sequence is impossible."""


def looked_up(denoise: Callable[..., Any]) -> Callable[..., Any]:
    """A denoiser that does not depend on time, from a table of all 64 states."""
    table = denoise(grid(MASK), level(polynomial(), 0.5))
    return lambda x, t: table[code(x, MASK)]


DENOISE = looked_up(DATA.denoise)


def noise(shape: tuple[int, ...], seed: int = 0) -> Callable[..., Any]:
    """Uniform numbers by (step, draw), all samples from one stream: faster than a stream each."""

    def source(step: int, draw: int = 0) -> Any:
        key = np.array([seed, draw], np.uint64)
        bits = np.random.Philox(key=key, counter=np.array([0, 0, 0, step % 2**64], np.uint64))
        return np.random.Generator(bits).random(shape)

    return source


def sample(sampler: Sampler, walk: Path, x: Any, denoise: Any = DENOISE, **numbers: Any) -> Any:
    """The last state."""
    *_, step = sampler(denoise, x, walk, noise=noise(x.shape), **numbers)
    return step.x


def blank(count: int, length: int = LENGTH) -> Any:
    """All MASK."""
    return np.full((count, length), MASK)


def counts(x: Any) -> Any:
    """How often each sequence of the grid is in x (B, L)."""
    assert x.min() >= 0, "MASK is left"
    return np.bincount(code(x), minlength=VALUES**LENGTH)


def excess(found: Any, p: Any) -> float:
    """(chi-square - its mean) / its deviation, of counts against probabilities."""
    expected, some = found.sum() * p, p > 0
    assert found[~some].sum() == 0, "something impossible was drawn"
    freedom = some.sum() - 1
    statistic = ((found - expected)[some] ** 2 / expected[some]).sum()
    return float((statistic - freedom) / math.sqrt(2 * freedom))


def distance(x: Any, p: Any) -> float:
    """Total variation between samples and probabilities."""
    return float(0.5 * np.abs(counts(x) / len(x) - p).sum())


# What all do


def marginals(sampler: Sampler, exact: bool) -> None:
    """Where x_0 is known, sigma_s of its tokens are hidden at s, on average."""
    point, count, length = np.arange(8) % VALUES, 2000, 8
    logits = np.where(point[:, None] == np.arange(VALUES), 0.0, -1e9)
    for schedule in (polynomial(), polynomial(2.0), cosine()):
        x, rounding = blank(count, length), 0.5 / length
        steps = sampler(
            lambda x, t: logits + 0.0 * x[..., None], x, path(schedule, 8), noise=noise(x.shape)
        )
        for step in steps:
            masked, sigma = step.x == MASK, step.level.sigma
            assert (masked | (step.x == point)).all(), "a token that cannot be"
            off = abs(masked.mean() - sigma)
            chance = 4.5 * math.sqrt(sigma * (1 - sigma) / (count * length))
            allowed = chance if exact and masked.sum(1).std() > 0 else rounding
            assert off <= allowed + 1e-12, f"{schedule} at t={step.level.t}: off by {off}"


def one_step(sampler: Sampler, exact: bool) -> None:
    """In one step tokens do not know of each other: the product of their marginals."""
    p = np.exp(DENOISE(blank(1), None)[0])  # (L, K)
    each = p[0][:, None, None] * p[1][:, None] * p[2]
    x = sample(sampler, path(polynomial(), 1), blank(20_000))
    found = excess(counts(x), each.ravel())
    assert found < 4, f"not the product of the marginals by {found} deviations"


def converges(sampler: Sampler, exact: bool) -> None:
    """With more steps nearer to the joint distribution."""
    few, many = (
        distance(sample(sampler, path(polynomial(), n), blank(5000)), DATA.weights)
        for n in (2, 40)
    )
    assert few > 0.1
    assert many < 0.07 if exact else many < 0.5 * few, f"{few} falls to {many} only"


# What some do


def one_at_a_time(sampler: Sampler, exact: bool) -> None:
    """One token a step, in any order: the joint distribution itself."""
    x = sample(sampler, path(polynomial(), LENGTH), blank(40_000))
    found = excess(counts(x), DATA.weights)
    assert found < 4, f"not the joint distribution by {found} deviations"


def greedy(sampler: Sampler, exact: bool) -> None:
    """Without randomness the surest token comes first; with much of it, any."""
    x = blank(500)
    first = next(
        sampler(DENOISE, x, path(polynomial(), LENGTH), noise=noise(x.shape), randomness=0.0)
    )
    p = np.exp(first.x0)
    best = p[0].max(-1).argmax()  # alike for all, for x is blank
    likeliest = p[0, best].argmax()
    drawn = noise(x.shape)(0)[:, best]
    low = p[0, best, :likeliest].sum()
    sure = (drawn > low) & (drawn < low + p[0, best, likeliest])  # who drew the likeliest of all
    assert sure.mean() > 0.3
    assert (first.x[sure, best] == likeliest).all()
    assert ((first.x != MASK).sum(1) == 1).all()
    one_at_a_time(partial(sampler, randomness=1e9), exact)


def bold(sampler: Sampler, exact: bool) -> None:
    """Whatever the cap, as much is hidden; and a path may stay where it is."""
    for cap in (0.3, 1.0):
        marginals(partial(sampler, cap=cap), exact)
    walk = [level(polynomial(), t) for t in (1.0, *[0.4] * 12, 0.0)]
    x, point = blank(20_000, 1), np.array([math.log(0.2), math.log(0.5), math.log(0.3)])
    for step in sampler(
        lambda x, t: point + 0.0 * x[..., None], x, walk, noise=noise(x.shape), cap=0.5
    ):
        expected = np.array([step.level.sigma, *(step.level.alpha * np.exp(point))])
        found = excess(np.bincount(step.x[:, 0] + 1, minlength=4), expected)
        assert found < 5, f"t={step.level.t}: off by {found} deviations"


def stationary(sampler: Sampler, exact: bool) -> None:
    """Hiding one token at a time, the chain forgets its start and keeps the joint."""
    count, sweeps = 20_000, 40
    plain = noise((count, LENGTH), 3)

    def one_hidden(step: int, draw: int = 0) -> Any:
        where = np.argmax(plain(step, 1), 1)[:, None] == np.arange(LENGTH)
        return np.where(where, 1e-9, 1.0) if draw == 1 else plain(step)

    walk = [level(polynomial(), t) for t in (*[0.3] * sweeps, 0.0)]
    x = np.zeros((count, LENGTH), int)
    free = np.ones_like(x) > 0
    *_, step = sampler(DENOISE, x, walk, noise=one_hidden, free=free)
    found = excess(counts(step.x), DATA.weights)
    assert found < 4, f"the joint distribution is not stationary, by {found} deviations"


ALL = (marginals, one_step, converges)
SPECIAL = {
    "random_order": one_at_a_time, "confidence": greedy, "remdm": bold, "gibbs": stationary,
}  # fmt: skip


# The bound on the likelihood


def nelbo(denoise: Callable[..., Any], schedule: Any) -> float:
    """Nats per sequence: the integral over t and the sums over masks and data, all exact."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    root, total = (nodes + 1) / 2, 0.0
    times, weights = root**2, root * weights  # smooth where sigma is a root of t
    sigma, rate = schedule(times)[1], schedule.rate(times)
    for hidden in product((False, True), repeat=LENGTH):
        x = np.where(hidden, MASK, DATA.tokens)
        found = np.take_along_axis(denoise(x, None), DATA.tokens[..., None], -1)[..., 0]
        nats = -(DATA.weights * (found * hidden).sum(-1)).sum()
        chance = sigma ** sum(hidden) * (1 - sigma) ** (LENGTH - sum(hidden))
        total += nats * (weights * rate * chance).sum()
    return float(total)
