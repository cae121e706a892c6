"""Data order and random numbers are functions: of seed, epoch, step and row, of nothing else."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unstir.training.data import Arrays, Order, ahead
from unstir.training.distributed import Group
from unstir.training.rng import Rng


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 2**64 - 1))
def test_each_sample_once_in_each_epoch(length, batch, seed):
    order = Order(seed, length, batch)
    steps = -(-3 * length // batch)
    seen = np.concatenate([order(step, range(batch)) for step in range(steps)])
    for epoch in range(3):
        assert sorted(seen[epoch * length : (epoch + 1) * length]) == list(range(length))


@pytest.mark.parametrize("world", [1, 2, 3, 4, 7])
def test_order_does_not_depend_on_the_number_of_processes(world):
    order = Order(3, 10_000, 64)
    for step in (0, 155, 156, 157, 1000):
        parts = [Order(3, 10_000, 64)(step, Group(r, world).rows(64)) for r in range(world)]
        assert np.concatenate(parts).tolist() == order(step, range(64)).tolist()


def test_order_changes_with_seed_and_epoch_and_not_with_history():
    a, b = Order(0, 100, 100), Order(1, 100, 100)
    assert a(0, range(100)).tolist() != b(0, range(100)).tolist()
    assert a(0, range(100)).tolist() != a(1, range(100)).tolist()
    late = Order(0, 100, 100)(7, range(100)).tolist()
    for step in range(7):
        a(step, range(100))
    assert a(7, range(100)).tolist() == late


def test_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match="nothing to train on"):
        Order(0, 0, 4)


def test_loading_ahead_changes_nothing():
    loaded = []

    def load(step):
        loaded.append(step)
        return {"x": np.array([step])}

    assert [int(b["x"][0]) for b in ahead(load, range(3, 9))] == list(range(3, 9)) == loaded
    assert list(ahead(load, range(5, 5))) == []


def test_an_error_while_loading_arrives():
    def load(step):
        if step == 2:
            raise OSError("the disk is gone")
        return {}

    with pytest.raises(OSError, match="the disk is gone"):
        list(ahead(load, range(5)))


def test_arrays_from_memory_maps(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(24, dtype=np.float16).reshape(6, 4))
    data = Arrays(x=np.load(tmp_path / "x.npy", mmap_mode="r"), label=np.arange(6))
    batch = data.batch(np.array([5, 0]))
    assert batch["x"].dtype == np.float32
    assert batch["x"].tolist() == [[20, 21, 22, 23], [0, 1, 2, 3]]
    assert batch["label"].tolist() == [5, 0]


SHAPES = [(), (3,), (5, 7), (16, 8, 8), (3, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_row_has_its_numbers_however_the_batch_is_split(shape, kind):
    def draw(rows):
        rng = Rng(9, 4, rows)
        return [getattr(rng, kind)((len(rows), *shape)) for _ in range(3)]

    whole = draw(range(40))
    for cuts in ([0, 40], [0, 1, 2, 40], [0, 13, 27, 40]):
        parts = [draw(range(a, b)) for a, b in pairwise(cuts)]
        for i, full in enumerate(whole):
            assert torch.equal(torch.cat([p[i] for p in parts]), full)


def test_every_number_is_another():
    rngs = [Rng(s, t, range(8)) for s in (0, 1) for t in (0, 1)]
    draws = [rng.normal((8, 3)) for rng in rngs for _ in range(2)] + [
        Rng(0, 0, range(8)).uniform((8, 3))
    ]
    flat = torch.cat([d.flatten() for d in draws])
    assert len(flat.unique()) == flat.numel()


@pytest.mark.parametrize("shape", [(), (700,)])
def test_moments(shape):
    rng = Rng(0, 0, range(4000))
    z, u = rng.normal((4000, *shape)), rng.uniform((4000, *shape))
    n = z.numel()
    assert z.dtype == u.dtype == torch.float32
    assert abs(z.mean()) < 4 / n**0.5
    assert abs(z.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs(u.mean() - 0.5) < 4 * (1 / 12 / n) ** 0.5
    assert u.min() >= 0
    assert u.max() < 1


def test_rows_come_first():
    rng = Rng(0, 0, range(4))
    assert rng.uniform(4).shape == (4,)
    for shape in ((3, 4), (), (5,)):
        with pytest.raises(ValueError, match="for 4 rows"):
            rng.normal(shape)
    assert Rng(0, 0, range(4)).torch_seed() != Rng(0, 1, range(4)).torch_seed()
    assert Rng(0, 0, range(4)).torch_seed() != Rng(0, 0, range(4, 8)).torch_seed()
