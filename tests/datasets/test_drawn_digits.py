"""Drawn digits: pure, readable, varied."""

from __future__ import annotations

import numpy as np

from unstir.datasets import digits


def test_a_digit_is_a_pure_function_of_seed_and_index() -> None:
    one, label = digits.digit(5, seed=3)
    two, again = digits.digit(5, seed=3)
    assert np.array_equal(one, two)
    assert label == again
    assert one.shape == (8, 8)
    assert one.dtype == np.float32
    assert 0 <= one.min() <= one.max() <= 1
    assert not np.array_equal(one, digits.digit(5, seed=4)[0])


def test_batch_is_digit_by_digit() -> None:
    images, labels = digits.batch(range(7, 12), seed=1)
    assert images.shape == (5, 8, 8)
    assert np.array_equal(images[2], digits.digit(9, seed=1)[0])
    assert labels[2] == digits.digit(9, seed=1)[1]


def test_all_labels_come_equally_often() -> None:
    _, labels = digits.batch(range(3000))
    assert abs(np.bincount(labels, minlength=10) - 300).max() < 70


def test_classes_can_be_told_apart_and_no_two_are_alike() -> None:
    """A nearest-mean reader names nine in ten; pictures of a class still differ."""
    images, labels = digits.batch(range(2000))
    means = np.stack([images[labels == k].mean(0) for k in range(10)])
    fresh, truth = digits.batch(range(500), seed=1)
    named = np.argmin(((fresh[:, None] - means) ** 2).sum((2, 3)), axis=1)
    assert (named == truth).mean() > 0.9
    assert all(images[labels == k].std(0).mean() > 0.05 for k in range(10))
