"""Joint dropping, and making conditions from manifests."""

import numpy as np
import pytest

from unstir.conditions import from_manifest
from unstir.conditions.labels import Labels
from unstir.conditions.text import Text
from unstir.conditions.tokens import Tokens, drop

TEXT = {"name": "text", "encoder": "minilm", "length": 32, "width": 384}
KEEP = np.array([True, False, True])


def some():
    return Labels(["a", "b"]).encode(["a", "b", "b"])


def test_dropped_samples_are_the_null_condition():
    kept, null = drop(some(), KEEP), Labels(["a", "b"]).null(3)
    for i, keep in enumerate(KEEP):
        expected = some() if keep else null
        assert (kept.states[i] == expected.states[i]).all()
        assert (kept.mask[i] == expected.mask[i]).all()
    assert kept.states.dtype == kept.mask.dtype == np.float32


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    tokens = Tokens(torch.from_numpy(some().states), torch.from_numpy(some().mask))
    kept = drop(tokens, torch.from_numpy(KEEP))
    assert (kept.states.numpy() == drop(some(), KEEP).states).all()
    assert (kept.mask.numpy() == drop(some(), KEEP).mask).all()
    assert kept.states.dtype == kept.mask.dtype == torch.float32


def test_from_manifest(models):
    text = from_manifest(TEXT, models, threads=2)
    assert isinstance(text, Text)
    assert (text.length, text.width, text.threads) == (32, 384, 2)
    labels = from_manifest({"name": "labels", "classes": ["x", "y"]}, models)
    assert isinstance(labels, Labels)
    assert labels.classes == ("x", "y")
    assert from_manifest(None, models) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "tex"}, "no 'tex' in conditions; .*did you mean 'text'"),
        ({"width": 512}, "512 wide, but the encoder 'minilm' .* gives 384"),
        ({"encoder": "../minilm"}, "plain folder name"),
        ({"encoder": ""}, "plain folder name"),
        ({"length": None}, "incomplete"),
        ({"name": "labels"}, "incomplete: .*classes"),
        ({"name": []}, "no .* in conditions|incomplete"),
    ],
)
def test_wrong_manifests(models, change, message):
    with pytest.raises(ValueError, match=message):
        from_manifest({**TEXT, **change}, models)


def test_an_encoder_that_is_not_there(models):
    with pytest.raises(FileNotFoundError, match=r"no text encoder in .*maxilm"):
        from_manifest({**TEXT, "encoder": "maxilm"}, models)
