"""What every metric keeps, found by discovery: a new file is tested at once."""

from __future__ import annotations

import importlib
import math
import sys
import time

import numpy as np
import pytest

from unstir.core.find import NotFound, find, names
from unstir.evaluation import BadFeatures, Score, Sets, TooFew, by_group
from unstir.evaluation._halves import halves, interval, share_interval, student

METRICS = names("evaluation")
RNG = np.random.default_rng


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest):
    return find("evaluation", request.param)


def sets(n: int = 60, m: int = 50, d: int = 7, seed: int = 0) -> Sets:
    rng = RNG(seed)
    return Sets(*(rng.normal(size=(k, d)) for k in (n, m, 40)))


def test_there_are_these() -> None:
    assert {"frechet", "kernel", "precision_recall", "density_coverage", "copies"} <= set(METRICS)
    with pytest.raises(NotFound, match="did you mean 'frechet'"):
        find("evaluation", "frechette")


def test_scores(metric) -> None:
    for score in metric(sets()):
        assert isinstance(score, Score)
        assert score.low <= score.value <= score.high
        assert math.isfinite(score.low)
        assert math.isfinite(score.high)
        assert (score.n, score.m) == (60, 50)


def test_a_reference_is_cited(metric) -> None:
    """Authors and year in the module's docstring, and how its interval is made."""
    import re

    doc = sys.modules[metric.__module__].__doc__ or ""
    assert re.search(r"[A-Z]\w+ (et al\. |& [A-Z]\w+ )?(19|20)\d\d", doc)
    assert "halves" in doc


def test_order_does_not_matter(metric) -> None:
    one = sets()
    rng = RNG(9)
    two = Sets(*(rng.permutation(x) for x in (one.generated, one.reference, one.training)))
    for a, b in zip(metric(one), metric(two), strict=True):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high), rel=1e-12)


def test_the_seed_moves_the_interval_only(metric) -> None:
    one, same, other = metric(sets()), metric(sets()), metric(sets(), seed=5)
    assert one == same
    for a, b in zip(one, other, strict=True):
        assert a.name == "frechet_infinity" or a.value == b.value


def test_moving_all_by_the_same_changes_only_the_kernel(metric) -> None:
    """Distances between samples stay; (x . y + 1)^3 does not."""
    if metric.__name__ == "kernel":
        return
    one = sets()
    moved = Sets(*(x + 3.5 for x in (one.generated, one.reference, one.training)))
    for a, b in zip(metric(one), metric(moved), strict=True):
        if a.name != "frechet_infinity":  # other numbers, other halves
            assert a.value == pytest.approx(b.value, rel=1e-9, abs=1e-9)


def test_float32_is_computed_in_float64(metric) -> None:
    """Far from the origin float32 products would lose everything."""
    rng = RNG(0)
    x, y, z = (rng.normal(size=(60, 4)).astype("f4") + np.float32(4096) for _ in range(3))
    for a, b in zip(metric(Sets(x, y, z)),
                    metric(Sets(*(np.float64(s) for s in (x, y, z)))), strict=True):  # fmt: skip
        assert a == b


def test_too_few_samples_is_an_error(metric) -> None:
    with pytest.raises(
        TooFew, match=r"needs \d+ (generated|reference) samples or more; there are"
    ):
        metric(sets(n=3))
    with pytest.raises(TooFew):
        metric(sets(m=2))


def test_constant_features(metric) -> None:
    for score in metric(Sets(np.ones((20, 3)), np.ones((20, 3)), np.ones((20, 3)))):
        assert math.isfinite(score.value)
        assert score.low <= score.value <= score.high
    (first, *_) = metric(Sets(np.ones((20, 3)), np.ones((20, 3)), np.ones((20, 3))))
    wanted = {"frechet": 0.0, "kernel": 0.0, "density": 4.0}  # each in the balls of 20, for 5
    assert first.value == pytest.approx(wanted.get(first.name, 1.0), abs=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("side", ["generated", "reference", "training"])
def test_what_is_no_number_is_named_by_side_and_row(bad: float, side: str) -> None:
    parts = {s: RNG(0).normal(size=(20, 4)) for s in ("generated", "reference", "training")}
    parts[side][7, 2] = bad
    parts[side][9, 0] = bad
    with pytest.raises(BadFeatures, match=rf"{side} row 7 is .* in column 2; 2 rows are bad"):
        Sets(**parts)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(BadFeatures, match="different widths: generated 3, reference 4"):
        Sets(np.zeros((9, 3)), np.zeros((9, 4)))
    with pytest.raises(BadFeatures, match=r"shape \(9,\)"):
        Sets(np.zeros(9), np.zeros((9, 4)))


def test_halves_are_complements() -> None:
    for count in (10, 11):
        rows = halves(count, 6, 0, 0)
        assert rows.shape == (12, count)
        assert (rows[0::2] ^ rows[1::2]).all()
        assert set(rows.sum(1)) == ({5} if count == 10 else {5, 6})
        assert len({row.tobytes() for row in rows}) == 12


def test_the_interval_of_a_mean_is_that_of_textbooks() -> None:
    """value +- 1.96 s / sqrt(n), for a mean; the oracle of the method."""
    x = RNG(0).normal(size=400)
    parts = np.array([x[row].mean() for row in halves(400, 4000, 0, 0)])
    low, high = interval(x.mean(), parts)
    assert (high - low) / 2 == pytest.approx(1.96 * x.std(ddof=1) / 20, rel=0.03)
    assert student(5) == pytest.approx(2.5706, abs=3e-3)
    assert student(15) == pytest.approx(2.1314, abs=1e-4)
    assert interval(0.5, [0.0, 10.0], 0, 1) == (0, 1)
    low, high = share_interval(0.0, 100, np.zeros(10))
    assert low == 0
    assert high == pytest.approx(0.0370, abs=1e-4)  # Wilson 1927


def test_groups_are_compared_with_their_own() -> None:
    rng = RNG(0)
    x, y = rng.normal(size=(90, 3)), rng.normal(size=(80, 3))
    ours, theirs = ["a"] * 40 + ["b"] * 45 + ["c"] * 5, ["a"] * 40 + ["b"] * 40
    x[:40] += 3
    kernel, frechet = find("evaluation", "kernel"), find("evaluation", "frechet")
    b, a, c = by_group([kernel, frechet], Sets(x, y), ours, theirs, seed=1)
    assert (a.name, a.n, a.m, b.name, b.n, b.m) == ("a", 40, 40, "b", 45, 40)
    assert a.scores[0] == kernel(Sets(x[:40], y[:40]), seed=1)[0]
    assert a.scores[0].low > b.scores[0].high
    assert (c.name, c.n, c.m, c.scores) == ("c", 5, 0, ())
    assert "kernel needs 4 reference samples or more; there are 0" in c.problem
    with pytest.raises(BadFeatures, match="3 group names for 90 generated samples"):
        by_group([kernel], Sets(x, y), ["a"] * 3, theirs)


def test_no_heavy_library_is_imported() -> None:
    import subprocess

    code = (
        "import sys; from unstir.core.find import find, names; "
        "[find('evaluation', n) for n in names('evaluation')]; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'torch', 'onnxruntime', 'scipy', 'sklearn', 'PIL'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_5000_samples_of_1280_features_take_less_than_a_minute() -> None:
    rng = RNG(0)
    big = Sets(rng.normal(size=(5000, 1280)), rng.normal(size=(5000, 1280)))
    begin = time.process_time()
    for name in ("frechet", "kernel", "precision_recall", "density_coverage"):
        find("evaluation", name)(big)
        print(name, round(time.process_time() - begin, 1))
    assert time.process_time() - begin < 60
    assert importlib.import_module("unstir.evaluation")
