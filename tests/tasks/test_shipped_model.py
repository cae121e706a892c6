"""The shipped emoji model through the front door: it draws, and one seed is one sample whatever
its company."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.core.find import names
from unstir.modalities.edges import edges
from unstir.runtimes.model import load
from unstir.tasks.generate import generate
from unstir.tasks.trace import trace

PROMPT = "a cat wearing a hat"
STOCHASTIC = "ddpm"


def pixels(n: int, seed: int, **more) -> np.ndarray:
    """(n, 64, 64, 3) uint8 of the shipped model, six evaluations."""
    run = generate(PROMPT, n=n, seed=seed, steps=more.pop("steps", 6), size="native", **more)
    return np.stack([p.native for p in run])


def differences(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def test_it_draws_something():
    [picture] = generate(PROMPT, seed=0)
    assert picture.pixels.shape == (256, 256, 3)
    assert picture.native.std() > 20


def test_prompts_and_seeds_matter():
    a, b = pixels(2, 5)
    assert differences(a, b) > 50
    [red], [blue] = (
        generate(f"an apple on a {c} background", seed=1, steps=8, size="native")
        for c in ("red", "blue")
    )
    corner = np.s_[:4, :4]
    assert red.native[corner].mean((0, 1)).argmax() == 0
    assert blue.native[corner].mean((0, 1)).argmax() == 2


def test_a_batch_is_its_seeds():
    together = pixels(3, 11, sampler=STOCHASTIC)
    alone = np.concatenate([pixels(1, 11 + i, sampler=STOCHASTIC) for i in range(3)])
    assert differences(together, alone) <= 1


def test_padded_is_bitwise():
    together = pixels(5, 11, sampler=STOCHASTIC, padded=True)
    alone = np.concatenate([pixels(1, 11 + i, sampler=STOCHASTIC, padded=True) for i in range(5)])
    assert np.array_equal(together, alone)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", names("samplers"))
def test_independence_of_the_batch(sampler):
    """Batches of 1, 2, 5, 8 and 32, the sample in the first, last and middle places."""
    for padded in (False, True):
        [alone] = pixels(1, 40, sampler=sampler, padded=padded)
        for n, place in ((2, 0), (2, 1), (5, 3), (8, 7), (32, 17)):
            found = pixels(n, 40 - place, sampler=sampler, padded=padded)[place]
            assert differences(found, alone) <= (0 if padded else 1), (sampler, n, place)


@pytest.mark.slow
def test_torch_draws_the_same():
    pytest.importorskip("torch")
    a = pixels(2, 3, steps=20)
    b = pixels(2, 3, steps=20, runtime="torch")
    assert differences(a, b) <= 1


def test_its_codec_keeps_flat_pictures():
    model = load("emoji")
    colors = np.linspace(-0.8, 0.8, 6, dtype=np.float32).reshape(2, 3, 1, 1)
    x = np.broadcast_to(colors, (2, 3, 64, 64)).astype(np.float32)
    assert np.abs(model.decode(model.encode(x)) - x).mean() < 0.1


def test_it_draws_along_lines(tmp_path: Path) -> None:
    """Edges of one picture under another prompt: they agree better with what is traced than with
    what the prompt gives by itself (pixels of edges with one of the other's within a pixel)."""

    def hit(made: np.ndarray, lines: np.ndarray) -> float:
        p = np.pad(edges(made), 1)
        near = np.max([p[y : y + 64, x : x + 64] for y in range(3) for x in range(3)], 0)
        return float(near[lines > 0].mean())

    traced, plain = [], []
    for seed, (shown, wanted) in enumerate([("a star", "a cookie"), ("a cat", "a dog")]):
        file = generate(shown, seed=seed, size="native", threads=1)[0].save(tmp_path / "a.png")
        lines = edges(np.asarray(Image.open(file)))
        traced.append(hit(trace(str(file), wanted, seed=9, threads=1)[0].pixels, lines))
        plain.append(hit(generate(wanted, seed=9, size="native", threads=1)[0].pixels, lines))
    assert np.mean(traced) > np.mean(plain) + 0.15, (traced, plain)
