"""AdamW, and Muon for the hidden weights: the update is the momentum with all its singular values set near 1.

    M <- mu M + G;   U = G + mu M;   W <- (1 - r d) W - r sqrt(max(1, rows / columns)) msign(U)

Jordan et al. 2024 (Muon: Newton-Schulz coefficients, scale); Loshchilov & Hutter 2019 (AdamW). Kernels count
as matrices of (out, in * kernel). The iteration runs in float32: torch.optim.Muon's bfloat16 is some 80 times
slower on CPUs without bfloat16 units.

Which weights get Muon: `weight`s of two to five dimensions with at least `NARROW` channels on both sides that are
no embedding table and do not lie under a name in the model's `outer` (if it has one). All else gets AdamW:
biases, norms, learned tokens, embeddings, and input and output layers, whose data side is narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from unstir.training.settings import Settings

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
MOMENTUM, BETAS, NARROW = 0.95, (0.9, 0.95), 32


def hidden(model: nn.Module) -> set[str]:
    """Names of the parameters that Muon takes; the rule stands in the module's docstring."""
    outer = tuple(f"{name}." for name in getattr(model, "outer", ()))
    tables = {
        id(p)
        for m in model.modules()
        if isinstance(m, (nn.Embedding, nn.EmbeddingBag))
        for p in m.parameters()
    }
    return {
        name
        for name, p in model.named_parameters()
        if name.rpartition(".")[2] == "weight"
        and 2 <= p.ndim <= 5
        and min(p.shape[:2]) >= NARROW
        and id(p) not in tables
        and not name.startswith(outer or ("\0",))
    }


def newton_schulz(g: Tensor, steps: int = 5) -> Tensor:
    """msign(g) of matrices (..., rows, columns): U S V^T -> about U V^T, singular values in 0.7 .. 1.2.

    With X of the short side first, every iterate is Q X for a polynomial Q of A = X X^T: the loop stays in the
    small square and X is met twice. X' = P X, A' = P A P, P = a I + b A + c A^2.
    """
    a, b, c = COEFFICIENTS
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    one = torch.eye(x.shape[-2], dtype=x.dtype, device=x.device)
    gram, q = x @ x.mT, one
    for step in range(steps):
        p = a * one + (b * one + c * gram) @ gram
        q = p if step == 0 else p @ q
        if step + 1 < steps:
            gram = p @ gram @ p
    x = q @ x
    return x.mT if tall else x


class Muon:
    """The hidden weights' optimizer. State: one momentum buffer per weight."""

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], decay: float) -> None:
        self.named, self.decay = dict(named), decay
        self.momentum = {name: torch.zeros_like(p) for name, p in self.named.items()}

    def step(self, rate: float) -> None:
        shapes: dict[tuple[int, int], list[str]] = {}
        for name, p in self.named.items():
            if p.grad is not None:
                shapes.setdefault((p.shape[0], p[0].numel()), []).append(name)
        for shape, names in shapes.items():
            self._step(names, shape, rate)

    def _step(self, names: list[str], shape: tuple[int, int], rate: float) -> None:
        """Weights of one shape are turned together."""
        updates = []
        for name in names:
            grad = self.named[name].grad
            buffer = self.momentum[name].mul_(MOMENTUM).add_(grad)
            updates.append((grad + MOMENTUM * buffer).reshape(shape).float())
        turned = newton_schulz(torch.stack(updates))
        for name, update in zip(names, turned, strict=True):
            p = self.named[name]
            p.mul_(1 - rate * self.decay)
            p.add_(update.view_as(p), alpha=-rate * math.sqrt(max(1.0, shape[0] / shape[1])))


class Optimizer:
    """Both optimizers over one model, with a state of plain named tensors.

    Args:
        model: its parameters are divided by the rule of `hidden`.
        settings: optimizer, lr, muon_lr, weight_decay.
    """

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        named = {n: p for n, p in model.named_parameters() if p.requires_grad}
        chosen = hidden(model) & named.keys() if settings.optimizer == "muon" else set()
        self.rates = settings.lr, settings.muon_lr
        self.muon = Muon(((n, named[n]) for n in named if n in chosen), settings.weight_decay)
        self.others = {n: p for n, p in named.items() if n not in chosen}
        wide = [p for p in self.others.values() if p.ndim >= 2]
        flat = [p for p in self.others.values() if p.ndim < 2]
        groups = [
            {"params": params, "weight_decay": decay}
            for params, decay in ((wide, settings.weight_decay), (flat, 0.0))
            if params
        ]
        fused = all(p.device.type in ("cpu", "cuda") for p in named.values())
        self.adamw = (
            torch.optim.AdamW(groups, lr=settings.lr, betas=BETAS, fused=fused) if groups else None
        )

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One update at `factor` times the peak rates."""
        lr, muon_lr = self.rates
        self.muon.step(muon_lr * factor)
        if self.adamw is not None:
            for group in self.adamw.param_groups:
                group["lr"] = lr * factor
            self.adamw.step()

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by "parameter name / what"."""
        out = {f"{n}/momentum": b for n, b in self.muon.momentum.items()}
        for name, p in self.others.items():
            kept = self.adamw.state[p] if self.adamw is not None else {}
            out |= {f"{name}/{key}": value for key, value in kept.items()}
        return out

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for name, buffer in self.muon.momentum.items():
            buffer.copy_(state[f"{name}/momentum"])
        for name, p in self.others.items():
            keys = [k for k in ("step", "exp_avg", "exp_avg_sq") if f"{name}/{k}" in state]
            for key in keys if self.adamw is not None else ():
                like = torch.zeros((), device=p.device) if key == "step" else torch.zeros_like(p)
                self.adamw.state[p][key] = like.copy_(state[f"{name}/{key}"])
