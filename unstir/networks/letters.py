"""A denoiser of a chain's sequence, told its trace: which amino acids fold so?

    logits = net(x, extra=trace)             # x (B, N) with MASK and PAD -> (B, N, 20)

`trace` (B, 3, N) is where CA are, in the units of modalities/chains.py. Residues see each other
from their own frames (frames.py), and the letters that are not hidden (compare Dauparas et al.
2022, ProteinMPNN, which writes letters one by one, in any order).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unstir.core.discrete.process import PAD
from unstir.networks.frames import Residues

LETTERS = 20


class Letters(Residues):
    """Logits (B, N, 20); see the module's docstring.

    Args: those of `Residues`.
    """

    outer = ("enter", "enter_pair", "biases", "leave")
    """Layers that are no hidden ones (training/optimizer.py)."""
    extra = 3

    def __init__(
        self, width: int = 128, depth: int = 4, heads: int = 8, pair: int = 32, radial: int = 16,
        far: int = 24,
    ) -> None:  # fmt: skip
        super().__init__(1, width, depth, heads, pair, radial, far)
        self.letters = nn.Embedding(LETTERS + 2, width)
        self.leave = nn.Linear(width, LETTERS)

    def forward(
        self,
        x: Tensor,
        t: Tensor | None = None,
        tokens: Tensor | None = None,
        token_mask: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        if extra is None or extra.shape != (x.shape[0], 3, x.shape[1]) or tokens is not None:
            raise ValueError(
                f"letters are {tuple(x.shape)}; this network takes (B, N), a trace (B, 3, N) "
                "beside them, and no condition"
            )
        x = x.long()  # a runtime hands over floats
        mask = (x != PAD)[..., None].to(extra.dtype)
        place = extra.transpose(1, 2)[:, None]
        none = torch.zeros_like(mask)
        modulation = extra.new_zeros(1, 1, 6, 1)
        h, _, _ = self.stream(place, mask, none, self.letters(x - PAD), modulation)
        return self.leave(h)
