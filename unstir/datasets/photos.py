"""Real photographs for the upscaler, out of two Python packages that bring their own.

    photos = load(Path("cache"))                    # {"astronaut": (512, 512, 3) uint8, ...}
    photos = load(Path("cache"), HELD_OUT)

`pip download` fetches the pinned wheels into the cache folder; they are read as archives, never
installed. scikit-image's data are in the public domain or CC0 as its data/README.txt says;
scikit-learn's two pictures (CC BY 2.0: "China" by danielbuechele, "Flower" by pygmy) serve
measurement only.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from PIL import Image

from unstir.datasets.wheels import FetchError as FetchError
from unstir.datasets.wheels import wheel
from unstir.modalities.images import BadPicture

PACKAGES = {"skimage": "scikit-image==0.26.0", "sklearn": "scikit-learn==1.9.1"}
TRAIN: Mapping[str, str] = {
    "astronaut": "skimage/data/astronaut.png",  # NASA
    "coffee": "skimage/data/coffee.png",  # CC0, R. Michel
    "rocket": "skimage/data/rocket.jpg",  # public domain, SpaceX
    "hubble": "skimage/data/hubble_deep_field.jpg",  # NASA
    "moon": "skimage/data/moon.png",  # NASA
    "camera": "skimage/data/camera.png",  # CC0, L. Walker
    "brick": "skimage/data/brick.png",  # CC0 Textures
    "grass": "skimage/data/grass.png",
    "gravel": "skimage/data/gravel.png",
}
HELD_OUT: Mapping[str, str] = {
    "cat": "skimage/data/chelsea.png",  # CC0, S. van der Walt
    "china": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
}


def load(root: Path, which: Mapping[str, str] = TRAIN) -> dict[str, np.ndarray]:
    """Photographs by name, (H, W, 3) uint8, gray ones with three equal channels."""
    wheels = {
        top: wheel(root, PACKAGES[top])
        for top in sorted({p.split("/")[0] for p in which.values()})
    }
    found = {}
    for name, path in which.items():
        archived = wheels[path.split("/")[0]]
        try:
            with ZipFile(archived) as archive:
                image = Image.open(io.BytesIO(archive.read(path)))
                found[name] = np.array(image.convert("RGB"))
        except (BadZipFile, KeyError, OSError) as error:
            raise BadPicture(
                f"{archived} holds no {path} ({error}); delete it and run again"
            ) from None
    return found
