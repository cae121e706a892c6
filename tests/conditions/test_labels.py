"""Class labels: one-hot tokens and errors with the nearest name."""

import numpy as np
import pytest

from unstir.conditions.labels import Labels

LABELS = Labels(["cat", "dog", "house", "7"])


def test_names_and_numbers_are_one_hot():
    tokens = LABELS.encode(["dog", 0, np.int64(3), "7"])
    assert tokens.states.shape == (4, 1, 4)
    assert tokens.states[:, 0].argmax(-1).tolist() == [1, 0, 3, 3]
    assert (tokens.states.sum(-1) == 1).all()
    assert tokens.mask.tolist() == [[1]] * 4
    assert tokens.states.dtype == tokens.mask.dtype == np.float32


def test_null():
    null, empty = LABELS.null(2), LABELS.encode(["", ""])
    for tokens in (null, empty):
        assert tokens.states.shape == (2, 1, 4)
        assert not tokens.states.any()
        assert not tokens.mask.any()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("hous", r"no class 'hous' among 4: cat, dog, house, 7; did you mean 'house'\?"),
        ("xyz", r"no class 'xyz' among 4: cat, dog, house, 7$"),
        (4, r"no class 4: there are 4, 0 to 3"),
        (-1, r"no class -1"),
    ],
)
def test_unknown_classes(label, message):
    with pytest.raises(ValueError, match=message):
        LABELS.encode(["cat", label])


@pytest.mark.parametrize("label", [True, 1.0, None, b"cat"])
def test_other_types(label):
    with pytest.raises(TypeError, match="a name or a number"):
        LABELS.encode([label])


def test_a_bare_string_is_no_list():
    with pytest.raises(TypeError, match=r"\['cat'\]"):
        LABELS.encode("cat")


@pytest.mark.parametrize("classes", [[], ["a", "a"], ["a", ""]])
def test_class_names_must_be_distinct(classes):
    with pytest.raises(ValueError, match="distinct"):
        Labels(classes)


def test_a_long_list_is_not_spelled_out():
    with pytest.raises(ValueError) as error:
        Labels([f"class {i}" for i in range(1000)]).encode(["clas 17"])
    assert len(str(error.value)) < 250
    assert "did you mean 'class 17'?" in str(error.value)
