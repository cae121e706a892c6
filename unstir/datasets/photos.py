"""Real photographs for the upscaler, out of packages that bring their own.

    photos = load(Path("cache"))                    # {"astronaut": (512, 512, 3) uint8, ...}
    photos = load(Path("cache"), HELD_OUT)

Pinned wheels and a Debian package are fetched into the cache folder (see `wheels`, `debian`) and
read as archives, never installed. scikit-image's data are in the public domain or CC0 as its
data/README.txt says; those of Lomiri are CC BY 4.0, one CC0, as the package's copyright file has
it. scikit-learn's two (CC BY 2.0: "China" by danielbuechele, "Flower" by pygmy) serve measurement
only.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from PIL import Image

from unstir.datasets import debian
from unstir.datasets.wheels import FetchError as FetchError
from unstir.datasets.wheels import wheel
from unstir.modalities.images import BadPicture

PACKAGES = {
    "skimage": "scikit-image==0.26.0",
    "sklearn": "scikit-learn==1.9.1",
    "usr": "lomiri-wallpapers-16.04=20.04.0-2",
}
LOMIRI = "usr/share/backgrounds"
LONGEST = 1_600
"""Larger pictures are shrunk by a whole number, to about this: a camera's own pixels are soft."""
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
    "mountain": f"{LOMIRI}/aitzgorri_by_Aitzol_Berasategi.jpg",
    "dogs": f"{LOMIRI}/friends_by_Aitzol_Berasategi.jpg",
    "brook": f"{LOMIRI}/life_by_Aitzol_Berasategi.jpg",
    "peaks": f"{LOMIRI}/picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "dusk": f"{LOMIRI}/sunset_by_Aitzol_Berasategi.jpg",
    "fig": f"{LOMIRI}/Picture_0B_by_freespace.jpg",
    "brushes": f"{LOMIRI}/Picture_1A_by_freespace.jpg",
    "room": f"{LOMIRI}/Wine_by_Jakkub_Mede.jpg",
    "dandelion": f"{LOMIRI}/seeding_by_Clements_Engelhardt.jpg",  # CC0
}
HELD_OUT: Mapping[str, str] = {
    "cat": "skimage/data/chelsea.png",  # CC0, S. van der Walt
    "china": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
}


def load(root: Path, which: Mapping[str, str] = TRAIN) -> dict[str, np.ndarray]:
    """Photographs by name, (H, W, 3) uint8, gray ones with three equal channels."""
    files: dict[str, bytes] = {}
    for top in sorted({path.split("/")[0] for path in which.values()}):
        inside = [path for path in which.values() if path.startswith(f"{top}/")]
        files |= _read(root, PACKAGES[top], inside)
    found = {}
    for name, path in which.items():
        try:
            image = Image.open(io.BytesIO(files[path])).convert("RGB")
        except OSError as error:
            raise BadPicture(f"{path} cannot be read ({error}); empty {root}") from None
        found[name] = np.array(image.reduce(-(-max(image.size) // LONGEST)))
    return found


def _read(root: Path, wanted: str, paths: Sequence[str]) -> dict[str, bytes]:
    """Files of a package by their paths."""
    if "==" not in wanted:
        return debian.read(debian.package(root, wanted), paths)
    archived = wheel(root, wanted)
    try:
        with ZipFile(archived) as archive:
            return {path: archive.read(path) for path in paths}
    except (BadZipFile, KeyError, OSError) as error:
        raise BadPicture(f"{archived} cannot be read ({error}); delete it and run again") from None
