"""What is kept of a study is enough to go on with it, and to print its table again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals import RANGES, drawn, pack, table, unpack


def test_a_study_packed_and_unpacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study"
    rows: dict[str, dict[str, Any]] = {}
    for family, ways in (
        ("diffusion", ("50", "10")), ("student", ("1",)), ("gan", ("1",)), ("vae", ("1",)),
    ):  # fmt: skip
        scores = {"scores": {"frechet": 0.25, "coverage": 0.5}, "ms": {"1": 2.0, "64": 1.0}}
        rows[f"{family}-0-1"] = {
            "family": family, "seed": 0, "rate": 1.0, "diverged": False, "spikes": 0.0,
            "parameters": 10, "draw_flop": 2e6, "curve": [], "steps": 5, "batch": 64,
            "cpu_seconds": 1.0, "ways": {way: scores for way in ways},
        }  # fmt: skip
        (study / f"{family}-0-1").mkdir(parents=True)
        (study / f"{family}-0-1" / "result.json").write_text(json.dumps(rows[f"{family}-0-1"]))
    (study / "study.json").write_text('{"n": 100}')
    report = {"data": "toys", "space": "pixels", "budget_flop": 1e12, "n": 100,
              "floor": {"coverage": 0.9}, "rows": []}  # fmt: skip
    (study / "report.json").write_text(json.dumps(report))
    pack(study, tmp_path / "kept.json")
    unpack(tmp_path / "kept.json", tmp_path / "again")
    for name, row in rows.items():
        assert json.loads((tmp_path / "again" / name / "result.json").read_text()) == row
    assert json.loads((tmp_path / "again" / "study.json").read_text()) == {"n": 100}
    table(tmp_path / "kept.json")
    assert "| Frechet distance | 0.25 | 0.25 | 0.25 | 0.25 | 0.25 |" in capsys.readouterr().out


def test_trials_are_drawn_from_the_ranges() -> None:
    for family, ranges in RANGES.items():
        assert drawn(family, 0, False) == {}
        said = [drawn(family, trial, False) for trial in range(1, 30)]
        assert said[3] == drawn(family, 4, False)
        for name, of in ranges.items():
            values = [each[name] for each in said]
            assert len(set(values)) > 1
            if isinstance(of, tuple):
                assert min(values) >= 0.95 * of[0]
                assert max(values) <= 1.05 * of[1]
            else:
                assert set(values) <= set(of)
