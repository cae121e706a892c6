"""Networks by the names that `model.json` uses."""

from __future__ import annotations

from typing import Any

from torch import nn

from unstir.networks.autoencoder import Autoencoder
from unstir.networks.frames import FrameNet
from unstir.networks.letters import Letters
from unstir.networks.pairs import PairNet
from unstir.networks.sequence import Sequence
from unstir.networks.transformer import Transformer
from unstir.networks.unet import UNet

NETWORKS: dict[str, type[nn.Module]] = {
    "autoencoder": Autoencoder,
    "frames": FrameNet,
    "letters": Letters,
    "pairs": PairNet,
    "sequence": Sequence,
    "transformer": Transformer,
    "unet": UNet,
}


def build(name: str, sizes: dict[str, Any]) -> nn.Module:
    """A network with fresh weights; `sizes` are its constructor's arguments."""
    if name not in NETWORKS:
        raise ValueError(f"no {name!r} in networks; there are: {', '.join(NETWORKS)}")
    try:
        return NETWORKS[name](**sizes)
    except TypeError as e:
        raise ValueError(f"the sizes {sizes} do not fit the network {name!r}: {e}") from e
