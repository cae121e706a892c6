"""The table of training steps comes out of its command, and its steps are the same work."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from benchmarks import throughput
from unstir.recipes.emoji import recipe


@pytest.mark.filterwarnings("ignore:.*copy keyword.*:DeprecationWarning")
def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    throughput.main("emoji", 2, 1)
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \|", capsys.readouterr().out, re.M)
    assert [kind for kind, *_ in rows] == [
        "unstir", "the same network, plain loop", "diffusers' network, plain loop"
    ]  # fmt: skip
    millions = [float(m) for _, m, _ in rows]
    assert millions[0] == millions[1] == pytest.approx(millions[2], rel=0.5)
    assert float(rows[2][2]) == pytest.approx(float(rows[1][2]), rel=0.6)


def test_a_plain_step_learns() -> None:
    torch.manual_seed(0)
    net, fields = throughput.network(recipe), throughput.made_up(recipe)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    throughput.plain(net, {k: v[:] for k, v in fields.items()}, 2)()
    moved = [not torch.equal(before[name], p) for name, p in net.named_parameters()]
    assert np.mean(moved) > 0.5
