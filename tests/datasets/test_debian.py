"""Debian packages are read without being installed; photographs come out of them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstir.datasets import debian, photos
from unstir.datasets.wheels import FetchError


def deb(file: Path, holds: dict[str, bytes], compression: str = "xz") -> Path:
    """A package as dpkg-deb writes it: three members, odd ones filled up to even length."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        for name, content in holds.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": data.getvalue()}
    text = debian.MAGIC
    for name, content in members.items():
        text += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        text += content + b"\n" * (len(content) % 2)
    file.write_bytes(text)
    return file


def test_files_of_a_package(tmp_path: Path) -> None:
    file = deb(tmp_path / "some_1.0_all.deb", {"usr/a.txt": b"alpha", "usr/b.txt": b"beta"})
    assert debian.read(file, ["usr/b.txt"]) == {"usr/b.txt": b"beta"}
    assert debian.package(tmp_path, "some=1.0") == file  # nothing is fetched
    with pytest.raises(ValueError, match="delete it and run again"):
        debian.read(file, ["usr/none.txt"])
    for broken in (b"", b"!<arch>\n", file.read_bytes()[:150], b"\x89PNG" + file.read_bytes()):
        file.write_bytes(broken)
        with pytest.raises(ValueError, match="delete it and run again"):
            debian.read(file, ["usr/b.txt"])


def test_what_cannot_be_fetched_says_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"no apt-get(.|\n)*snapshot\.debian\.org/binary/some/"):
        debian.package(tmp_path / "cache", "some=1.0")
    fake = tmp_path / "apt-get"
    fake.write_text("#!/bin/sh\necho 'E: Version was not found' >&2\nexit 100\n")
    fake.chmod(0o755)
    with pytest.raises(FetchError, match="Version was not found"):
        debian.package(tmp_path / "cache", "some=1.0")


def test_photographs_of_a_package(tmp_path: Path) -> None:
    """Large ones are shrunk by a whole number, and their colors are true."""
    data = io.BytesIO()
    Image.new("RGB", (3300, 200), (200, 100, 50)).save(data, "PNG")
    name, version = photos.PACKAGES["usr"].split("=")
    path = photos.TRAIN["brook"]
    deb(tmp_path / f"{name}_{version}_all.deb", {path: data.getvalue()})
    found = photos.load(tmp_path, {"brook": path})["brook"]
    assert found.shape == (67, 1100, 3)
    assert (np.abs(found.astype(int) - [200, 100, 50]) <= 1).all()
