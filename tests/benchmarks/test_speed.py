"""The table of speeds comes out of its command, for a model of any size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import draws, speed
from benchmarks.draws import ours, theirs, told
from benchmarks.quality import Exam
from unstir.evaluation import Score, share
from unstir.networks.build import build
from unstir.recipes import student
from unstir.runtimes.export import write
from unstir.runtimes.model import load
from unstir.tasks.process import resolve


@pytest.mark.filterwarnings("ignore:.*copy keyword.*:DeprecationWarning")
def test_the_table_of_a_tiny_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("student, 1 step", "student, 2 steps", "3 steps", "8 steps")
    monkeypatch.setattr(draws, "OURS", {title: draws.OURS[title] for title in own})
    monkeypatch.setattr(draws, "THEIRS", dict([*draws.THEIRS.items()][:1]))
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
    file = tmp_path / "speed.json"
    speed.timed_into(file, str(out), 1)
    examined: list[str] = []

    def right(title: str, pictures: np.ndarray) -> Score:
        assert pictures.shape == (3, 8, 8, 3)
        examined.append(title)
        return share(title, [True, False, True])

    exam = Exam(
        ["a", "b"] * 9, lambda pictures: np.stack([x.mean((0, 1)) for x in pictures]),
        np.random.default_rng(0).uniform(0, 255, (20, 3)), {"seen": ["a", "b", "b"]}, right,
    )  # fmt: skip
    speed.examined(str(out), exam, file)
    once = len(examined)
    speed.examined(str(out), exam, file)
    assert len(examined) == once == 5
    found = json.loads(file.read_text())
    speed.main(["table", str(file)])
    assert capsys.readouterr().out.endswith(speed.table(found) + "\n")
    titles = [row["title"] for row in found["rows"]]
    assert len(titles) == 8
    runs = {row["title"]: row["evaluations"] for row in found["rows"]}
    assert runs["unstir, onnx, student, 2 steps"] == 2
    assert runs["unstir, onnx, 8 steps"] == 16
    assert runs["diffusers, DDIM, 50 steps"] == 100
    assert all(len(row["ms"]) == len(row["rate"]) == 1 for row in found["rows"])
    text = speed.table(found)
    assert all(title in text for title in titles)
    assert text.count("66.7 (20.8 to 93.9)") == len(titles)
    assert "GFLOP/s" in text
    assert found["network"]["gflop"] > 1e-4
    found["rows"][0]["files"] = {}
    file.write_text(json.dumps(found))
    assert speed.table(found).count("66.7 (20.8 to 93.9)") == len(titles) - 1  # of another network
    speed.examined(str(out), replace(exam, captions=["a"] * 20), file)
    assert len(examined) == 2 * once
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
    model = load(tmp_path, runtime="torch")
    both = told(model, ["a", "b"])
    drawn = theirs(model, "FlowMatchEulerDiscreteScheduler", 50, {})(both, [5, 6])
    own = ours(model, resolve(model))(both, [5, 6])
    assert abs(drawn - own).max() < 0.05 * abs(own).max()
