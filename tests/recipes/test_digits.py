"""The smoke recipe reaches its figure: trained, exported, sampled through the front door, and
read by a judge."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unstir.datasets import digits
from unstir.recipes import Changes, pipeline, run
from unstir.recipes.digits import Digits, recipe
from unstir.tasks.generate import generate


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    begin = time.process_time()
    events = list(run("digits", out, Changes(threads=1)))
    print(f"trained in {time.process_time() - begin:.0f} CPU-s")
    return out, events


def nearest(images: np.ndarray) -> np.ndarray:
    """The label of the nearest of 3,000 drawn pictures (seed 1: never trained on)."""
    real, labels = digits.batch(range(3000), seed=1)
    real, images = real.reshape(len(real), -1), images.reshape(len(images), -1)
    distance = (images**2).sum(1)[:, None] - 2 * images @ real.T + (real**2).sum(1)
    return labels[distance.argmin(1)]


def test_the_judge_reads_drawn_digits():
    images, labels = digits.batch(range(500), seed=2)
    assert (nearest(images) == labels).mean() >= 0.95


def read_rightly(model: Path, each: int) -> float:
    """The share of so many drawn pictures of each digit that are read as what was asked for."""
    right = 0
    for digit in range(10):
        pictures = generate(str(digit), model=str(model), n=each, seed=100 * digit, size="native")
        gray = np.stack([p.native for p in pictures]).mean(-1) / 255
        right += int((nearest(gray) == digit).sum())
    print(f"{right} of {10 * each} samples read as the digit asked for")
    return right / (10 * each)


def test_samples_are_the_digits_asked_for(trained):
    out, events = trained
    assert read_rightly(out, 20) >= 0.95
    losses = [p.event.loss for p in events if p.event is not None and p.event.kind == "step"]
    assert np.mean(losses[-50:]) < 0.6 * np.mean(losses[:20])


def test_a_recipe_that_predicts_noise(tmp_path):
    """The way of DDPM (Ho et al. 2020) on the cosine schedule, to a model folder that draws."""
    settings = replace(recipe.trainer, steps=200, threads=1)
    other = replace(
        recipe, schedule={"name": "cosine"}, parametrization="eps", trainer=settings,
        defaults={**recipe.defaults, "sampler": "ddim", "steps": 40},
    )  # fmt: skip
    for _ in pipeline.run(other, Digits(), tmp_path / "run"):
        pass
    assert read_rightly(tmp_path / "run", 8) >= 0.85


def test_the_same_command_again_changes_nothing(trained):
    out, _ = trained
    before = (out / "denoiser.safetensors").read_bytes()
    assert list(run("digits", out, Changes(threads=1)))[-1].stage == "done"
    assert (out / "denoiser.safetensors").read_bytes() == before


def test_figures_while_it_trains(tmp_path):
    """Each preview measures samples; the figures stand in the log beside the loss."""
    out = tmp_path / "run"
    shown = [p.event.result for p in run("digits", out, Changes(steps=40, figures=16, threads=1))
             if p.event is not None and p.event.kind == "preview"]  # fmt: skip
    rows = [json.loads(line) for line in (out / "denoiser" / "log.jsonl").read_text().splitlines()]
    logged = [row for row in rows if "figures" in row]
    assert [row["figures"] for row in logged] == [result.figures for result in shown]
    assert logged[-1]["step"] == 40
    figures = logged[-1]["figures"]
    assert figures["n"] == 16
    value, low, high = figures["kernel"]
    assert low < value < high
    assert 0 <= figures["recall"][0] <= 1
    assert shown[-1].path.is_file()
