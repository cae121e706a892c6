"""AdamW, and Muon for the hidden weights: their momentum with all singular values set near 1.

    M <- mu M + G;   U = G + mu M;   W <- (1 - r d) W - r sqrt(max(1, rows / columns)) msign(U)

Jordan et al. 2024 (Muon: Newton-Schulz coefficients, scale); Loshchilov & Hutter 2019 (AdamW).
Kernels count as matrices of (out, in * kernel). The iteration runs in float32: torch.optim.Muon's
bfloat16 is some 80 times slower on CPUs without bfloat16 units.

Which weights get Muon: those named `weight`, of two to five dimensions, with at least `NARROW`
channels on both sides, that are no embedding table and have no part of their name in the model's
`outer` (if it has one: a tuple such as ("enter", "leave")). All else gets AdamW: biases, norms,
learned tokens, embeddings, and the input and output layers, whose data side is narrow.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from unstir.training.distributed import ALONE, Group
from unstir.training.settings import Settings

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
MOMENTUM, NARROW = 0.95, 32


def hidden(model: nn.Module) -> set[str]:
    """Names of the parameters that Muon takes; the rule stands in the module's docstring."""
    outer = set(getattr(model, "outer", ()))
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    return {
        name
        for name, p in model.named_parameters()
        if name.rpartition(".")[2] == "weight"
        and 2 <= p.ndim <= 5
        and min(p.shape[:2]) >= NARROW
        and id(p) not in tables
        and outer.isdisjoint(name.split("."))
    }


def newton_schulz(g: Tensor, steps: int = 5) -> Tensor:
    """msign(g) of matrices (..., rows, columns): U S V^T -> U V^T, about (values 0.7 to 1.2).

    X <- P X with P = a I + b A + c A^2, A = X X^T, the short side first. Where the long side is
    much longer, as of kernels, the loop runs on squares alone, X = Q X_0 with Q <- P Q and A <- P
    A P (all are polynomials of one A and commute): 2.8 times less work for a 3 x 3 kernel.
    """
    a, b, c = COEFFICIENTS
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    one = torch.eye(x.shape[-2], dtype=x.dtype, device=x.device)
    square, long = x @ x.mT, x.shape[-1] > 1.5 * x.shape[-2]
    q = one
    for step in range(steps):
        p = a * one + (b * one + c * square) @ square
        last = step + 1 == steps
        if long:
            q = p @ q if step else p
            square = square if last else p @ square @ p
        else:
            x = p @ x
            square = square if last else x @ x.mT
    x = q @ x if long else x
    return x.mT if tall else x


class Muon:
    """The hidden weights' optimizer. State: one momentum buffer per weight, the same everywhere.

    Of several processes, each turns its share of the matrices and the sum brings them together.
    """

    def __init__(self, named: dict[str, nn.Parameter], decay: float, group: Group) -> None:
        self.named, self.decay, self.group = named, decay, group
        self.momentum = {name: torch.zeros_like(p) for name, p in named.items()}

    def step(self, rate: float) -> None:
        shapes: dict[tuple[int, int], list[str]] = {}
        for name, p in self.named.items():
            if p.grad is not None:
                self.momentum[name].mul_(MOMENTUM).add_(p.grad)
                shapes.setdefault((p.shape[0], p[0].numel()), []).append(name)
        for turn, (shape, names) in enumerate(shapes.items()):
            scale = math.sqrt(max(1.0, shape[0] / shape[1]))
            mine = slice((self.group.rank + turn) % self.group.world, None, self.group.world)
            for name, update in zip(names, self._turn(names, shape, mine), strict=True):
                p = self.named[name]
                p.mul_(1 - rate * self.decay)
                p.add_(update.view_as(p), alpha=-rate * scale)

    def _turn(self, names: list[str], shape: tuple[int, int], mine: slice) -> Tensor:
        """msign of the updates of weights of one shape, together. (N, rows, columns)"""
        updates = [self._update(name).reshape(shape).float() for name in names[mine]]
        turned = torch.zeros(len(names), *shape, device=self.named[names[0]].device)
        if updates:
            turned[mine] = newton_schulz(torch.stack(updates))
        return self.group.sum(turned)

    def _update(self, name: str) -> Tensor:
        grad = self.named[name].grad
        assert grad is not None
        return grad + MOMENTUM * self.momentum[name]


class Optimizer:
    """Both optimizers over one model, with a state of plain named tensors.

    Args:
        model: its parameters are divided by the rule of `hidden`.
        settings: optimizer, lr, muon_lr, weight_decay, betas.
        group: the processes that share Muon's work.
    """

    def __init__(self, model: nn.Module, settings: Settings, group: Group = ALONE) -> None:
        named = {n: p for n, p in model.named_parameters() if p.requires_grad}
        chosen = hidden(model) if settings.optimizer == "muon" else set()
        self.rates = settings.lr, settings.muon_lr
        decay = settings.weight_decay
        self.muon = Muon({n: p for n, p in named.items() if n in chosen}, decay, group)
        self.others = {n: p for n, p in named.items() if n not in chosen}
        groups = [
            {"params": [p for p in self.others.values() if p.ndim >= 2], "weight_decay": decay},
            {"params": [p for p in self.others.values() if p.ndim < 2], "weight_decay": 0.0},
        ]
        fused = all(p.device.type in ("cpu", "cuda") for p in named.values())
        self.adamw = torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, fused=fused)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One update at `factor` times the peak rates."""
        lr, muon_lr = self.rates
        self.muon.step(muon_lr * factor)
        for group in self.adamw.param_groups:
            group["lr"] = lr * factor
        self.adamw.step()

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by "parameter name/what"."""
        out = {f"{name}/momentum": buffer for name, buffer in self.muon.momentum.items()}
        for name, p in self.others.items():
            out |= {f"{name}/{key}": value for key, value in self.adamw.state[p].items()}
        return out

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave.

        Raises:
            KeyError: the weights were divided otherwise, naming the first that differs.
        """
        kept = {key.removesuffix("/momentum") for key in state if key.endswith("/momentum")}
        for name in sorted(kept ^ self.muon.momentum.keys()):
            raise KeyError(name)
        for name, buffer in self.muon.momentum.items():
            buffer.copy_(state[f"{name}/momentum"])
        for name, p in self.others.items():
            for key in ("step", "exp_avg", "exp_avg_sq"):
                if f"{name}/{key}" in state:  # not there before the first gradient
                    like = torch.zeros((), device=p.device) if key == "step" else p
                    self.adamw.state[p][key] = torch.zeros_like(like).copy_(state[f"{name}/{key}"])
