"""Several processes are one: same batches, same losses; their number may change at a resume."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unstir.training.distributed import Group


def test_rows_are_shared_without_gaps():
    for batch in (1, 7, 64):
        for world in (1, 2, 3, 7):
            if batch >= world:
                rows = [i for r in range(world) for i in Group(r, world).rows(batch)]
                assert rows == list(range(batch))
    with pytest.raises(ValueError, match="batch 3 over 2 processes, each in 2 parts"):
        Group(0, 2).rows(3, 2)


def test_losses_are_those_of_one_process(script, tmp_path):
    """Batch 15 over 2 processes is 7 and 8 rows; with dropout it would be another network."""
    one, two, changed = script("group", tmp_path, "1:1", "2:2", "1,2,1:1")["runs"]
    assert one["exits"] + two["exits"] + changed["exits"] == [0] * 7
    assert len(one["log"]) == 24
    for other in (two, changed):
        for (step, *mine, parts), (step_, *theirs, parts_) in zip(
            one["log"], other["log"], strict=True
        ):
            assert step_ == step
            assert theirs == pytest.approx(mine, rel=1e-3)
            assert parts_ == pytest.approx(parts, rel=1e-3)
        assert other["log"][0][1] == pytest.approx(one["log"][0][1], rel=1e-6)


@pytest.mark.slow
def test_torchrun(script, tmp_path):
    root = Path(__file__).parents[2]
    toy = Path(__file__).with_name("toy.py")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
    ]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    subprocess.run(
        [*command, str(toy), "plain", str(tmp_path / "a")], check=True, env=env, timeout=300
    )
    assert (tmp_path / "a" / "log.jsonl").read_text().count("\n") == 24
