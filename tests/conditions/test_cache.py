"""The cache of token states."""

import numpy as np
import pytest

from unstir.conditions.cache import Cache, encode_all
from unstir.conditions.text import Text

CAPTIONS = [
    "a red apple",
    "two dogs",
    "",
    "a red apple",
    "cat " * 40,
    *(f"{i}" for i in range(90)),
]


@pytest.fixture(scope="session")
def folder(text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache") / "captions"
    progress = list(encode_all(text, CAPTIONS, folder))
    assert progress == sorted(progress)
    assert progress[-1] == (94, 94)
    assert 6 < len(progress) < 15  # many at a time, and not all
    return folder


def test_gives_what_the_encoder_gives(text, folder):
    cache = Cache(folder)
    asked = ["two dogs", "", CAPTIONS[4], "two dogs"]
    ours, direct = cache.tokens(asked), text.encode(asked)
    assert ours.states.dtype == np.float32
    assert ours.states == pytest.approx(direct.states, rel=2**-10, abs=1e-5)  # half precision
    assert (ours.mask == direct.mask).all()
    assert ours.truncated == direct.truncated == (False, False, True, False)
    assert not cache.null(2).mask.any()
    assert cache.null(2).states.shape == text.null(2).states.shape


def test_rows_serve_a_training_loop(folder):
    cache = Cache(folder)
    rows = cache.rows(CAPTIONS)
    assert rows[0] == rows[3] == 0
    assert rows.max() == len(cache.captions) - 1 == 93
    assert (cache.at(rows[4:6]).states == cache.tokens(CAPTIONS[4:6]).states).all()


def test_a_finished_cache_is_left_alone(text, folder):
    before = (folder / "states.npy").stat().st_mtime_ns
    assert list(encode_all(text, [*CAPTIONS, "two dogs"], folder)) == [(94, 94)]
    assert (folder / "states.npy").stat().st_mtime_ns == before


def test_other_captions_or_another_encoder_renew_it(text, models, tmp_path):
    list(encode_all(text, ["one"], tmp_path / "c"))
    list(encode_all(text, ["two"], tmp_path / "c"))
    assert Cache(tmp_path / "c").captions == ("two",)
    list(encode_all(Text(models / "minilm", length=8), ["two"], tmp_path / "c"))
    assert Cache(tmp_path / "c").length == 8


def test_an_interrupted_cache_is_no_cache(text, tmp_path):
    work = encode_all(text, CAPTIONS, tmp_path / "c")
    next(work)
    work.close()
    assert not (tmp_path / "c").exists()
    assert list(encode_all(text, ["cat"], tmp_path / "c"))[-1] == (1, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_no_captions(text, tmp_path):
    list(encode_all(text, [], tmp_path / "c"))
    assert Cache(tmp_path / "c").tokens([]).states.shape == (0, 32, 384)


def test_a_caption_that_is_not_there_is_named(folder):
    with pytest.raises(KeyError, match="no caption 'three cats'"):
        Cache(folder).tokens(["three cats"])
