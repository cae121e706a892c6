"""The table of speeds comes out of its command, for a model of any size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import speed
from unstir.networks.build import build
from unstir.recipes import student
from unstir.runtimes.export import write


@pytest.mark.filterwarnings("ignore:.*copy keyword.*:DeprecationWarning")
def test_the_table_of_a_tiny_model(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = dict(channels=3, tokens=2, widths=[16, 16], blocks=1, attention=[], embedding=16)
    said = dict(
        kind="image", name="tiny", title="Tiny", codec=None,
        condition=dict(name="labels", classes=["a", "b"]), network=dict(name="unet", sizes=sizes),
        schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[3, 8, 8],
        size=[8, 8], defaults=dict(sampler="dpmpp_2m", steps=15, scale=2.0, spacing="uniform"),
        licences={}, aliases={}, training={},
    )  # fmt: skip
    base, out = tmp_path / "base", tmp_path / "run"
    write(base, said, build("unet", sizes), None)
    trainer = replace(student.TRAINER, steps=2, batch=4, warmup=1, threads=1)
    lesson = student.Lesson(ways=4, walk=4, trainer=trainer, refiner=None)
    for _ in student.run(lesson, ["a"], out, base):
        pass
    found = speed.timed(str(out), 1)
    titles = [row["title"] for row in found["rows"]]
    assert len(titles) == len(speed.OURS) + len(speed.TORCH) + len(speed.THEIRS)
    runs = {row["title"]: row["evaluations"] for row in found["rows"]}
    assert runs["unstir, onnx, student, 2 steps"] == 2
    assert runs["unstir, onnx, 8 steps"] == 16
    assert runs["diffusers, DDIM, 50 steps"] == 100
    assert all(len(row["ms"]) == len(row["rate"]) == 1 for row in found["rows"])
    text = speed.table(json.loads(json.dumps(found)))
    assert all(title in text for title in titles)
    assert "GFLOP/s" in text
    assert found["network"]["gflop"] > 1e-4
    assert all(0 < peak < 1000 for runs in found["cold"].values() for *_, peak in runs)


def test_theirs_is_the_same_network(tmp_path: Path) -> None:
    """With Euler's method and the same noise both end at the same place."""
    torch.manual_seed(0)
    sizes = dict(channels=3, tokens=2, widths=[16, 16], blocks=1, attention=[], embedding=16)
    said = dict(
        kind="image", name="tiny", title="Tiny", codec=None,
        condition=dict(name="labels", classes=["a", "b"]), network=dict(name="unet", sizes=sizes),
        schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[3, 8, 8],
        size=[8, 8], defaults=dict(sampler="euler", steps=50, scale=2.0, spacing="uniform"),
        licences={}, aliases={}, training={},
    )  # fmt: skip
    net = build("unet", sizes)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
    write(tmp_path, said, net, None)
    model = speed.load(tmp_path, runtime="torch")
    theirs = speed.theirs(model, "FlowMatchEulerDiscreteScheduler", 50, {})(2)
    pos, neg = speed.told(model)
    way = speed.resolve(model)
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).numpy()
    denoise = way.denoiser(model, pos, neg)
    *_, last = way.sampler(denoise, x, way.path, noise=lambda step, draw=0: 0.0)
    assert abs(theirs.numpy() - last.x).max() < 0.05 * abs(last.x).max()
