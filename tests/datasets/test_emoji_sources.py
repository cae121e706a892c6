"""Where the glyphs come from: tarballs, unpacked packages, npm, the cache; what is left out."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from unstir.datasets import emoji
from unstir.datasets.emoji import fetch, glyphs, recolor, select
from unstir.datasets.emoji.derived import CUTS, party_hat


@pytest.fixture(scope="module")
def loaded(tarballs: Path, tmp_path_factory: pytest.TempPathFactory) -> emoji.Glyphs:
    return emoji.load(tmp_path_factory.mktemp("cache"), 32, source=tarballs)


def no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def fake_npm(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """An `npm` that is a shell script, first on the path."""
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_glyphs_are_square_premultiplied_pictures(loaded: emoji.Glyphs) -> None:
    assert loaded.pixels.shape == (len(loaded.info), 32, 32, 4)
    assert loaded.pixels.dtype == np.uint8
    assert (loaded.pixels[..., :3].max(-1) <= loaded.pixels[..., 3].astype(int) + 1).all()


def test_flags_are_left_out_and_the_rest_is_weighted_down(loaded: emoji.Glyphs) -> None:
    names = {glyph.name: glyph for glyph in loaded.info}
    assert not [name for name in names if "Nowhere" in name]
    cat = loaded.info[loaded.index["1f431"]]
    assert names["garden gnome"].weight < names["boot"].weight < cat.weight
    assert cat.tags == ("t",)
    assert all(glyph.split == "train" for glyph in loaded.info if glyph.weight > 1)


def test_every_cut_and_colored_twin_is_made(loaded: emoji.Glyphs) -> None:
    ids = set(loaded.index)
    assert {cut.id for cut in CUTS} <= ids
    assert {f"{id}#{color}" for id, _, color, _ in recolor.variants()} <= ids


def test_a_second_load_reads_the_cache(
    tarballs: Path, tmp_path: Path, loaded: emoji.Glyphs
) -> None:
    first = emoji.load(tmp_path, 32, source=tarballs)
    again = emoji.load(tmp_path, 32, source=tmp_path / "nowhere")
    assert again.info == first.info == loaded.info
    assert np.array_equal(again.pixels, first.pixels)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_changed_tables_make_another_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    before = glyphs._fingerprint()
    monkeypatch.setitem(select.SECTIONS, "animal", "!1f431 feline")
    assert glyphs._fingerprint() != before


def test_a_damaged_cache_says_so(tarballs: Path, tmp_path: Path) -> None:
    emoji.load(tmp_path, 32, source=tarballs)
    (cache,) = tmp_path.glob("*.npz")
    cache.write_bytes(cache.read_bytes()[:1000])
    with pytest.raises(fetch.FetchError, match=r"damaged.*delete it"):
        emoji.load(tmp_path, 32)


def test_unpacked_packages_do_as_well(
    tarballs: Path, tmp_path: Path, loaded: emoji.Glyphs
) -> None:
    for package in (fetch.GLYPHS, fetch.NAMES):
        with tarfile.open(tarballs / package.tarball) as archive:
            archive.extractall(tmp_path / "x", filter="data")
        (tmp_path / package.name).parent.mkdir(exist_ok=True)
        shutil.move(tmp_path / "x" / "package", tmp_path / package.name)
    again = emoji.load(tmp_path, 32)
    assert again.info == loaded.info
    assert np.array_equal(again.pixels, loaded.pixels)


def test_npm_packs_into_the_cache(
    tarballs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    fake_npm(monkeypatch, tmp_path / "bin", f'echo "$@" >> {said}; cp {tarballs}/*.tgz .')
    emoji.load(tmp_path / "cache", 32)
    emoji.load(tmp_path / "cache", 48)
    asked = said.read_text(encoding="utf-8").split("\n")
    assert sorted(filter(None, asked)) == sorted(
        f"pack {package.name}@{package.version} --silent"
        for package in (fetch.GLYPHS, fetch.NAMES)
    )
    left = {path.name for path in (tmp_path / "cache").iterdir() if path.suffix == ".tgz"}
    assert left == {fetch.GLYPHS.tarball, fetch.NAMES.tarball}
    assert not list((tmp_path / "cache").glob("npm-*"))


def test_without_npm_the_error_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_npm(monkeypatch, tmp_path)
    with pytest.raises(fetch.FetchError) as caught:
        emoji.load(tmp_path / "cache", 32)
    text = str(caught.value)
    assert "npm client is not installed" in text
    assert "npm pack emojibase-data@" in text
    assert str(tmp_path / "cache") in text


def test_offline_the_error_carries_what_npm_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(monkeypatch, tmp_path / "bin", 'echo "npm error network is down" >&2; exit 1')
    with pytest.raises(fetch.FetchError, match="network is down"):
        emoji.load(tmp_path / "cache", 32)
    assert not list((tmp_path / "cache").glob("*.npz"))


def test_a_cut_off_tarball_is_named(tarballs: Path, tmp_path: Path) -> None:
    for package in (fetch.GLYPHS, fetch.NAMES):
        data = (tarballs / package.tarball).read_bytes()
        (tmp_path / package.tarball).write_bytes(data[: len(data) // 2])
    with pytest.raises(fetch.FetchError, match=r"not a whole tarball.*delete it"):
        emoji.load(tmp_path, 32)


def test_recoloring_turns_the_hue_and_keeps_the_rest() -> None:
    hat = party_hat(64)
    turned = recolor.recolor(hat, "0.58", "red")  # the blue stripes
    before, after = np.asarray(hat).astype(int), np.asarray(turned).astype(int)
    blue = (before[..., 2] > before[..., 0] + 60) & (before[..., 3] > 0)
    yellow = (before[..., 0] > before[..., 2] + 60) & (before[..., 1] > before[..., 2] + 60)
    assert (after[blue][:, 0] > after[blue][:, 2]).mean() > 0.95
    assert abs(after[yellow] - before[yellow]).max() <= 4
    assert np.array_equal(after[..., 3], before[..., 3])
