"""A model in numpy: its formulas, its chunks, its threads; and format 1 loads for ever."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unstir.core.levels import Level
from unstir.core.schedules import cosine
from unstir.runtimes.manifest import BadModel, read
from unstir.runtimes.model import CHUNK, Model, load


@pytest.fixture
def tiny(home: Path) -> Model:
    return load("tiny", threads=1)


def state(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 4, 8, 8)).astype(np.float32)


def test_the_folder_of_format_1_is_what_it_always_was(home: Path) -> None:
    """A changed fixture would prove nothing: old folders must load as they are."""
    digest = hashlib.sha256((home / "models" / "tiny" / "model.json").read_bytes()).hexdigest()
    assert digest == "1d5487492c8f8072add59514a510650a3dd0958cae40cb535c151c071fff5e62"
    manifest = read(home / "models" / "tiny")
    assert (manifest.name, manifest.kind, manifest.shape) == ("tiny", "image", (4, 8, 8))
    assert manifest.current("tiny-old") == "tiny"
    assert manifest.current("ddim") == "ddim"


def test_the_denoiser_is_the_row_of_its_parametrization(tiny: Model) -> None:
    assert tiny.condition is not None
    tokens, x = tiny.condition.encode(["a cat"]), state(2)
    t = Level(0.4, *cosine()(0.4))
    raw = tiny.net(x, 0.4, tokens.states, tokens.mask)
    expected = t.alpha * x - t.sigma * raw  # v, alpha^2 + sigma^2 = 1
    assert np.allclose(tiny.denoise(tokens)(x, t), expected, atol=1e-6)


def test_both_branches_are_the_two_alone(tiny: Model) -> None:
    assert tiny.condition is not None
    cat, nothing = tiny.condition.encode(["a cat"]), tiny.condition.null(1)
    x, t = state(3), Level(0.4, *cosine()(0.4))
    pos, neg = tiny.both(cat, nothing)(x, t)
    assert np.allclose(pos, tiny.denoise(cat)(x, t), atol=1e-6)
    assert np.allclose(neg, tiny.denoise(nothing)(x, t), atol=1e-6)
    assert not np.allclose(pos, neg, atol=1e-3)


def test_latents_leave_and_enter_with_their_statistics(tiny: Model) -> None:
    codec = tiny.manifest.codec
    assert codec is not None
    z = state(2)
    mean, std = (np.reshape(np.float32(codec[key]), (1, 4, 1, 1)) for key in ("mean", "std"))
    assert np.allclose(tiny.decode(z), tiny.graphs["decoder"](z * std + mean), atol=1e-6)
    picture = np.tanh(np.random.default_rng(1).standard_normal((2, 3, 32, 32))).astype(np.float32)
    raw = tiny.graphs["encoder"](picture)
    assert np.allclose(tiny.encode(picture), (raw - mean) / std, atol=1e-5)


def test_a_network_that_needs_a_condition_says_so(tiny: Model) -> None:
    with pytest.raises(ValueError, match="tiny needs tokens"):
        tiny.net(state(1), 0.5)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_padded_chunks_have_one_size_and_lose_nothing(tiny: Model, count: int) -> None:
    sizes = []

    def call(*arrays: np.ndarray) -> np.ndarray:
        sizes.append(len(arrays[0]))
        return 2 * arrays[0]

    padded = replace(tiny, graphs={"decoder": call}, padded=True)
    z = state(count)
    assert tiny.latent is not None
    assert np.array_equal(padded.decode(z), 2 * tiny.latent.restore(z))
    assert set(sizes) == {CHUNK}


def test_threads_may_share_a_model(tiny: Model) -> None:
    z = state(8)
    alone = [tiny.decode(z[i : i + 1]) for i in range(8)]
    fresh = load("tiny", threads=1)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: fresh.decode(z[i : i + 1]), range(8)))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_graphs_are_opened_only_when_they_are_used(tiny: Model) -> None:
    tiny.decode(state(1))
    opened = {name for name, graph in tiny.graphs.items() if graph._session is not None}
    assert opened == {"decoder"}


def test_a_text_encoder_is_no_model_that_draws(home: Path) -> None:
    with pytest.raises(BadModel, match="text encoder"):
        load("tiny-text")


def test_nothing_is_written_into_a_model_folder(home: Path) -> None:
    folder = home / "models" / "tiny"
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    model = load("tiny", threads=1)
    model.encode(model.decode(state(1)))
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


@pytest.mark.parametrize("asked", [{"device": "cuda"}, {"compile": True}])
def test_onnx_elsewhere_or_compiled_is_refused(asked):
    with pytest.raises(ValueError, match="take the runtime torch"):
        load("emoji", **asked)
