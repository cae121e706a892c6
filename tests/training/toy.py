"""A run small enough to be killed, resumed and compared many times; also a script that does so.

    python tests/training/toy.py kill OUT 30       train in forked children, killing 30
    python tests/training/toy.py interrupt OUT 30  the same with Ctrl-C
    python tests/training/toy.py group OUT 1,2:3   1, then 2 processes, batches in 3 parts

All print one JSON object. Children are forked from a process that has imported torch already, so
that a start costs milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstir.training import checkpoint
from unstir.training.data import Arrays
from unstir.training.loop import Event, Settings, train
from unstir.training.rng import Rng

SETTINGS = Settings(
    steps=24,
    batch=16,
    warmup=4,
    snapshots=4,
    checkpoint_every=6,
    log_every=1,
    threads=1,
)


def net(dropout: float = 0.1) -> nn.Module:
    """Layers of every kind: Muon's and AdamW's, kernels and matrices, dropout."""
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv1d(2, 32, 3, padding=1),
        nn.SiLU(),
        nn.Conv1d(32, 32, 3, padding=1),
        nn.GroupNorm(4, 32),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(128, 32),
        nn.SiLU(),
        nn.Linear(32, 3),
    )


def data(count: int = 50) -> Arrays:
    rng = np.random.default_rng(7)
    x = rng.standard_normal((count, 2, 4)).astype(np.float32)
    y = np.tanh(x.reshape(count, 8) @ rng.standard_normal((8, 3))).astype(np.float32)
    return Arrays(x=x, y=y)


def objective(model: nn.Module, batch: dict[str, Tensor], rng: Rng) -> dict[str, Tensor]:
    noisy = batch["x"] + 0.1 * rng.uniform(len(batch["x"]))[:, None, None] * rng.normal(
        batch["x"].shape
    )
    error = (model(noisy) - batch["y"]).square()
    return {"loss": error.mean(), "worst": error.flatten(1).mean(1).mean()}


def go(
    out: Path | None, settings: Settings = SETTINGS, model: nn.Module | None = None
) -> list[Event]:
    """The whole run, or the rest of it."""
    return list(train(model or net(), objective, data(), settings, out))


def fingerprint(out: Path) -> dict[str, Any]:
    """Everything that must be equal to the bit: files by hash, losses and gradients by value."""
    saved = checkpoint.newest(out)
    assert saved is not None
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return {
        "files": saved.manifest["files"],
        "step": saved.manifest["step"],
        "snapshots": sorted(p.name for p in out.glob("ema/*")),
        "log": [(e["step"], e["loss"], e["grad_norm"], e["parts"]) for e in log],
    }


def fork(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work(pipe)` in a child: (its id, a pipe to read what it writes)."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(writes)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(writes)
    return child, reads


def kill(out: Path, kills: int, number: int = signal.SIGKILL, every: int = 2) -> dict[str, Any]:
    """Train with `kills` signals at random moments; what was found after each, and the end.

    lost: the most steps that were done and not saved.
    """
    settings = replace(SETTINGS, steps=12 * kills + 12, checkpoint_every=every, batch=4)
    chance = random.Random(int(time.time()))
    problems: list[str] = []
    killed = lost = at = 0

    def run(pipe: int, to: str = "killed") -> None:
        chosen = settings if to == "killed" else replace(settings, checkpoint_every=0)
        for event in train(net(), objective, data(), chosen, out / to):
            if event.kind == "step":
                os.write(pipe, b".")

    while killed < kills:
        child, pipe = fork(run)
        for _ in range(chance.randint(1, 11)):
            at += len(os.read(pipe, 1))
        time.sleep(chance.random() * 0.02)
        os.kill(child, number)
        _, status = os.waitpid(child, 0)
        at += len(os.read(pipe, 1000))
        os.close(pipe)
        killed += status != 0
        saved = checkpoint.newest(out / "killed", problems)
        assert saved is not None
        lost, at = max(lost, at - saved.manifest["step"]), saved.manifest["step"]
    results = []
    for to in ("killed", "unbroken"):
        child, pipe = fork(lambda pipe, to=to: run(pipe, to))
        results.append(os.waitpid(child, 0)[1])
        os.close(pipe)
    same = fingerprint(out / "killed") == fingerprint(out / "unbroken")
    return {"killed": killed, "problems": problems, "same": same, "exits": results, "lost": lost}


def group(out: Path, worlds: list[int], settings: Settings = SETTINGS) -> dict[str, Any]:
    """Train, a stretch with each number of processes; the losses of every step."""
    exits = []
    for i, world in enumerate(worlds):
        last = settings.steps if i + 1 == len(worlds) else (i + 1) * settings.steps // len(worlds)
        exits += stretch(out, world, settings, last)
    return {"log": fingerprint(out)["log"], "exits": exits}


def stretch(out: Path, world: int, settings: Settings, last: int) -> list[int]:
    """Train to step `last` with `world` processes."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]

    def run(rank: int) -> None:
        os.environ |= {
            "WORLD_SIZE": str(world), "RANK": str(rank), "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        events = train(net(dropout=0.0), objective, data(), settings, out)
        for event in events:
            if event.kind == "step" and event.step == last and last < settings.steps:
                events.close()

    children = [fork(lambda _, rank=rank: run(rank))[0] for rank in range(world)]
    return [os.waitpid(child, 0)[1] for child in children]


if __name__ == "__main__":
    torch.optim.AdamW([torch.zeros(1)])  # its imports take a second: once, not in every child
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "kill":
        print(json.dumps(kill(where, int(sys.argv[3]))))
    elif what == "interrupt":
        print(json.dumps(kill(where, int(sys.argv[3]), signal.SIGINT, 0)))
    elif what == "group":
        runs = []
        for i, text in enumerate(sys.argv[3:]):
            worlds, _, parts = text.partition(":")
            chosen = replace(SETTINGS, batch=15, accumulate=int(parts))
            runs.append(group(where / str(i), [int(n) for n in worlds.split(",")], chosen))
        print(json.dumps({"runs": runs}))
    else:  # as torchrun starts it
        go(where)
