"""The copy check: honest samples score what is expected of them, planted copies are found."""

from __future__ import annotations

import numpy as np
import pytest

from unstir.evaluation import Sets, TooFew
from unstir.evaluation.copies import copies

RNG = np.random.default_rng


def draw(n: int, seed: int) -> np.ndarray:
    return RNG(seed).normal(size=(n, 6))


@pytest.mark.parametrize("m", [40, 100, 500])
def test_honest_samples_score_what_is_expected(m: int) -> None:
    """Whatever the size of the reference."""
    scores = [
        copies(Sets(draw(500, 3 * i), draw(m, 3 * i + 1), draw(400, 3 * i + 2)), pairs=2)[0]
        for i in range(100)
    ]
    assert scores[0].details["expected"] == pytest.approx(max(0.01, 1 / (m + 1)))
    shares = [score.value for score in scores]
    error = np.std(shares) / len(shares) ** 0.5
    assert error < 0.003
    assert np.mean(shares) == pytest.approx(scores[0].details["expected"], abs=3 * error)


def test_planted_copies_are_counted_and_listed() -> None:
    training, honest = draw(800, 0), draw(400, 1)
    planted = honest.copy()
    planted[10:50] = training[200:240] + 1e-4
    (score,) = copies(Sets(planted, draw(600, 2), training))
    assert score.value == pytest.approx(40 / 400 + 0.01, abs=0.01)
    assert score.low <= 0.1 <= score.high
    assert score.details["expected"] == 0.01
    pairs = score.details["pairs"]
    assert len(pairs) == 16
    assert all(p["training"] - p["generated"] == 190 and 10 <= p["generated"] < 50 for p in pairs)
    assert all(p["distance"] == pytest.approx(1e-4 * 6**0.5) for p in pairs)
    assert score.details["threshold"] > 1e-3


def test_exact_copies_count_even_where_real_samples_repeat() -> None:
    """Held-out samples equal to training samples push the threshold to 0."""
    training = draw(100, 0)
    (score,) = copies(Sets(training[:40], training[50:90], training))
    assert score.value == 1.0
    assert score.details["threshold"] == 0.0


def test_order_does_not_matter() -> None:
    a, b, c = draw(80, 0), draw(70, 1), draw(90, 2)
    one = copies(Sets(a, b, c))[0]
    two = copies(Sets(a[::-1], b[::-1], c[::-1]))[0]
    assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high), abs=0)


def test_without_training_samples_it_says_so() -> None:
    with pytest.raises(TooFew, match="needs the training samples"):
        copies(Sets(draw(30, 0), draw(30, 1)))


def test_the_interval_covers() -> None:
    """30 % planted: intervals hold the mean about 95 times of 100."""
    scores = []
    for i in range(100):
        training = draw(200, i)
        fake = draw(200, i + 1000)
        kept = RNG(i).random(200) < 0.3
        fake[kept] = training[kept]
        scores.append(copies(Sets(fake, draw(200, i + 2000), training), seed=i, pairs=20)[0])
    middle = np.mean([s.value for s in scores])
    assert np.mean([s.low <= middle <= s.high for s in scores]) >= 0.9
