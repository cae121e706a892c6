"""Chains of the structure database: read as they lie, sifted, and split by families."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.modalities.traces import some, trace
from unstir.datasets import debian, proteins
from unstir.datasets.proteins import Proteins, families, held_out, usable
from unstir.datasets.structure_db import Chain, chains
from unstir.datasets.wheels import FetchError
from unstir.modalities.proteins import RESIDUES


def text(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list(RESIDUES), n))


def database(entries: list[Chain]) -> bytes:
    """The bytes of a database with these chains."""
    head = b"\x01\x02\x03" + b"\xff" * 4 + struct.pack("<Q", len(entries))
    first = 0
    for chain in entries:
        name, own = chain.name.upper().split("_")
        for word in (name, own):
            head += struct.pack("<I", len(word)) + word.encode()
        head += struct.pack("<IHHfff", first, len(chain.sequence), 1, 0, 0, 0)
        first += len(chain.sequence)

    def array(data: bytes) -> bytes:
        return struct.pack("<Q", first) + data

    letters = "".join(c.sequence for c in entries).encode()
    xyz = np.concatenate([c.xyz.reshape(-1, 12) for c in entries]).astype("<u2").tobytes()
    states = "".join(c.dssp for c in entries).encode()
    parts = (letters, xyz, bytes(4 * first), bytes(2 * first), bytes(2 * first), states)
    return head + b"".join(map(array, parts))


def entry(name: str, n: int = 60, seed: int = 0) -> Chain:
    rng = np.random.default_rng(seed)
    xyz = 100 * np.repeat(trace(n, 118 + seed, 15)[:, None], 4, 1)
    xyz = np.round(xyz - xyz.min((0, 1))).astype(np.uint16)
    return Chain(name, xyz, text(rng, n), "H" * (n // 2) + "C" * (n - n // 2))


def test_it_reads_what_lies_there() -> None:
    wanted = [entry("1abc_A"), entry("2xyz_B", 45, 1)]
    found = list(chains(database(wanted)))
    assert [(c.name, c.sequence, c.dssp) for c in found] == [
        (c.name, c.sequence, c.dssp) for c in wanted
    ]
    assert all(np.array_equal(a.xyz, b.xyz) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("cut", [10, 60, 400, -1])
def test_a_file_that_ends_too_early(cut: int) -> None:
    with pytest.raises(ValueError, match="ends within"):
        list(chains(database([entry("1abc_A")])[:cut]))


def test_no_such_file() -> None:
    with pytest.raises(ValueError, match="no header"):
        list(chains(b"nothing" * 100))


def test_what_is_not_usable() -> None:
    good = entry("1abc_A")
    short = Chain("a", good.xyz[:39], good.sequence[:39], good.dssp[:39])
    odd = Chain("b", good.xyz, "X" + good.sequence[1:], good.dssp)
    gap = Chain("c", np.where(np.arange(60)[:, None, None] < 30, good.xyz, good.xyz + 500),
                good.sequence, good.dssp)  # fmt: skip
    assert not any(map(usable, (short, odd, gap)))
    rod = np.zeros((60, 4, 3), np.uint16)
    rod[..., 0] = 380 * np.arange(60)[:, None]
    assert not usable(Chain("d", rod, good.sequence, good.dssp))


def test_families_are_of_like_sequences() -> None:
    rng = np.random.default_rng(0)
    one, other = text(rng, 80), text(rng, 80)
    like = one[:40] + text(rng, 40)
    of = families([one, other, like])
    assert of[0] == of[2]
    assert of[1] != of[0]


def made(count: int) -> Proteins:
    rng = np.random.default_rng(0)
    parts = some(count, 40)
    texts = [text(rng, 40) for _ in parts]
    xyz = np.concatenate([np.round(100 * (x - x.mean((0, 1)))).astype(np.int16) for x in parts])
    names = np.array([f"{i}abc_A" for i in range(count)])
    lengths = np.full(count, 40, np.int16)
    return Proteins(names, lengths, xyz, "".join(texts), "C" * 40 * count, np.arange(count))


def test_no_family_is_on_both_sides() -> None:
    all_of_them = made(60)
    train, test = (all_of_them.split(name) for name in ("train", "test"))
    assert len(train) + len(test) == 60
    assert not set(train.families) & set(test.families)
    assert all(map(held_out, map(int, test.families)))
    assert 1 <= len(test) <= 15
    assert np.array_equal(test.chain(0), all_of_them.chain(int(test.families[0])))
    assert test.letters(0) == all_of_them.letters(int(test.families[0]))
    with pytest.raises(ValueError, match="train, test"):
        all_of_them.split("heldout")


def test_from_package_to_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = [entry(f"{k}abc_A", 40 + k, k) for k in range(1, 6)]
    twice = Chain("9abc_A", good[0].xyz, good[0].sequence, good[0].dssp)
    usables = [chain for chain in good if usable(chain)]
    assert len(usables) >= 2
    monkeypatch.setattr(debian, "package", lambda root, wanted: tmp_path / "it.deb")
    data = database([*good, twice])
    monkeypatch.setattr(debian, "read", lambda file, paths: {proteins.MEMBER: data})
    assert list(proteins.building(tmp_path))[-1] == (proteins.ENTRIES, proteins.ENTRIES)
    found = proteins.load(tmp_path)
    assert found.names.tolist() == [chain.name for chain in usables]
    middle = usables[1].xyz * 0.01
    assert np.allclose(found.chain(1), middle - middle.mean((0, 1)), atol=0.02)
    assert list(proteins.building(tmp_path)) == []


def test_a_damaged_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "package", lambda root, wanted: tmp_path / "it.deb")
    data = database([entry("1abc_A")])[:-9]
    monkeypatch.setattr(debian, "read", lambda file, paths: {proteins.MEMBER: data})
    with pytest.raises(FetchError, match=r"it\.deb is damaged"):
        list(proteins.building(tmp_path))
    assert not (tmp_path / proteins.FILE).exists()
