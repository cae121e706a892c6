"""Data whose denoiser is known in closed form: the oracle every sampler is tested against.

For data ~ N(m, C) and x_t = alpha x_0 + sigma eps the posterior mean is (Bishop 2006, eq. 2.116)

    E[x_0 | x_t] = m + alpha C (alpha^2 C + sigma^2 I)^-1 (x_t - alpha m)

and the probability-flow ODE (Song et al. 2021, eq. 13) scales every principal axis by the ratio of
the marginal deviations. A mixture weighs its parts' answers by their probability given x_t. Arrays
are (..., D), of any library that `namespace` knows.

    data = Mixture([0.3, 0.7], [Gaussian(m1, v1), gaussian(m2, c2)]);  data.denoise(x, level)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from unstir.core.levels import Level
from unstir.core.namespace import namespace


@dataclass(frozen=True)
class Gaussian:
    """N(mean, diag(variance)), or N(mean, basis diag(variance) basis^T); mean, variance (D,)."""

    mean: Any
    variance: Any
    basis: Any = None

    def denoise(self, x: Any, t: Level) -> Any:
        """E[x_0 | x_t = x]."""
        gain = t.alpha * self.variance / self._spread(t)
        return self.mean + self._back(gain * self._along(x, t))

    def flow(self, x: Any, t: Level, s: Level) -> Any:
        """Where the probability-flow ODE through x at level t is at level s."""
        ratio = (self._spread(s) / self._spread(t)) ** 0.5
        return s.alpha * self.mean + self._back(ratio * self._along(x, t))

    def sample(self, unit: Any, t: Level) -> Any:
        """Draws at level t, from unit noise (..., D)."""
        return t.alpha * self.mean + self._back(self._spread(t) ** 0.5 * unit)

    def moments(self, t: Level) -> tuple[Any, Any]:
        """Mean (D,) and covariance (D, D) at level t."""
        mean, xp = self.mean, namespace(self.mean)
        basis = xp.eye(len(mean), dtype=mean.dtype) if self.basis is None else self.basis
        return t.alpha * mean, (basis * self._spread(t)) @ basis.T

    def loglik(self, x: Any, t: Level) -> Any:
        """log p_t(x), (...)."""
        spread, along = self._spread(t), self._along(x, t)
        return -0.5 * (along * along / spread + namespace(x).log(2 * math.pi * spread)).sum(-1)

    def _spread(self, t: Level) -> Any:
        return t.alpha**2 * self.variance + t.sigma**2

    def _along(self, x: Any, t: Level) -> Any:
        off = x - t.alpha * self.mean
        return off if self.basis is None else off @ self.basis

    def _back(self, along: Any) -> Any:
        return along if self.basis is None else along @ self.basis.T


def gaussian(mean: Any, covariance: Any) -> Gaussian:
    """N(mean, covariance), the covariance (D, D)."""
    return Gaussian(mean, *namespace(mean).linalg.eigh(covariance))


@dataclass(frozen=True)
class Mixture:
    """sum_k weights[k] parts[k], the weights summing to one."""

    weights: Sequence[float]
    parts: Sequence[Gaussian]

    def denoise(self, x: Any, t: Level) -> Any:
        """E[x_0 | x_t = x]."""
        share = [namespace(x).exp(j - self.loglik(x, t))[..., None] for j in self._joint(x, t)]
        return sum(w * part.denoise(x, t) for w, part in zip(share, self.parts, strict=True))

    def sample(self, unit: Any, which: Any, t: Level) -> Any:
        """Draws at level t, from unit noise (..., D) and uniform numbers in [0, 1), (...)."""
        x, low = 0 * unit, 0.0
        for w, part in zip(self.weights, self.parts, strict=True):
            chosen = ((which >= low) & (which < low + w))[..., None]
            x, low = namespace(x).where(chosen, part.sample(unit, t), x), low + w
        return x

    def moments(self, t: Level) -> tuple[Any, Any]:
        """Mean (D,) and covariance (D, D) at level t."""
        each = [(w, *part.moments(t)) for w, part in zip(self.weights, self.parts, strict=True)]
        mean = sum(w * m for w, m, _ in each)
        return mean, sum(w * (c + (m - mean)[:, None] * (m - mean)) for w, m, c in each)

    def loglik(self, x: Any, t: Level) -> Any:
        """log p_t(x), (...)."""
        return reduce(namespace(x).logaddexp, self._joint(x, t))

    def _joint(self, x: Any, t: Level) -> list[Any]:
        pairs = zip(self.weights, self.parts, strict=True)
        return [math.log(w) + part.loglik(x, t) for w, part in pairs]
