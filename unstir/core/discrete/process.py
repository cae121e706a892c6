"""The absorbing process: every token is hidden behind MASK at some time, and stays hidden.

    q(x_t | x_0): x_0 with probability alpha_t, MASK with probability sigma_t = 1 - alpha_t

Austin et al. 2021, sec. 3; Sahoo et al. 2024 (MDLM), sec. 3; Shi et al. 2024. What a `Denoise`
answers are log-probabilities of x_0, token by token, (B, *shape, K); they need not be normalized,
but finite: log 0 is NEVER, so that guidance may add and subtract them.
"""

import math
from typing import Any

from unstir.core.levels import Denoise, Level
from unstir.core.namespace import namespace, take

MASK = -1
"""A token that is hidden. An embedding looks up x + 2."""
PAD = -2
"""No token at all: what lies beyond a sample's length, which is chosen first."""
NEVER = -1e9
"""The log-probability of what cannot be."""
TOKEN, WHERE = 0, 1
"""The draws of a sampler's step: which tokens, and where."""


def stir(x0: Any, t: Level, u: Any) -> Any:
    """x_t ~ q(x_t | x_0), from uniform numbers in (0, 1] of x_0's shape; PAD stays."""
    return namespace(x0).where((u <= t.sigma) & (x0 >= 0), MASK, x0)


def keep(known: Any, mask: Any, x: Any = MASK) -> Any:
    """Where to start an edit: `known` where mask is 1, elsewhere x.

    What a sampler is given to see, it keeps: in-painting, scaffolds, prefixes and padding are
    states to start from.
    """
    return namespace(known).where(mask > 0, known, x)


def subs(net: Denoise[Any]) -> Denoise[Any]:
    """Any network's logits as log-probabilities that respect the process (Sahoo et al. 2024, sec.
    3.2.3): MASK has none, for there are K of them, and a token that is seen is certain."""

    def denoise(x: Any, t: Level) -> Any:
        found = normalized(net(x, t))
        xp, seen = namespace(found), (x >= 0)[..., None]
        same = x[..., None] == xp.cumsum(xp.ones_like(found), -1) - 1
        return xp.where(seen & same, 0.0, xp.where(seen, NEVER, found))

    return denoise


def normalized(logits: Any) -> Any:
    """log softmax over the last axis."""
    xp = namespace(logits)
    above = logits - xp.amax(logits, -1)[..., None]
    return xp.clip(above - xp.log(xp.exp(above).sum(-1))[..., None], NEVER, math.inf)


def draw(logits: Any, u: Any) -> Any:
    """Tokens of these log-probabilities by inversion, one uniform number each (Devroye 1986)."""
    xp = namespace(logits)
    below = xp.cumsum(xp.exp(logits - xp.amax(logits, -1)[..., None]), -1)
    return (below < u[..., None] * below[..., -1:]).sum(-1)


def log_probability(logits: Any, tokens: Any) -> Any:
    """log p of each token."""
    return take(normalized(logits), tokens[..., None])[..., 0]
