"""Power-function averages against their definition, post-hoc ones against those followed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unstir.training import checkpoint, snapshots
from unstir.training.checkpoint import CheckpointError
from unstir.training.ema import Ema, beta, gamma_of, solve
from unstir.training.loop import train


def profile(gamma, steps):
    """The share of each step's weights in the average at the end."""
    shares = np.zeros(steps)
    for t in range(1, steps + 1):
        b = beta(gamma, t)
        shares *= b
        shares[t - 1] = 1 - b
    return shares


@pytest.mark.parametrize(("width", "gamma"), [(0.05, 16.97), (0.10, 6.94)])
def test_exponents_are_those_of_the_paper(width, gamma):
    assert gamma_of(width) == pytest.approx(gamma, abs=0.01)  # Karras et al. 2024, section 3.1


@pytest.mark.parametrize("width", [0.02, 0.05, 0.10, 0.20, 0.27])
def test_the_profile_has_the_width_it_is_named_for(width):
    shares, steps = profile(gamma_of(width), 4000), np.arange(1, 4001) / 4000
    assert shares.sum() == pytest.approx(1)
    mean = (shares * steps).sum()
    assert np.sqrt((shares * (steps - mean) ** 2).sum()) == pytest.approx(width, rel=0.01)


def test_updates_are_the_profile():
    walk = torch.randn(60, 5, dtype=torch.float64).cumsum(0)
    ema = Ema({"w": walk[0]}, (0.05, 0.15))
    for t in range(1, 61):
        ema.update({"w": walk[t - 1]}, t)
    for width, track in ema.tracks.items():
        direct = torch.from_numpy(profile(gamma_of(width), 60)) @ walk
        torch.testing.assert_close(track["w"], direct)


@pytest.mark.parametrize("wanted", [0.04, 0.07, 0.12, 0.20])
def test_least_squares_finds_the_profile(wanted):
    every, count, widths = 40, 25, (0.05, 0.10)
    steps = every * count
    points = [(every * i, gamma_of(w)) for i in range(1, count + 1) for w in widths]
    shares = solve(points, (steps, gamma_of(wanted)))
    made = np.zeros(steps)
    for share, (t, gamma) in zip(shares, points, strict=True):
        made[:t] += share * profile(gamma, t)
    direct = profile(gamma_of(wanted), steps)
    assert np.linalg.norm(made - direct) < 0.02 * np.linalg.norm(direct)


def test_a_profile_that_is_there_is_itself():
    points = [(t, gamma_of(w)) for t in (50, 100) for w in (0.05, 0.10)]
    np.testing.assert_allclose(solve(points, points[3]), [0, 0, 0, 1], atol=1e-6)


@pytest.mark.parametrize("wrong", [0.0, -0.1, 0.3, float("nan")])
def test_impossible_widths(wrong):
    with pytest.raises(ValueError, match="between 0 and"):
        gamma_of(wrong)


@pytest.fixture(scope="module")
def runs(toy, tmp_path_factory):
    """A run that follows two averages, and the same following others."""
    out = tmp_path_factory.mktemp("ema")
    settings = replace(toy.SETTINGS, steps=120, checkpoint_every=0)
    toy.go(out / "two", replace(settings, ema=(0.05, 0.10), snapshots=24))
    toy.go(out / "other", replace(settings, ema=(0.06, 0.08, 0.15), snapshots=0))
    return out


def distance(a, b):
    names = [n for n, t in a.items() if t.is_floating_point()]
    return sum(float((a[n].float() - b[n].float()).square().sum()) for n in names) ** 0.5


@pytest.mark.parametrize("width", [0.06, 0.08, 0.15])
def test_afterwards_is_as_if_followed(toy, runs, width):
    made, direct = (snapshots.export_ema(runs / name, width) for name in ("two", "other"))
    nearest = min(distance(snapshots.export_ema(runs / "two", w), direct) for w in (0.05, 0.10))
    assert distance(made, direct) < 0.1 * nearest
    assert {t.dtype for t in made.values()} == {torch.float16}
    toy.net().load_state_dict(made)


def test_a_followed_width_is_taken_as_it_is(runs):
    exported = snapshots.export_ema(runs / "two", 0.10)
    kept = checkpoint.newest(runs / "two").tensors["ema"]
    assert all(torch.equal(t, kept[f"0.1/{name}"].half()) for name, t in exported.items())


def test_in_the_middle_of_a_run(toy, tmp_path):
    settings = replace(toy.SETTINGS, steps=120, snapshots=24, ema=(0.05, 0.10, 0.08))
    for event in train(toy.net(), toy.objective, toy.data(), settings, tmp_path):
        if event.kind == "step" and event.step == 83:
            break
    direct = snapshots.export_ema(tmp_path, 0.08)
    saved = checkpoint.newest(tmp_path)
    two = {k: v for k, v in snapshots.tracks(saved.tensors["ema"]).items() if k != 0.08}
    made = snapshots.combine(tmp_path, two, 0.08, 83)
    nearest = min(distance(track, direct) for track in two.values())
    assert distance(made, direct) < 0.1 * nearest


def test_before_the_first_step_all_averages_are_the_weights(toy, tmp_path):
    model = toy.net()
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    next(train(model, toy.objective, toy.data(), toy.SETTINGS, tmp_path))
    assert (
        distance(snapshots.export_ema(tmp_path, 0.2), {n: p.half() for n, p in start.items()}) == 0
    )


def test_damage_and_absence(toy, tmp_path):
    with pytest.raises(CheckpointError, match="holds no averaged weights"):
        snapshots.export_ema(tmp_path, 0.1)
    toy.go(tmp_path / "none", replace(toy.SETTINGS, ema=()))
    with pytest.raises(CheckpointError, match="train with ema="):
        snapshots.export_ema(tmp_path / "none", 0.1)
    toy.go(tmp_path / "run")
    _, path = snapshots.stored(tmp_path / "run")[0]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(CheckpointError, match="does not match the hash in its name"):
        snapshots.export_ema(tmp_path / "run", 0.2)


def test_tied_weights_come_back_under_every_name(toy, tmp_path):
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.again = toy.net(), torch.nn.Linear(32, 32, bias=False)
            self.again.weight = self.net[7].weight  # (32, 128) in truth: only the sharing matters

        def forward(self, x):
            return self.net(x)

    toy.go(tmp_path, model=Tied())
    state = snapshots.export_ema(tmp_path, 0.05)
    assert torch.equal(state["again.weight"], state["net.7.weight"])
    Tied().load_state_dict(state)
