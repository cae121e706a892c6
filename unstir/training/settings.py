"""The numbers of a training run, checked when they are made, compared when a run goes on.

    Settings(steps=20_000, batch=128)              # warm-up 200, stable, the last quarter decays
    Settings(budget=3 * 3600)                      # three hours: measured once, then it is a number of steps

No torch here: recipes are values and import quickly.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}

FREE = frozenset(
    ("steps", "budget", "checkpoint_every", "preview_every", "log_every", "keep", "skip", "accumulate",
     "threads", "device", "compile", "tensorboard")
)  # fmt: skip
"""What may differ when a run is taken up again: how far, where and how often, but not what is computed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train.

    Args:
        steps: optimizer steps. None: `budget` decides.
        budget: seconds; measured at the start of the run and turned into `steps` once.
        batch: samples of one step, over all processes.
        optimizer: "muon" (Muon for hidden weights, AdamW for the rest) or "adamw".
        lr, muon_lr: peak rates of AdamW and of Muon.
        warmup: steps of linear warm-up.
        cooldown: the share of the steps, at the end, in which the rate falls to 0.
        decay: shape of the fall, "sqrt" (1 - sqrt) or "linear".
        weight_decay: decoupled, on matrices and kernels only.
        clip: largest norm of the gradient; 0 = no clipping.
        ema: widths sigma_rel of the averages that are followed (see `ema`).
        snapshots: how many times over the run the averages are stored for post-hoc reconstruction.
        seed: of data order, noise and dropout.
        accumulate: parts a batch is split into, for less memory.
        checkpoint_every, preview_every, log_every: 500 = steps; "5min", "30 s", "1h" = time; 0 = never.
        keep: newest checkpoints kept on disk.
        skip: batches in a row that may give no finite loss or gradient before the run stops.
        threads: of torch on the CPU; None leaves it alone.
        device, dtype: such as "cpu", "cuda"; dtype is that of autocast, None or "bfloat16".
        compile: let torch compile the network.
        tensorboard: also write TensorBoard events.
    """

    steps: int | None = None
    budget: float | None = None
    batch: int = 64
    optimizer: str = "muon"
    lr: float = 1e-3
    muon_lr: float = 0.02
    warmup: int = 200
    cooldown: float = 0.25
    decay: str = "sqrt"
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: tuple[float, ...] = (0.05, 0.10)
    snapshots: int = 24
    seed: int = 0
    accumulate: int = 1
    checkpoint_every: int | str = "5min"
    preview_every: int | str = 0
    log_every: int = 10
    keep: int = 3
    skip: int = 3
    threads: int | None = None
    device: str = "cpu"
    dtype: str | None = None
    compile: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "ema", tuple(float(e) for e in self.ema))
        _check("steps or budget", self.steps or self.budget, self.steps is None or self.steps > 0,
               "a positive number of steps, or a budget in seconds", self.steps is not None or self.budget is not None)  # fmt: skip
        for name in ("batch", "lr", "muon_lr", "accumulate", "keep"):
            _check(name, getattr(self, name), getattr(self, name) > 0, "a number above 0")
        for name in ("warmup", "weight_decay", "clip", "snapshots", "log_every", "skip", "seed"):
            _check(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        _check("budget", self.budget, self.budget is None or self.budget > 0, "seconds, above 0")
        _check("cooldown", self.cooldown, 0 <= self.cooldown <= 1, "a share from 0 to 1")
        _check("accumulate", self.accumulate, self.accumulate <= self.batch, "at most the batch")
        _check("ema", self.ema, all(0 < e < 0.28 for e in self.ema), "widths between 0 and 0.28")
        _check("decay", self.decay, self.decay in ("sqrt", "linear"), "'sqrt' or 'linear'")
        _check(
            "optimizer", self.optimizer, self.optimizer in ("muon", "adamw"), "'muon' or 'adamw'"
        )
        _check("dtype", self.dtype, self.dtype in (None, "bfloat16"),
               "None or 'bfloat16' (float16 would need its losses scaled)")  # fmt: skip
        _check(
            "threads", self.threads, self.threads is None or self.threads > 0, "above 0, or None"
        )
        interval(self.checkpoint_every), interval(self.preview_every)

    def to_json(self) -> dict[str, Any]:
        """As a dict that JSON gives back unchanged."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _check(name: str, value: Any, good: bool, want: str, given: bool = True) -> None:
    if not (good and given) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"setting {name} is {value!r}; give {want}")


def interval(every: int | str) -> tuple[int | None, float | None]:
    """(steps, seconds), one of them None: 500 -> (500, None); "5min" -> (None, 300.0); 0 -> (0, None)."""
    if isinstance(every, int) and every >= 0:
        return every, None
    found = re.fullmatch(r"\s*([\d.]+)\s*([a-z]+?)s?\s*", str(every))
    if isinstance(every, str) and found and found[2] in UNITS and found[1].count(".") < 2:
        return None, float(found[1]) * UNITS[found[2]]
    raise ValueError(
        f"interval {every!r} is not understood; give steps (500), a time ('5min', '30s') or 0"
    )


def differences(old: dict[str, Any], new: Settings) -> list[str]:
    """What a run that goes on may not change: "lr was 0.001, now 0.002", one line each."""
    now = new.to_json()
    names = [f.name for f in fields(Settings) if f.name not in FREE]
    return [f"{n} was {old[n]!r}, now {now[n]!r}" for n in names if n in old and old[n] != now[n]]
