"""Data that come inside Debian packages: fetched once, read as archives, never installed.

    file = package(root, "lomiri-wallpapers-16.04=20.04.0-2")
    found = read(file, ["usr/share/backgrounds/life.jpg"])       # {path: bytes}

apt fetches them where there is one, which needs no rights; elsewhere the text of the error names
the page to fetch them from. A package is an `ar` archive (deb(5)) with a tar file inside.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from unstir.datasets.wheels import TIMEOUT, FetchError

MAGIC, HEADER = b"!<arch>\n", 60


def package(root: Path, wanted: str) -> Path:
    """The .deb of NAME=VERSION in `root`, fetched where it is not there."""
    name, version = wanted.split("=")
    pattern = f"{name}_{version}_*.deb"
    if not list(root.glob(pattern)):
        root.mkdir(parents=True, exist_ok=True)
        said = _download(root, wanted)
        if not list(root.glob(pattern)):
            raise FetchError(
                f"cannot fetch {wanted}: {said}\nWays out: run `apt-get update` and try again; or "
                f"get version {version} from https://snapshot.debian.org/binary/{name}/ and copy "
                f"the .deb into {root}"
            )
    return next(root.glob(pattern))


def _download(root: Path, wanted: str) -> str:
    """What went wrong, if anything did."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    done = subprocess.run(
        ["apt-get", "download", "--quiet", wanted],
        cwd=root, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    return (done.stderr.strip() or "it said nothing").splitlines()[-1]


def read(file: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Files of a package by their paths, which begin without a slash.

    Raises:
        ValueError: `file` is no package, or holds no such file.
    """
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_data(file.read_bytes()))) as archive:
            for path in paths:
                member = archive.extractfile(f"./{path}")
                found[path] = member.read() if member else b""
    except (KeyError, tarfile.TarError, ValueError) as error:
        raise ValueError(f"{file} cannot be read ({error}); delete it and run again") from None
    return found


def _data(archive: bytes) -> bytes:
    """The member data.tar.* of an `ar` archive."""
    if not archive.startswith(MAGIC):
        raise ValueError("it is no Debian package")
    at = len(MAGIC)
    while at + HEADER <= len(archive):
        name, size = archive[at : at + 16].strip(), int(archive[at + 48 : at + 58])
        at += HEADER
        if name.startswith(b"data.tar"):
            return archive[at : at + size]
        at += size + size % 2
    raise ValueError("it holds no data")
