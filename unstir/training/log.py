"""The run's diary: one JSON object a line in RUN/log.jsonl; TensorBoard beside it where asked for.

    {"step": 500, "loss": 0.231, "grad_norm": 0.8, "lr": 0.001, "parts": {...}, ...}

    {"step": 500, "figures": {...}}                  where a preview measured some

A run that is taken up again first forgets the lines beyond the step it goes on from, so that each
step stands once, as in an unbroken run.
"""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unstir.training import durable

NAME = "log.jsonl"


def lines(run: Path) -> list[dict[str, Any]]:
    """What the diary says; a last line cut short by a crash is left out."""
    path = run / NAME
    if not path.exists():
        return []
    whole = path.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in whole if line.endswith("\n")]


class Log:
    """Appends to the diary of a run.

    Args:
        run: its folder.
        step: steps done; lines beyond are forgotten.
        tensorboard: also write TensorBoard events to RUN/tensorboard.
    """

    def __init__(self, run: Path, step: int, tensorboard: bool = False) -> None:
        self.path = run / NAME
        kept = [line for line in lines(run) if line["step"] <= step]
        durable.replace(self.path, "".join(map(_line, kept)).encode())
        self.board = _board(run / "tensorboard", step) if tensorboard else None

    def __call__(self, entry: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(entry))
        if self.board is not None:
            for name in ("loss", "grad_norm", "lr"):
                self.board.add_scalar(name, entry[name], entry["step"])
            for name, value in entry["parts"].items():
                self.board.add_scalar(f"parts/{name}", value, entry["step"])

    def figures(self, step: int, figures: dict[str, Any]) -> None:
        """A line of figures that a preview measured."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line({"step": step, "figures": figures}))

    def close(self) -> None:
        if self.board is not None:
            self.board.close()


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(_finite(entry), allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """With null for what JSON has no number for."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _board(folder: Path, step: int) -> Any:
    if find_spec("tensorboard") is None:
        raise ValueError(
            "setting tensorboard needs its package: pip install tensorboard, or leave it off"
        )
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1)
