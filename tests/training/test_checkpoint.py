"""The writer against a disk that fails at every call, and the reader against damaged files."""

import json
import os
import random
import shutil
import signal

import pytest
import torch

from unstir.training import checkpoint, durable
from unstir.training.checkpoint import CannotWrite, CheckpointError

CALLS = ("open", "write", "fsync", "close", "mkdir", "rename", "replace", "unlink", "rmdir")


def save(run, step, keep=2, pinned=False):
    tensors = {
        part: {"a": torch.full((7,), float(step)), "b": torch.arange(5) + step}
        for part in ("model", "ema")
    }
    return checkpoint.save(run, {"step": step, "pinned": pinned}, tensors, keep)


def newest_step(run):
    """The newest step; its tensors must be of that step, and no checkpoint may be damaged."""
    for _, path in checkpoint.numbered(run):
        checkpoint.read(path)
    found = checkpoint.newest(run)
    step = found.manifest["step"]
    assert all(t["a"].tolist() == [step] * 7 for t in found.tensors.values())
    return step


class Disk:
    """Stands in for the calls of `os`: notes each, and calls `fail` at the k-th."""

    def __init__(self, monkeypatch, k=None, fail=None):
        self.calls = []
        for name in CALLS:
            monkeypatch.setattr(os, name, self.watch(name, getattr(os, name), k, fail))

    def watch(self, name, real, k, fail):
        def call(*args, **kwargs):
            self.calls.append((name, args))
            if k is not None and len(self.calls) == k:
                if name == "close":  # the handle must not leak into the test
                    real(*args)
                fail()
            result = real(*args, **kwargs)
            if name == "open":
                self.calls[-1] = (name, (*args, result))
            return result

        return call


def refuse(code):
    def fail():
        raise OSError(code, os.strerror(code))

    return fail


def calls_of_a_save(tmp_path, monkeypatch):
    run = tmp_path / "count"
    for step in (1, 2, 3):
        save(run, step)
    with monkeypatch.context() as m:
        disk = Disk(m)
        save(run, 4)
    return disk.calls


@pytest.mark.parametrize("code", [5, 28])  # EIO, ENOSPC
def test_every_call_may_fail(tmp_path, monkeypatch, code):
    count = len(calls_of_a_save(tmp_path, monkeypatch))
    assert count > 20
    for k in range(1, count + 1):
        run = tmp_path / f"{code}-{k}"
        for step in (1, 2, 3):
            save(run, step)
        with monkeypatch.context() as m:
            Disk(m, k, refuse(code))
            with pytest.raises(CannotWrite, match=f"{os.strerror(code)}; earlier ones are intact"):
                save(run, 4)
        assert newest_step(run) in (3, 4)
        save(run, 5)  # the disk is well again
        assert newest_step(run) == 5
        assert not [p for p in (run / "checkpoints").iterdir() if p.name.startswith(".")]


def test_the_process_may_die_at_every_call(tmp_path, monkeypatch):
    count = len(calls_of_a_save(tmp_path, monkeypatch))
    for k in range(1, count + 1):
        run = tmp_path / f"die-{k}"
        for step in (1, 2, 3):
            save(run, step)
        child = os.fork()
        if child == 0:
            Disk(monkeypatch, k, lambda: os.kill(os.getpid(), signal.SIGKILL))
            save(run, 4)
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert newest_step(run) in (3, 4)
        save(run, 5)
        assert newest_step(run) == 5


def test_the_first_checkpoint_may_fail_too(tmp_path, monkeypatch):
    (tmp_path / "count").mkdir()
    with monkeypatch.context() as m:
        disk = Disk(m)
        save(tmp_path / "count", 1)
    for k in range(1, len(disk.calls) + 1):
        run = tmp_path / str(k)
        run.mkdir()
        with monkeypatch.context() as m:
            Disk(m, k, refuse(28))
            with pytest.raises(CannotWrite, match="No space left"):
                save(run, 1)
        found = checkpoint.newest(run)
        assert found is None or found.manifest["step"] == 1


def test_everything_is_flushed_before_it_counts(tmp_path, monkeypatch):
    """Files, their folder, the rename, the parent; only then is anything removed."""
    calls = calls_of_a_save(tmp_path, monkeypatch)
    names = [name for name, _ in calls]
    at = names.index("rename")
    opened, flushed = {}, []
    for name, args in calls[:at]:
        if name == "open":
            opened[args[-1]] = str(args[0])  # the number of a closed file is given again
        elif name == "fsync":
            flushed.append(opened[args[0]])
    *files, folder = [path.rpartition("checkpoints/")[2] for path in flushed]
    assert folder == ".tmp-0004-step-00000004"
    written = ["model.safetensors", "ema.safetensors", "manifest.json"]
    assert files == [f"{folder}/{name}" for name in written]
    after = names[at + 1 :]
    assert after.index("fsync") < after.index("unlink")
    assert str(calls[at + 1][1][0]).endswith("checkpoints")


def test_old_ones_go_and_the_pinned_one_stays(tmp_path):
    for step in range(10):
        save(tmp_path, step, keep=2, pinned=step in (2, 5))
    steps = [int(p.name.rpartition("-")[2]) for _, p in checkpoint.numbered(tmp_path)]
    assert steps == [5, 8, 9]


def test_order_is_by_number_not_by_time_or_step(tmp_path):
    for step in (30, 20):
        path = save(tmp_path, step)
        os.utime(path, (step * 1e6, step * 1e6))
    assert newest_step(tmp_path) == 20


def damaged(run):
    """What `newest` gives and says of a run whose newest checkpoint was damaged."""
    problems = []
    found = checkpoint.newest(run, problems)
    assert found.manifest["step"] == 1
    assert len(problems) == 1
    return problems[0]


def test_every_kind_of_damage_is_seen(tmp_path):
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    chance = random.Random(3)
    files = sorted(p for p in newest.iterdir())
    for i in range(200):
        path = files[i % len(files)]
        whole = path.read_bytes()
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        assert newest.name in damaged(tmp_path)
        path.write_bytes(whole)
    for i in range(50):
        path = files[i % len(files)]
        whole = path.read_bytes()
        path.write_bytes(whole[: chance.randrange(len(whole))])
        assert newest.name in damaged(tmp_path)
        path.write_bytes(whole)
    assert newest_step(tmp_path) == 2


def test_missing_and_swapped_files_are_seen(tmp_path):
    old, newest = save(tmp_path, 1), save(tmp_path, 2)
    for name in ("model.safetensors", "ema.safetensors"):
        whole = (newest / name).read_bytes()
        (newest / name).unlink()
        assert name in damaged(tmp_path)
        shutil.copy(old / name, newest / name)
        assert f"{name} does not match its SHA-256" in damaged(tmp_path)
        (newest / name).write_bytes(whole)
    shutil.copy(old / "manifest.json", newest / "manifest.json")
    assert "does not match its SHA-256" in damaged(tmp_path)
    (newest / "manifest.json").unlink()  # half removed: no checkpoint any more
    assert newest_step(tmp_path) == 1


def test_a_lost_manifest_is_told_and_never_a_silent_new_start(tmp_path):
    save(tmp_path, 1)
    (save(tmp_path, 2) / "manifest.json").unlink()
    problems = []
    assert checkpoint.newest(tmp_path, problems).manifest["step"] == 1
    assert "0002-step-00000002 has no manifest.json" in problems[0]
    for _, path in checkpoint.numbered(tmp_path):
        (path / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match="no checkpoint can be read"):
        checkpoint.newest(tmp_path)


def test_an_edited_or_foreign_manifest_is_seen(tmp_path):
    save(tmp_path, 1)
    path = save(tmp_path, 2) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "step": 7}))
    assert "does not match its own hash" in damaged(tmp_path)
    path.write_bytes(checkpoint.encode({**manifest, "format": 9}))
    assert "is of format 9, this version reads 1" in damaged(tmp_path)
    for text in (b"", b"[]", b"{", b"\xff", b"null"):
        path.write_bytes(text)
        damaged(tmp_path)


def test_nothing_good_is_an_error_not_a_new_start(tmp_path):
    path = save(tmp_path, 1)
    (path / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="no checkpoint can be read") as error:
        checkpoint.newest(tmp_path)
    assert "0 bytes" in str(error.value)
    assert "move" in str(error.value)
    assert checkpoint.newest(tmp_path / "elsewhere") is None


def test_a_run_falls_back_and_says_so(toy, tmp_path):
    toy.go(tmp_path / "whole")
    toy.go(tmp_path / "hurt")
    _, newest = checkpoint.numbered(tmp_path / "hurt")[-1]
    path = newest / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    events = toy.go(tmp_path / "hurt")
    assert "passed over a damaged checkpoint" in events[0].message
    assert "optimizer.safetensors has" in events[0].message
    assert toy.fingerprint(tmp_path / "hurt") == toy.fingerprint(tmp_path / "whole")


def test_training_goes_on_when_the_disk_is_full_for_a_while(toy, tmp_path, monkeypatch):
    toy.go(tmp_path / "whole")
    real, count = durable.folder, []

    def full(path, files):
        count.append(path)
        if len(count) in (2, 3):
            raise OSError(28, os.strerror(28))
        real(path, files)

    monkeypatch.setattr(durable, "folder", full)
    events = toy.go(tmp_path / "full")
    notes = [e for e in events if e.kind == "note"]
    assert [e.step for e in notes] == [6, 12]
    assert "No space left" in notes[0].message
    assert toy.fingerprint(tmp_path / "full") == toy.fingerprint(tmp_path / "whole")


def test_a_run_that_cannot_write_ends_before_it_works(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "folder", lambda *_: refuse(28)())
    with pytest.raises(CannotWrite, match="step 0 could not be written"):
        toy.go(tmp_path)
