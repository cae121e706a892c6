"""Averages stored along a run, and any other average made from them afterwards (see `ema`).

    weights = export_ema(Path("runs/emoji"), 0.08)       # float16, for model.load_state_dict

Files are RUN/ema/step-00000500-<first half of the SHA-256>.safetensors in float16: the name says
what must be inside.
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
    """The model's state, weights averaged by the profile `sigma_rel`, at the newest checkpoint.

    A width that was followed is taken as it stands; any other is the least-squares combination of
    all snapshots (Karras et al. 2024, section 3.2). Floating tensors come as float16.

    Raises:
        CheckpointError: no checkpoint, a damaged file, or a run that followed no averages.
    """
    saved = newest(run)
    if saved is None or not saved.tensors["ema"]:
        raise CheckpointError(f"{run} holds no averaged weights; train with ema=(0.05, 0.1) first")
    followed = tracks(saved.tensors["ema"])
    average = followed.get(sigma_rel)
    if average is None:
        average = combine(run, followed, sigma_rel, saved.manifest["step"])
    state = {**saved.tensors["model"], **average}
    state |= {name: state[first] for name, first in saved.manifest["tied"].items()}
    return {n: t.half() if t.is_floating_point() else t for n, t in state.items()}


def tracks(tensors: dict[str, Tensor]) -> dict[float, dict[str, Tensor]]:
    """Tensors by "width/name" as one dict for each width."""
    out: dict[float, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        width, _, name = key.partition("/")
        out.setdefault(float(width), {})[name] = tensor
    return out


def combine(
    run: Path, followed: dict[float, dict[str, Tensor]], sigma_rel: float, step: int
) -> dict[str, Tensor]:
    """The average of width `sigma_rel` at `step`, from the averages there and all earlier ones."""
    if step == 0:
        return next(iter(followed.values()))
    files = [(at, path) for at, path in stored(run) if at < step]
    points = [(at, gamma_of(w)) for at in [step, *(at for at, _ in files)] for w in followed]
    shares = iter(solve(points, (step, gamma_of(sigma_rel))))
    total = {
        n: torch.zeros_like(t, dtype=torch.float64)
        for n, t in next(iter(followed.values())).items()
    }
    for path in [None, *(path for _, path in files)]:
        found = followed if path is None else tracks(load(path))
        for width in followed:
            share = float(next(shares))
            for name, tensor in found[width].items():
                total[name] += share * tensor.double()
    return {name: tensor.float() for name, tensor in total.items()}
