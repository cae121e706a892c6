"""Averages of the weights over a run, of any width, chosen after the run.

    average(t) = beta(t) average(t - 1) + (1 - beta(t)) weights(t)
    beta(t) = (1 - 1/t)^(gamma + 1)

Karras et al. 2024 (EDM2): power-function profiles, whose width sigma_rel (the standard deviation
of the profile as a share of the run) stays the same however long the run is: section 3.1, eq. 1-3
and 21-22 of the appendix; post-hoc reconstruction: section 3.2 and appendix C.2. Two profiles are
followed and stored now and then; any other profile is their best linear combination.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Snapshot = tuple[int, float]
"""(step t at which it was stored, exponent gamma)."""


def gamma_of(sigma_rel: float) -> float:
    """The exponent of a profile: the largest g of sigma_rel^2 = (g + 1) / ((g + 2)^2 (g + 3))."""
    if not 0 < sigma_rel < 0.288:
        raise ValueError(
            f"sigma_rel is {sigma_rel!r}; a power-function average has one between 0 and 0.288"
        )
    k = sigma_rel**-2
    return float(max(np.roots([1, 7, 16 - k, 12 - k]).real))


def beta(gamma: float, t: int) -> float:
    """The share of the old average that is kept at step t = 1, 2, ..."""
    return (1 - 1 / t) ** (gamma + 1)


def _product(a: Snapshot, b: Snapshot) -> float:
    """Inner product of two profiles p(s) = (g + 1) s^g / t^(g + 1) on [0, t]."""
    (ta, ga), (tb, gb) = a, b
    least = min(ta, tb)
    logs = ga * math.log(least / ta) + gb * math.log(least / tb)
    return (ga + 1) * (gb + 1) / (ga + gb + 1) * math.exp(logs) * least / ta / tb


def solve(snapshots: Sequence[Snapshot], wanted: Snapshot) -> np.ndarray:
    """The weights of the snapshots whose sum is nearest to the wanted profile in least squares."""
    gram = np.array([[_product(a, b) for b in snapshots] for a in snapshots])
    right = np.array([_product(a, wanted) for a in snapshots])
    scale = 1 / np.sqrt(np.diag(gram))  # unit profiles: late and early ones weigh alike
    unit = gram * scale[:, None] * scale[None, :]
    return scale * np.linalg.lstsq(unit, right * scale, rcond=1e-12)[0]


class Ema:
    """The averages that are followed while training: `tracks[sigma_rel][name]`, float32."""

    def __init__(self, weights: dict[str, Tensor], widths: Sequence[float]) -> None:
        self.tracks = {w: {n: p.detach().clone() for n, p in weights.items()} for w in widths}
        self.gammas = {w: gamma_of(w) for w in widths}

    @torch.no_grad()
    def update(self, weights: dict[str, Tensor], t: int) -> None:
        """Take in the weights after step t = 1, 2, ..."""
        for width, track in self.tracks.items():
            share = 1 - beta(self.gammas[width], t)
            news = [weights[name] for name in track]
            torch.ops.aten._foreach_lerp_.Scalar(list(track.values()), news, share)

    def state(self) -> dict[str, Tensor]:
        """Tensors by "sigma_rel/parameter name"."""
        return {f"{w}/{n}": p for w, track in self.tracks.items() for n, p in track.items()}

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])
