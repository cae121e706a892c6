"""Edits against data that is known exactly, and against the trivial thing each must beat."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from unstir.core.edits.differential import differential
from unstir.core.edits.inversion import invert, record, replay
from unstir.core.edits.project import back_project, project
from unstir.core.edits.proximal import proximal, rows
from unstir.core.edits.slerp import slerp
from unstir.core.edits.windows import hann, places, windows
from unstir.core.exact import Gaussian, Mixture, gaussian
from unstir.core.find import find, names
from unstir.core.guidance.cfg import cfg
from unstir.core.guidance.keep import keep
from unstir.core.noise import gaussian as gaussian_noise
from unstir.core.paths import jumps, logsnr, path, resample, start_lower
from unstir.core.samplers.ddim import ddim
from unstir.core.samplers.ddpm import ddpm
from unstir.core.samplers.dpmpp_2m import dpmpp_2m
from unstir.core.schedules import cosine, edm, flow, linear_beta
from unstir.modalities import toy

SCHEDULES = [flow(), cosine(), linear_beta(), edm()]
COVARIANCE = np.array([[1.0, 0.8, -0.3], [0.8, 1.5, 0.4], [-0.3, 0.4, 0.8]])
CORRELATED = gaussian(np.array([0.5, -0.2, 0.1]), COVARIANCE)
CAT = Mixture(
    [0.5, 0.5],
    [
        Gaussian(np.array([2.0, 1.0]), np.array([0.1, 0.4])),
        Gaussian(np.array([2.0, -1.0]), np.array([0.1, 0.2])),
    ],
)
DOG = Mixture(CAT.weights, [Gaussian(p.mean - [4.0, 0.0], p.variance) for p in CAT.parts])


def noise(n, *shape):
    """n rows that are independent, cheaply: one seed for all."""
    source = gaussian_noise([0], (n, *shape), dtype="float64")
    return lambda step, draw=0: source(step, draw)[0]


def end(steps):
    *_, last = steps
    return last.x


def recorded(denoise, x0, walk, source):
    """The first state, and the kicks."""
    steps = list(record(denoise, x0, walk, source))
    return steps[0][0].x, [kick for _, kick in steps]


def conditional(known):
    """Mean and covariance of the others where the first of CORRELATED is `known`."""
    gain = COVARIANCE[1:, 0] / COVARIANCE[0, 0]
    center = CORRELATED.mean[1:] + gain * (known - CORRELATED.mean[0])
    return center, COVARIANCE[1:, 1:] - np.outer(gain, COVARIANCE[0, 1:])


def distance(x, center, covariance):
    """How far the moments of draws x are from these."""
    return np.abs(x.mean(0) - center).max() + np.abs(np.cov(x.T) - covariance).max()


# RePaint


def test_jumps_bring_keep_to_the_exact_conditional():
    """One walk leaves the rest hardly changed by what is known; jumps harmonise them."""
    n, walk, source = 20_000, path(cosine(), 20), noise(20_000, 3)
    known, mask = np.full((1, 3), 2.0), np.array([[1.0, 0.0, 0.0]])
    held = keep(CORRELATED.denoise, known, mask)
    exact = conditional(2.0)
    plain = end(ddpm(held, walk[0].sigma * source(-1), walk, noise=source))[:, 1:]
    walk = jumps(walk, 4, 12)
    far = end(resample(ddpm, held, walk[0].sigma * source(-1), walk, source))[:, 1:]
    ignored = CORRELATED.mean[1:], COVARIANCE[1:, 1:]
    nothing = np.abs(exact[0] - ignored[0]).max() + np.abs(exact[1] - ignored[1]).max()
    assert len(plain) == n
    assert distance(far, *exact) < 0.6 * distance(plain, *exact)
    assert distance(plain, *exact) < nothing


# differential diffusion


def test_differential_is_keep_for_all_or_nothing():
    x, walk = noise(50, 3)(-1), path(flow(), 8)
    known, free = np.full((1, 3), 2.0), np.array([[0.0, 1.0, 1.0]])
    ours = end(ddim(differential(CORRELATED.denoise, known, free), x, walk))
    theirs = end(ddim(keep(CORRELATED.denoise, known, 1 - free), x, walk))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(ours[:, 0], 2.0, atol=1e-12)


@pytest.mark.parametrize("change", [0.25, 0.5, 0.75])
def test_differential_starts_each_element_lower(change):
    """On independent data an element of change c is what start_lower to t = c gives it."""
    data, walk = Gaussian(np.array([1.0, 1.0]), np.array([0.3, 0.3])), path(flow(), 40)
    x, known = noise(100, 2)(-1), np.array([[3.0, 3.0]])
    both = end(ddim(differential(data.denoise, known, np.array([[change, 1.0]])), x, walk))
    lower = start_lower(walk, change)
    begin = lower[0].alpha * known + lower[0].sigma * x
    np.testing.assert_allclose(both[:, 0], end(ddim(data.denoise, begin, lower))[:, 0], atol=1e-9)
    np.testing.assert_allclose(both[:, 1], end(ddim(data.denoise, x, walk))[:, 1], atol=1e-9)


# linear constraints


def halves(x):
    return 0.5 * (x[..., ::2] + x[..., 1::2])


def twice(y):
    return y.repeat_interleave(2, -1) if isinstance(y, torch.Tensor) else np.repeat(y, 2, -1)


SMOOTH = gaussian(np.zeros(8), 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8))))


@pytest.mark.parametrize("sampler", names("samplers"))
def test_a_projected_sample_has_the_measurement(sampler):
    source, walk = noise(30, 8), path(cosine(), 12)
    y = halves(SMOOTH.sample(noise(30, 8)(5), path(cosine(), 2)[-1]))
    denoise = project(SMOOTH.denoise, halves, twice, y)
    x = end(find("samplers", sampler)(denoise, source(-1), walk, noise=source))
    np.testing.assert_allclose(halves(x), y, atol=1e-6)


def test_projection_is_exact_where_range_and_rest_are_independent():
    """Means and differences of pairs are independent here: the differences keep their law."""
    n, walk = 40_000, path(cosine(), 60)
    data = gaussian(np.zeros(2), np.array([[1.0, 0.6], [0.6, 1.0]]))
    denoise = project(data.denoise, halves, twice, np.full((n, 1), 1.5))
    x = end(dpmpp_2m(denoise, noise(n, 2)(-1), walk))
    np.testing.assert_allclose(x.mean(0), 1.5, atol=0.01)
    np.testing.assert_allclose(x[:, 0] - x[:, 1], x[:, 0] * 2 - 3, atol=1e-6)
    assert (x[:, 0] - x[:, 1]).var() == pytest.approx(2 * (1 - 0.6), rel=0.03)


def test_projection_beats_the_pseudo_inverse():
    """The mean of samples is nearer to the truth than repeating the measurement, and near to the
    exact conditional mean."""
    truth = SMOOTH.sample(noise(400, 8)(3), path(cosine(), 2)[-1])
    y, walk, draws = halves(truth), path(cosine(), 40), []
    denoise = project(SMOOTH.denoise, halves, twice, y)
    for i in range(20):
        source = gaussian_noise([i], (400, 8), dtype="float64")
        begin, fresh = source(-1)[0], lambda step, draw=0, s=source: s(step, draw)[0]
        draws.append(end(ddim(denoise, begin, walk, noise=fresh, eta=0.85)))
    A = np.kron(np.eye(4), [[0.5, 0.5]])
    K = 0.9 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    best = y @ (K @ A.T @ np.linalg.inv(A @ K @ A.T)).T

    def error(x):
        return ((x - truth) ** 2).mean()

    assert error(best) < error(np.mean(draws, 0)) < 0.97 * error(twice(y))


def test_back_projection_converges_for_an_inverse_that_is_none():
    y = np.array([[1.0, 2.0]])
    weak = [back_project(np.zeros((1, 4)), halves, lambda r: 0.7 * twice(r), y, n) for n in (1, 9)]
    errors = [np.abs(halves(x) - y).max() for x in weak]
    assert errors[1] < 1e-3 < errors[0]


# windows


def exact_blocks(x, t):
    """Of a chain whose neighbors correlate by 0.9, of any length."""
    n = x.shape[-1]
    K = 0.9 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return gaussian(np.zeros(n), K).denoise(x, t)


def test_windows_of_independent_data_change_nothing():
    data = Gaussian(np.array(0.7), np.array(0.2))
    x = noise(6, 5, 9)(-1)
    for weight in (1.0, np.outer(hann(4), hann(3))):
        wide = windows(data.denoise, (4, 3), (2, 2), weight)
        for t in path(flow(), 4):
            np.testing.assert_allclose(wide(x, t), data.denoise(x, t), rtol=1e-12)


def test_windows_join_what_tiles_leave_apart():
    n, walk, weight = 20_000, path(cosine(), 30), np.array(hann(16))
    x, found = noise(n, 32)(-1), {}
    for stride in (4, 16):
        out = end(dpmpp_2m(windows(exact_blocks, (16,), (stride,), weight), x, walk))
        assert np.abs(out.var(0) - 1).max() < 0.25
        found[stride] = np.corrcoef(out[:, 15], out[:, 16])[0, 1]
    assert abs(found[16]) < 0.05
    assert found[4] > 0.75  # 0.9 is the truth


def test_windows_in_torch():
    x = noise(2, 8)(-1)
    ours = windows(lambda x, t: 2 * x, (4,), (2,), np.array(hann(4)))(x, path(flow(), 2)[0])
    other = windows(lambda x, t: 2 * x, (4,), (2,), torch.tensor(hann(4)).double())
    np.testing.assert_allclose(ours, other(torch.from_numpy(x), path(flow(), 2)[0]).numpy())


def test_windows_cover_evenly_and_say_when_they_cannot():
    for canvas, size, stride in ((10, 4, 3), (4, 4, 1), (9, 4, 4), (100, 7, 2)):
        slices = [place[-1] for place in places([canvas], [size], [stride])]
        assert slices[0].start == 0
        assert slices[-1].stop == canvas
        assert all(0 < b.start - a.start <= stride for a, b in pairwise(slices))
    for canvas, size, stride in (([3], [4], [2]), ([8], [4], [5]), ([8], [4], [0])):
        with pytest.raises(ValueError, match="do not cover a canvas of"):
            places(canvas, size, stride)


# inversion


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_inversion_follows_the_exact_flow(schedule):
    walk = path(schedule, 400, logsnr, start=0.95)
    x0 = CORRELATED.sample(noise(20, 3)(1), walk[-1])
    up = end(invert(CORRELATED.denoise, x0, walk))
    exact = CORRELATED.flow(x0, walk[-1], walk[0])
    np.testing.assert_allclose(up / walk[0].sigma, exact / walk[0].sigma, atol=0.02)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_round_trip_returns_and_refining_helps(schedule):
    """Better at the same number of evaluations, and far better than beginning from fresh noise."""
    x0 = CAT.sample(noise(50, 2)(1), np.linspace(0, 0.99, 50), path(schedule, 2)[-1])
    errors = []
    for steps, refine in ((40, 0), (20, 1), (20, 3)):
        walk = path(schedule, steps, logsnr, start=0.95)
        top = end(invert(CAT.denoise, x0, walk, refine))
        errors.append(np.abs(end(ddim(CAT.denoise, top, walk)) - x0).mean())
    fresh = end(ddim(CAT.denoise, walk[0].sigma * noise(50, 2)(2), walk))
    assert errors[2] < errors[1] < errors[0] < 0.2 * np.abs(fresh - x0).mean()


def test_inversion_gives_noise():
    walk = path(flow(), 200)
    x0 = CAT.sample(noise(4000, 2)(1), noise(4000)(2) % 1, walk[-1])
    top = end(invert(CAT.denoise, x0, walk, 1))
    np.testing.assert_allclose(np.cov(top.T), np.eye(2), atol=0.12)
    assert np.abs(top.mean(0)).max() < 0.1


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_record_replays_exactly(schedule):
    walk, source = path(schedule, 10), noise(50, 2)
    x0 = CAT.sample(noise(50, 2)(99), np.linspace(0, 0.99, 50), walk[-1])
    top, kicks = recorded(CAT.denoise, x0, walk, source)
    np.testing.assert_allclose(end(replay(CAT.denoise, top, walk, kicks)), x0, atol=1e-9)
    assert np.abs(end(replay(DOG.denoise, top, walk, kicks)) - x0).max() > 1


@pytest.mark.parametrize("way", ["invert", "record"])
def test_an_edit_changes_what_was_asked_for_and_keeps_the_rest(way):
    """Cats become dogs (the first number), each with its own second number, which a fresh dog does
    not share."""
    n, walk = 400, path(flow(), 50)
    x0 = CAT.sample(noise(n, 2)(7), noise(n)(8) % 1, walk[-1])
    if way == "invert":
        out = end(ddim(DOG.denoise, end(invert(CAT.denoise, x0, walk, 1)), walk))
    else:
        top, kicks = recorded(CAT.denoise, x0, walk, noise(n, 2))
        out = end(replay(DOG.denoise, top, walk, kicks))
    fresh = end(ddim(DOG.denoise, noise(n, 2)(9), walk))
    assert np.abs(out[:, 0] + 2).mean() < 0.6
    kept = np.corrcoef(out[:, 1], x0[:, 1])[0, 1]
    assert kept > 0.95 > 0.2 > abs(np.corrcoef(fresh[:, 1], x0[:, 1])[0, 1])


def test_edits_take_fields_and_guidance():
    x, walk = toy.noise([7])(-1), path(flow(), 6)
    guided = cfg(lambda x, t: (toy.denoise(x, t), 0.9 * toy.denoise(x, t)), 1.5)
    x0 = end(ddim(guided, walk[0].sigma * x, walk))
    top, kicks = recorded(guided, x0, walk, toy.noise([3]))
    again = end(replay(guided, top, walk, kicks))
    for name, array in again.arrays.items():
        np.testing.assert_allclose(array, x0[name], atol=1e-5)
    half = slerp(x, toy.noise([8])(-1), 0.5)
    assert half["points"].shape == x["points"].shape
    held = differential(toy.denoise, x0, x0.map(lambda part: 0 * part))
    assert (end(ddim(held, x, walk))["points"] == x0["points"]).all()


# between two noises


def test_slerp_is_noise_where_the_straight_mean_is_not():
    a, b = (gaussian_noise([seed], (3, 64, 64))(-1) for seed in (1, 2))
    for share in (0.0, 0.25, 0.5, 1.0):
        assert slerp(a, b, share).std() == pytest.approx(1, abs=0.02)
    assert (0.5 * (a + b)).std() < 0.75
    np.testing.assert_allclose(slerp(a, b, 0.0), a, atol=1e-6)
    np.testing.assert_allclose(slerp(a, b, 1.0), b, atol=1e-6)


def test_slerp_turns_evenly_within_each_sample():
    a, b = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    half = slerp(a, b, np.array([[1 / 3], [0.5]]))
    np.testing.assert_allclose(half[0], [math.cos(math.pi / 6), 0.5])
    np.testing.assert_allclose(half[1], [0.0, 2.0])
    twin = slerp(torch.from_numpy(a), torch.from_numpy(b), 0.3)
    np.testing.assert_allclose(twin.numpy(), slerp(a, b, 0.3))


def test_proximal_weighs_a_noisy_measurement():
    """The first of CORRELATED, measured with noise: the others' mean is nearer to Bayes' than
    where the measurement is taken for exact (project), or not at all; and rho has its limits."""
    deviation, y = 0.8, np.array([2.5])
    gain = COVARIANCE[:, 0] / (COVARIANCE[0, 0] + deviation**2)
    wanted = CORRELATED.mean + gain * (y - CORRELATED.mean[0])

    def A(x):
        return x[..., :1]

    def transposed(y):
        return np.concatenate([y, 0 * y, 0 * y], -1)

    walk, source = path(flow(), 60), noise(3000, 3)
    solve = rows(A, transposed, y)
    ways = {
        "nothing": CORRELATED.denoise,
        "project": project(CORRELATED.denoise, A, transposed, y),
        "proximal": proximal(CORRELATED.denoise, solve, deviation),
    }
    far = {
        name: np.abs(
            end(ddim(way, source(-1), walk, eta=1.0, noise=source)).mean(0) - wanted
        ).max()
        for name, way in ways.items()
    }
    assert far["proximal"] < 0.9 * min(far["nothing"], far["project"]), far
    x, t = source(-1), walk[30]
    exact = project(CORRELATED.denoise, A, transposed, y)(x, t)
    np.testing.assert_allclose(proximal(CORRELATED.denoise, solve, 0.0)(x, t), exact, atol=1e-9)
    free = proximal(CORRELATED.denoise, solve, 1e6)(x, t)
    np.testing.assert_allclose(free, CORRELATED.denoise(x, t), atol=1e-6)
    best = solve(x, 0.7)
    for nudge in (-1e-3, 1e-3):

        def cost(z):
            return ((y - A(z)) ** 2).sum(-1) + 0.7 * ((z - x) ** 2).sum(-1)

        assert (cost(best) <= cost(best + nudge)).all()
