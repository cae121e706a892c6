"""Time per element: known elements are shown to the network as clean data, at t = 0.

    x -> mask * known + (1 - mask) * x,     t -> (1 - mask) * t,    x0 = known where known

For networks trained with mixed times (Chen et al. 2024, "Diffusion Forcing"). The sampler still
walks scalar levels; the network meets times of the mask's shape.
"""

from __future__ import annotations

from typing import Any

from unstir.core.levels import Denoise, Level


def timemap(denoise: Denoise[Any], known: Any, mask: Any) -> Denoise[Any]:
    """`known` like x_0 and finite everywhere; `mask` of its dtype, (B, 1, *space): a network of
    grids has one time for all channels of an element.

    alpha and sigma are exact for masks between 0 and 1 too; t then is, on the flow schedule only.
    """
    free = 1 - mask

    def mapped(x: Any, t: Level) -> Any:
        own = Level(free * t.t, mask + free * t.alpha, free * t.sigma)
        return mask * known + free * denoise(mask * known + free * x, own)

    return mapped
