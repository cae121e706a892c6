"""Averages stored along a run, and any other average made from them afterwards (see `ema`).

    weights = export_ema(Path("runs/emoji"), 0.08)       # float16, for model.load_state_dict

Files are RUN/ema/step-00000500-<first half of the SHA-256>.safetensors in float16: the name says what must be inside.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import safetensors.torch as st
import torch
from torch import Tensor

from unstir.training import durable
from unstir.training.checkpoint import CheckpointError, newest
from unstir.training.ema import Ema, gamma_of, solve


def stored(run: Path) -> list[tuple[int, Path]]:
    """(step, file) of all snapshots, oldest first."""
    found = [
        (re.match(r"step-(\d+)-[0-9a-f]{32}\.", p.name), p) for p in run.glob("ema/*.safetensors")
    ]
    return sorted((int(m[1]), p) for m, p in found if m)


def store(run: Path, step: int, ema: Ema) -> None:
    """Write the averages of a step."""
    data = st.save({n: t.half().cpu().contiguous() for n, t in ema.state().items()})
    folder = run / "ema"
    folder.mkdir(exist_ok=True)
    name = f"step-{step:08}-{hashlib.sha256(data).hexdigest()[:32]}.safetensors"
    durable.replace(folder / name, data)


def forget(run: Path, step: int) -> None:
    """Remove snapshots beyond a step: a run that goes on from there makes its own."""
    for at, path in stored(run):
        if at > step:
            path.unlink()


def load(path: Path) -> dict[str, Tensor]:
    """A verified snapshot."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest()[:32] != path.stem.rpartition("-")[2]:
        raise CheckpointError(
            f"{path} does not match the hash in its name; delete it to go without it"
        )
    return st.load(data)


def export_ema(run: Path, sigma_rel: float) -> dict[str, Tensor]:
    """The model's state with its weights averaged by the profile `sigma_rel`, as of the newest checkpoint.

    A width that was followed is taken as it stands; any other is the least-squares combination of all
    snapshots (Karras et al. 2024, section 3.2). Floating tensors come as float16.

    Raises:
        CheckpointError: no checkpoint, a damaged file, or a run that followed no averages.
    """
    saved = newest(run)
    if saved is None or not saved.tensors["ema"]:
        raise CheckpointError(f"{run} holds no averaged weights; train with ema=(0.05, 0.1) first")
    last, tracks = saved.manifest["step"], saved.tensors["ema"]
    if any(n.startswith(f"{sigma_rel}/") for n in tracks):
        average = {
            n.partition("/")[2]: t for n, t in tracks.items() if n.startswith(f"{sigma_rel}/")
        }
    else:
        average = combine(
            {last: tracks, **{at: load(p) for at, p in stored(run) if at < last}}, sigma_rel, last
        )
    state = {**saved.tensors["model"], **average}
    return {n: t.half() if t.is_floating_point() else t for n, t in state.items()}


def combine(
    snapshots: dict[int, dict[str, Tensor]], sigma_rel: float, step: int
) -> dict[str, Tensor]:
    """The average of width `sigma_rel` at `step` from snapshots by step, each by "width/name"."""
    tracks: dict[tuple[int, float], dict[str, Tensor]] = {}
    for at, tensors in snapshots.items():
        for key, tensor in tensors.items():
            width, _, name = key.partition("/")
            tracks.setdefault((at, gamma_of(float(width))), {})[name] = tensor
    shares = solve(list(tracks), (step, gamma_of(sigma_rel)))
    names = next(iter(tracks.values()))
    return {
        name: sum(float(s) * t[name].to(torch.float64) for s, t in zip(shares, tracks.values(), strict=True)).float()
        for name in names
    }  # fmt: skip
