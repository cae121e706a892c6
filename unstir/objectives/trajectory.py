"""The training signal of a student with few steps: go where the teacher went.

    one step of the student     x_s = x_t + (s - t) F(x_t, t),       s < t, F of the flow
    loss                        E sqrt(|x_s - teacher's|^2 + c^2) - c,   c = `soft` sqrt(numbers)

The teacher's way from x_t to x_s, in many steps, is computed beforehand and kept (Luhman & Luhman
2021, for one step from noise to data; Zhou et al. 2024, SFD, for several). A way without chance
has one end for each beginning, so the student is asked nothing that has two answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from unstir.objectives.denoising import condition


@dataclass(frozen=True)
class TrajectoryMatching:
    """objective(model, batch, rng): batch["begin"] (B, ...) where a step begins and "x" where the
    teacher ended, "times" (B, 2) the two times; "tokens" and "token_mask" if the network takes a
    condition, "extra" if it takes further channels.

    Args:
        soft: where the distance turns from square to straight, for each number of a sample
            (pseudo-Huber; Song & Dhariwal 2024, section 3.3).
        leaps: whether the network is told the time it goes to: one that learns steps of several
            lengths from the same times must be.
    """

    soft: float = 0.03
    leaps: bool = False

    def __call__(self, model: nn.Module, batch: dict[str, Tensor], rng: Any) -> dict[str, Tensor]:
        begin, end = batch["begin"], batch["x"]
        t, s = batch["times"].to(begin.dtype).unbind(1)
        went = (s - t).reshape(-1, *[1] * (begin.ndim - 1))
        goal = {"s": s} if self.leaps else {}
        reached = begin + went * model(begin, t, *told(batch, rng), **goal)
        return apart(reached - end, self.soft)


def told(batch: dict[str, Tensor], rng: Any) -> tuple[Tensor | None, ...]:
    """What a student's network takes after x and t: the condition, which is never dropped (its
    teacher was guided), and further channels if there are any."""
    return *condition(batch, rng, 0.0), *(batch[key] for key in ("extra",) if key in batch)


def apart(error: Tensor, soft: float) -> dict[str, Tensor]:
    """The loss, pseudo-Huber of each sample's error (B, ...), and the mean square."""
    square = error.square().flatten(1).mean(1)
    loss = (square + soft**2).sqrt() - soft
    return {"loss": loss.mean(), "square": square.mean().detach()}
