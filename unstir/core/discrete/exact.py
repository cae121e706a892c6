"""Tokens whose denoiser is known exactly: the oracle of the discrete samplers.

The absorbing process hides tokens without looking at them, so the posterior is the joint
distribution, conditioned on what is seen, whatever the time (Ou et al. 2025, theorem 1):

    p(x_0^l = k | x_t) = sum_m weights[m] [tokens[m] agrees with x_t] [tokens[m, l] = k] / sum

    data = Joint(tokens, weights);  data.denoise(x, level)
"""

import math
from dataclasses import dataclass
from typing import Any

from unstir.core.discrete.process import MASK, NEVER
from unstir.core.levels import Level
from unstir.core.namespace import log, namespace


@dataclass(frozen=True)
class Joint:
    """The sample tokens[m] (M, L) with probability weights[m] (M,); the weights sum to one."""

    tokens: Any
    weights: Any

    def denoise(self, x: Any, t: Level) -> Any:
        """Log-probabilities (B, L, K) of x_0 given x (B, L), which must be possible."""
        xp, posterior = namespace(x), self.posterior(x)[..., None]
        values = range(int(self.tokens.max()) + 1)
        p = xp.stack([(posterior * (self.tokens == k)).sum(1) for k in values], -1)
        return xp.clip(log(p), NEVER, math.inf)

    def posterior(self, x: Any) -> Any:
        """P(sample m | what is seen in x), (B, M)."""
        agrees = ((x[:, None] == self.tokens) | (x[:, None] == MASK)).all(-1)
        weights = agrees * self.weights
        return weights / weights.sum(-1)[:, None]

    def entropy(self) -> float:
        """In nats."""
        return float(-(self.weights * namespace(self.weights).log(self.weights)).sum())
