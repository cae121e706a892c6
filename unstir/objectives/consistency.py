"""The training signal of consistency: all points of a line end where its noisier points end.

    f(x, t) = x - t u(x, t, s),   x_t = (1 - t) x_0 + t e,   l = (1 - share) t
    |f(x_t, t) - f(x_l, l)|^2 / (t - l)^2,   the second f held

(Song et al. 2023; Geng et al. 2025, ECT, with the share fixed as late in its schedule.) It is the
flow map that goes to the end, wherever it is told to go: x_t - x_l = share t v, so that u learns
share v + (1 - share) u(x_l, l, s), as in flow_map.py. In several steps it goes straight towards
the end it sees at each. Noise and end are of one way of the teacher, as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from unstir.objectives.flow_map import step, times


@dataclass(frozen=True)
class Consistency:
    """objective(model, batch, rng): all as of `FlowMap`."""

    share: float = 0.05
    soft: float = 0.03

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        t, s = times(rng, len(batch["x"]))
        return step(model, batch, rng, (t, s, (1 - self.share) * t), self.share, self.soft)
