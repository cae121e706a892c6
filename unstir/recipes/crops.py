"""Pairs of small and large pieces of pictures, for an upscaler.

    crops = Crops(scenes, soft, photos, Residual(4, 0.1))
    crops.batch(np.array([7]))      # {"x": z (1, 48, 32, 32), "extra": (1, 4, 32, 32)}

Piece i is a pure function of the pictures and i: which picture, where, turned or mirrored, and
what is done to the small one. It is the large one's block means or, for half of the scenes'
pieces, cut from the scene's given small picture (what a model's autoencoder makes of it). Half of
the small ones get Gaussian noise of up to `NOISE`, and the network is told how much in a fourth
channel (noise augmentation: Ho et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unstir.codecs.residual import Residual, shrink
from unstir.modalities.images import to_model

SIDE = 32
PHOTOS = 0.6
"""Share of the pieces that come from photographs."""
NOISE = 0.2
"""Deviation of the strongest noise on a small picture, in [-1, 1]."""
PIECES = 2**20


@dataclass(frozen=True)
class Crops:
    """Pieces of pictures: piece i is a pure function of what there is and i.

    Args:
        scenes: (N, f h, f w, 3) uint8, and `soft` (N, h, w, 3), another small version of each.
        photos: pictures of any size, drawn in proportion to their area.
        residual: the space of the large pieces.
        side: of the small pieces.
    """

    scenes: np.ndarray
    soft: np.ndarray
    photos: Sequence[np.ndarray]
    residual: Residual
    side: int = SIDE

    def __len__(self) -> int:
        return PIECES

    def batch(self, indices: np.ndarray, /) -> dict[str, np.ndarray]:
        pairs = [self.piece(int(i)) for i in indices]
        high, low, told = (np.stack(part) for part in zip(*pairs, strict=True))
        clear = low[:, :3]
        return {"x": self.residual.normalize(high, clear).astype(np.float32), "extra": told}

    def piece(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The large piece, the small one, and what the network is told: the small one and the
        strength of its noise."""
        rng = np.random.Generator(np.random.Philox(key=index))
        high, low = self._cut(rng)
        turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
        high, low = (np.rot90(a, turns, (1, 2)) for a in (high, low))
        if mirrored:
            high, low = high[..., ::-1], low[..., ::-1]
        strength = rng.random() if rng.random() < 0.5 else 0.0
        low = low + NOISE * strength * rng.standard_normal(low.shape)
        level = np.full((1, *low.shape[1:]), strength)
        low = low.astype(np.float32)
        return high.astype(np.float32), low, np.concatenate([low, level]).astype(np.float32)

    @cached_property
    def _areas(self) -> np.ndarray:
        """Where each photograph ends on a line of all their pixels, of length 1: large ones are
        drawn more often, so that no pixel is."""
        areas = np.cumsum([p.shape[0] * p.shape[1] for p in self.photos])
        return areas / areas[-1]

    def _cut(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        f, side = self.residual.factor, self.side
        photo = bool(self.photos) and (not len(self.scenes) or rng.random() < PHOTOS)
        if photo:
            row = int(np.searchsorted(self._areas, rng.random(), "right"))
            picture = self.photos[row]
        else:
            row = int(rng.integers(len(self.scenes)))
            picture = self.scenes[row]
        top, left = (int(rng.integers(n // f - side + 1)) for n in picture.shape[:2])
        high = to_model(picture[f * top : f * (top + side), f * left : f * (left + side)])
        low = shrink(high[None], f)[0]
        if not photo and rng.random() < 0.5:
            low = to_model(self.soft[row, top : top + side, left : left + side])
        return high, low
