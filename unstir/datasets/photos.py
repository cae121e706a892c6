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
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from PIL import Image

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
TIMEOUT = 600


class FetchError(RuntimeError):
    """A package could not be fetched; the text names the ways out."""


def load(root: Path, which: Mapping[str, str] = TRAIN) -> dict[str, np.ndarray]:
    """Photographs by name, (H, W, 3) uint8, gray ones with three equal channels."""
    wheels = {top: _wheel(root, top) for top in sorted({p.split("/")[0] for p in which.values()})}
    found = {}
    for name, path in which.items():
        wheel = wheels[path.split("/")[0]]
        try:
            with ZipFile(wheel) as archive:
                image = Image.open(io.BytesIO(archive.read(path)))
                found[name] = np.array(image.convert("RGB"))
        except (BadZipFile, KeyError, OSError) as error:
            raise BadPicture(
                f"{wheel} holds no {path} ({error}); delete it and run again"
            ) from None
    return found


def _wheel(root: Path, top: str) -> Path:
    """The package's wheel in `root`, fetched where it is not there."""
    package, version = PACKAGES[top].split("==")
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not list(root.glob(pattern)):
        root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--only-binary=:all:", "--dest", str(root), PACKAGES[top]]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        if done.returncode or not list(root.glob(pattern)):
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise FetchError(
                f"cannot fetch {PACKAGES[top]}: {said}\nWays out: go online; or, elsewhere, run\n"
                f"  pip download --no-deps {PACKAGES[top]}\nand copy the wheel into {root}"
            )
    return next(root.glob(pattern))
