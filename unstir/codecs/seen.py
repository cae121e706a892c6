"""What a network that repaints is told: the picture around a hole, and where the hole is.

    extra = seen(encode, x, mask)              # (B, C + 1, h, w) beside the state (B, C, h, w)
    extra = nothing(shape)                     # all is hidden: draw from nothing

The hole is gray when the picture is encoded, elements of the code that lie wholly in it are zero,
and the last channel is the hidden share of each element (Rombach et al. 2022, section 4.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def seen(
    encode: Callable[[np.ndarray], np.ndarray], x: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Pictures (B, 3, H, W) in [-1, 1] and masks (B, H, W), 1 = hidden -> (B, C + 1, h, w)."""
    hidden = (mask > 0).astype(np.float32)[:, None]
    code = encode(x * (1 - hidden))
    share = shares(hidden, code.shape[-2:])
    return np.concatenate([code * (share < 1), share], 1).astype(np.float32)


def nothing(shape: Sequence[int]) -> np.ndarray:
    """What is seen where nothing is known, of a state (C, h, w): (1, C + 1, h, w)."""
    out = np.zeros((1, shape[0] + 1, *shape[1:]), np.float32)
    out[:, -1] = 1
    return out


def shares(hidden: np.ndarray, cells: Sequence[int]) -> np.ndarray:
    """The mean of (B, 1, H, W) over each of `cells` (h, w), whose sides divide H and W."""
    b, _, height, width = hidden.shape
    high, wide = cells
    blocks = hidden.reshape(b, 1, high, height // high, wide, width // wide)
    return blocks.mean((3, 5))
