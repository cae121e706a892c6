"""A finished picture: its pixels, its seed, and the recipe that makes it again."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unstir.modalities.image_text import embed
from unstir.modalities.images import format_of, resize, write
from unstir.tasks.recipe import Recipe


@dataclass(frozen=True)
class Picture:
    """One result; `native` holds the model's own pixels, (H, W, 3) uint8, or those of an edited
    picture, with its alpha (H, W, 4) and its color `profile` where it has them. `large` is what an
    upscaler made of them, where one did."""

    native: np.ndarray
    recipe: Recipe
    profile: bytes | None = None
    large: np.ndarray | None = None

    @property
    def seed(self) -> int:
        """The seed that makes this picture alone."""
        return self.recipe.seed

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3 or 4) uint8 at the size asked for."""
        drawn = self.native if self.large is None else self.large
        return resize(drawn, *self.recipe.pixels)

    @property
    def image(self) -> Image.Image:
        """As a Pillow image."""
        return Image.fromarray(self.pixels)

    def save(self, path: str | os.PathLike[str], *, metadata: bool = True) -> Path:
        """Write a PNG, JPEG or WebP, by the name's ending, whole or not at all, its recipe
        inside."""
        path = Path(path)
        options: dict[str, Any] = {"icc_profile": self.profile} if self.profile else {}
        if metadata:
            told = self.recipe.infotext(), self.recipe.to_json(path.name)
            options |= embed(format_of(path), *told)
        write(path, self.pixels, options)
        return path

    def _repr_png_(self) -> bytes:
        """Notebooks show the picture itself."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()
