"""The numbers of a training run, checked when they are made, compared when a run goes on.

    Settings(steps=20_000, batch=128)              # warm-up 200, stable, the last quarter decays
    Settings(budget=3 * 3600)                      # three hours: measured once, then steps

No torch here: recipes are values and import quickly.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

WHOLE, NUMBER, HUGE = (int,), (int, float), 10**15
WIDEST = 0.28
"""sigma_rel of an average that weighs all steps alike is 0.2887."""

# name: (types, least, most, what to give)
RANGES: dict[str, tuple[tuple[type, ...], float, float, str]] = {
    "steps": (WHOLE, 1, HUGE, "1 or more"),
    "budget": (NUMBER, 1e-9, HUGE, "seconds, above 0"),
    "batch": (WHOLE, 1, HUGE, "1 or more"),
    "lr": (NUMBER, 1e-12, 1e3, "a number above 0"),
    "muon_lr": (NUMBER, 1e-12, 1e3, "a number above 0"),
    "warmup": (WHOLE, 0, HUGE, "steps, 0 or more"),
    "cooldown": (NUMBER, 0, 1, "a share from 0 to 1"),
    "weight_decay": (NUMBER, 0, 1e3, "0 or more"),
    "clip": (NUMBER, 0, HUGE, "a norm, or 0 for none"),
    "snapshots": (WHOLE, 0, HUGE, "0 or more"),
    "seed": (WHOLE, 0, 2**64 - 1, "a number from 0 to 2^64 - 1"),
    "accumulate": (WHOLE, 1, HUGE, "1 or more"),
    "log_every": (WHOLE, 0, HUGE, "steps, or 0 for never"),
    "keep": (WHOLE, 1, HUGE, "1 or more"),
    "skip": (WHOLE, 0, HUGE, "0 or more"),
    "threads": (WHOLE, 1, 4096, "1 or more, or None"),
}
CHOICES = {
    "optimizer": ("muon", "adamw"),
    "decay": ("sqrt", "linear"),
    "dtype": (None, "bfloat16"),  # float16 would need its losses scaled
}
UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}

FREE = frozenset(
    ("steps", "budget", "checkpoint_every", "preview_every", "log_every", "keep", "skip",
     "accumulate", "threads", "device", "compile", "tensorboard")
)  # fmt: skip
"""What may differ when a run goes on: how far, where, how often; but not what is computed."""


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
        betas: of AdamW; the players of a GAN want little momentum, as (0, 0.99).
        weight_decay: decoupled, on matrices and kernels only.
        clip: largest norm of the gradient; 0 = no clipping.
        ema: widths sigma_rel of the averages that are followed (see `ema`).
        snapshots: how many times over the run the averages are stored for post-hoc reconstruction.
        seed: of data order, noise and dropout.
        accumulate: parts a batch is split into, for less memory.
        checkpoint_every, preview_every: 500 = steps; "5min", "30 s", "1h" = time; 0 = never.
        log_every: steps between lines of the log; 0 = none.
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
    betas: tuple[float, float] = (0.9, 0.95)
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
        object.__setattr__(self, "betas", tuple(float(b) for b in self.betas))
        if self.steps is None and self.budget is None:
            raise ValueError("neither steps nor budget is set; give steps, or seconds as budget")
        for name in (*RANGES, *CHOICES):
            value = getattr(self, name)
            if value is not None or name not in ("steps", "budget", "threads"):
                better = instead(name, value)
                _require(not better, name, value, better)
        _require(all(0 < e < WIDEST for e in self.ema), "ema", self.ema, f"widths below {WIDEST}")
        proper = len(self.betas) == 2 and all(0 <= b < 1 for b in self.betas)
        _require(proper, "betas", self.betas, "two numbers from 0 to below 1")
        _require(self.accumulate <= self.batch, "accumulate", self.accumulate, "at most the batch")
        for every in (self.checkpoint_every, self.preview_every):
            interval(every)

    def to_json(self) -> dict[str, Any]:
        """As a dict that JSON gives back unchanged."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def instead(name: str, value: Any) -> str:
    """What to give instead of a number or word that makes no sense; empty where it does."""
    if name in RANGES:
        kind, low, high, want = RANGES[name]
        return "" if _between(value, kind, low, high) else want
    words = [repr(c) for c in CHOICES[name] if c] + ["nothing"] * (None in CHOICES[name])
    return "" if value in CHOICES[name] else " or ".join(words)


def _between(value: Any, kind: tuple[type, ...], low: float, high: float) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and low <= value <= high


def _require(good: bool, name: str, value: Any, want: str) -> None:
    if not good:
        raise ValueError(f"setting {name} is {value!r}; give {want}")


def interval(every: int | str) -> tuple[int | None, float | None]:
    """(steps, seconds), one of them None: 500 -> (500, None); "5min" -> (None, 300.0)."""
    if isinstance(every, int) and every >= 0:
        return every, None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*", str(every))
    if isinstance(every, str) and found and found[2] in UNITS:
        return None, float(found[1]) * UNITS[found[2]]
    raise ValueError(f"interval {every!r} is not steps (500), a time ('5min', '30 s') or 0")


def differences(old: dict[str, Any], new: Settings) -> list[str]:
    """What a run that goes on may not change: "lr was 0.001, now 0.002", one line each."""
    now = new.to_json()
    names = [f.name for f in fields(Settings) if f.name not in FREE]
    return [f"{n} was {old[n]!r}, now {now[n]!r}" for n in names if n in old and old[n] != now[n]]
