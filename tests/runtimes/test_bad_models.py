"""Model folders that are damaged, cut off, foreign or hostile: each is refused by name, none
crashes.

Every kind is a small change to a good folder. Where weights or graphs are changed, model.json is
sealed again with their new SHA-256, so that it is not the checksum that finds them.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unstir.runtimes.manifest import BadModel
from unstir.runtimes.model import load

Change = Callable[[Path], None]


def seal(folder: Path) -> None:
    """Write the SHA-256 of the files as they are now."""

    def sealed(data: dict[str, Any]) -> None:
        for name in data["files"]:
            if (folder / name).is_file():
                digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
                data["files"][name] = digest

    edit(sealed)(folder)


def edit(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A change to model.json."""

    def apply(folder: Path) -> None:
        data = json.loads((folder / "model.json").read_text())
        change(data)
        (folder / "model.json").write_text(json.dumps(data))

    return apply


def put(*keys: str | int, value: Any) -> Change:
    """model.json[keys...] = value."""

    def change(data: Any) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return edit(change)


def text(content: str | bytes) -> Change:
    """model.json is something else altogether."""
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / "model.json").write_bytes(raw) and None


def file(name: str, change: Callable[[bytes], bytes]) -> Change:
    """Another content of a file, sealed."""

    def apply(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))
        seal(folder)

    return apply


def header(change: Callable[[dict[str, Any]], Any], extra: bytes = b"") -> Change:
    """Another header of model.safetensors over the same data."""

    def apply(raw: bytes) -> bytes:
        (length,) = struct.unpack("<Q", raw[:8])
        table = json.loads(raw[8 : 8 + length])
        table = change(table) or table
        said = table if isinstance(table, bytes) else json.dumps(table).encode()
        return struct.pack("<Q", len(said)) + said + raw[8 + length :] + extra

    return file("model.safetensors", apply)


def weights(content: bytes) -> Change:
    return file("model.safetensors", lambda _: content)


def zipped() -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": [1.0]}))
    return buffer.getvalue()


def first(table: dict[str, Any]) -> dict[str, Any]:
    return table["denoiser.conv"]


def many(table: dict[str, Any]) -> dict[str, Any]:
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    return {f"t{i}": empty for i in range(20_001)} | table


def outside(folder: Path) -> None:
    """A graph that points at a file outside its folder."""
    import onnx

    (folder.parent / "secret.bin").write_bytes(b"\0" * 8192)
    model = onnx.load(folder / "denoiser.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../secret.bin"
    (folder / "denoiser.onnx").write_bytes(model.SerializeToString())
    seal(folder)


def swapped(folder: Path) -> None:
    """The decoder in the denoiser's place."""
    (folder / "denoiser.onnx").write_bytes((folder / "decoder.onnx").read_bytes())
    seal(folder)


def remove(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


DEEP = '{"format": 1, "title": ' + "[" * 200_000
BAD: dict[str, tuple[Change, str]] = {
    # model.json
    "no model.json": (remove("model.json"), "no model.json"),
    "empty": (text(""), "JSON"),
    "not JSON": (text("format: 1"), "JSON"),
    "cut off": (text('{"format": 1, "kind": "im'), "JSON"),
    "not UTF-8": (text(b"\xff\xfe\x00\x01"), "JSON"),
    "a list": (text("[1, 2]"), "object"),
    "too deep": (text(DEEP), "JSON"),
    "too large": (text(" " * (5 * 2**20)), "limit"),
    "NaN": (text('{"format": NaN}'), "NaN"),
    "no format": (edit(lambda d: d.pop("format")), "format"),
    "format as text": (put("format", value="1"), "format"),
    "format 0": (put("format", value=0), "format"),
    "a newer format": (put("format", value=2), "please update unstir"),
    "kind of another program": (put("kind", value="checkpoint"), "image"),
    "name with a path": (put("name", value="../tiny"), "name"),
    "title is a number": (put("title", value=3), "title"),
    "remote code": (put("auto_map", value={"AutoModel": "evil.Model"}), "auto_map"),
    "slip of the pen": (edit(lambda d: d.update(shcedule=d.pop("schedule"))), "schedule"),
    "negative shape": (put("shape", 0, value=-4), "shape"),
    "fraction in shape": (put("shape", 0, value=4.5), "shape"),
    "no shape": (edit(lambda d: d.pop("shape")), "shape"),
    "size of a volume": (put("size", value=[8, 8, 8]), "[height, width]"),
    "shape of a film": (put("shape", value=[4, 2, 8, 8]), "[channels, height, width]"),
    "pixels of another size": (
        edit(lambda d: d["graphs"].pop("decoder") and d.update(codec=None)), "size [32, 32]",
    ),
    "no way to noise": (
        put("schedule", value={"name": "flow", "shift": -1.0}), "no way from data to noise",
    ),
    "size as text": (put("size", value="32x32"), "size"),
    "too few means": (put("codec", "mean", value=[0.0]), "latent means"),
    "deviation 0": (put("codec", "std", value=[1, 0, 1, 1]), "deviation"),
    "infinite deviation": (text('{"format": 1, "codec": {"std": 1e999}}'), "kind"),
    "unknown condition": (put("condition", "name", value="audio"), "text, labels"),
    "encoder elsewhere": (put("condition", "encoder", value="../../x"), "encoder"),
    "encoder missing": (put("condition", "encoder", value="clip"), "'clip'"),
    "encoder of another width": (put("condition", "width", value=24), "wide"),
    "unknown schedule": (put("schedule", "name", value="cosinus"), "'cosine'"),
    "unknown number": (put("schedule", "beta", value=1), "beta"),
    "schedule of text": (put("schedule", "s", value="much"), "process"),
    "unknown parametrization": (put("parametrization", value="w"), "parametrization"),
    "no sampler": (edit(lambda d: d["defaults"].pop("sampler")), "sampler"),
    "unknown sampler": (put("defaults", "sampler", value="hoin"), "did you mean 'heun'"),
    "unknown spacing": (put("defaults", "spacing", value="karas"), "did you mean 'karras'"),
    "no steps": (put("defaults", "steps", value=0), "steps"),
    "no denoiser": (edit(lambda d: d["graphs"].pop("denoiser")), "denoiser"),
    "no decoder": (edit(lambda d: d["graphs"].pop("decoder")), "decoder"),
    "graph is text": (put("graphs", "denoiser", value="denoiser.onnx"), "denoiser"),
    "file not listed": (edit(lambda d: d["files"].pop("decoder.onnx")), "decoder.onnx"),
    "graph of another kind": (
        put("graphs", "decoder", "file", value="model.safetensors"), ".onnx",
    ),
    "climbs out": (put("files", "../evil.onnx", value="0" * 64), "inside the folder"),
    "absolute": (put("files", "/etc/passwd", value="0" * 64), "inside the folder"),
    "backslash": (put("files", "..\\evil.onnx", value="0" * 64), "inside the folder"),
    "lists a pickle": (put("files", "model.ckpt", value="0" * 64), "can run code"),
    "lists Python": (put("files", "modeling.py", value="0" * 64), "can run code"),
    "SHA-256 of nothing": (put("files", "decoder.onnx", value="abc"), "64 hex digits"),
    # files
    "graph missing": (remove("denoiser.onnx"), "is missing"),
    "weights missing": (remove("model.safetensors"), "is missing"),
    "one bit flipped": (
        lambda f: (f / "model.safetensors").write_bytes(
            b"\0" + (f / "model.safetensors").read_bytes()[1:]
        ) and None,
        "SHA-256",
    ),
    "weights cut off": (file("model.safetensors", lambda b: b[:-100]), "cut off"),
    "header cut off": (file("model.safetensors", lambda b: b[:50]), "cut off"),
    "weights empty": (weights(b""), "too short"),
    "pickle called safetensors": (weights(pickle.dumps({"a": [1.0] * 99}, 4)), "pickle"),
    "zip called safetensors": (weights(zipped()), "zip"),
    "Git LFS pointer": (weights(b"version https://git-lfs.github.com/spec/v1\n"), "LFS"),
    "web page": (weights(b"<!DOCTYPE html><html>404</html>"), "web page"),
    "header of 8 TB": (weights(struct.pack("<Q", 2**43) + b"{}"), "limit"),
    "header of 100 MB": (weights(struct.pack("<Q", 10**8) + b"{}"), "limit"),
    "header not JSON": (header(lambda t: b"{'a': 1}"), "JSON"),
    "header a list": (header(lambda t: b"[]"), "table"),
    "header too deep": (header(lambda t: b"[" * 200_000), "JSON"),
    "name twice": (header(lambda t: b'{"a": {}, "a": {}}'), "twice"),
    "overlap": (header(lambda t: t["denoiser.words"].update(data_offsets=[0, 128])), "overlap"),
    "hole": (header(lambda t: t.pop("denoiser.words") and None), "hole"),
    "bytes of nobody": (header(lambda t: None, extra=b"PK" * 8), "belong to no tensor"),
    "unknown dtype": (header(lambda t: first(t).update(dtype="F17")), "F17"),
    "dtype lies": (header(lambda t: first(t).update(dtype="F32")), "takes"),
    "shape lies": (header(lambda t: first(t).update(shape=[4, 4, 3, 2])), "takes"),
    "shape negative": (header(lambda t: first(t).update(shape=[-4, -4, 3, 3])), "shape"),
    "shape overflows": (header(lambda t: first(t).update(shape=[2**40, 2**40])), "takes"),
    "offsets backwards": (header(lambda t: first(t).update(data_offsets=[288, 0])), "bytes"),
    "dotted path to a class": (
        header(lambda t: t.update({"a.__class__.__init__": t.pop("denoiser.conv")})), "__class__",
    ),
    "20,001 tensors": (header(many), "limit"),
    "graph empty": (file("denoiser.onnx", lambda b: b""), "ONNX"),
    "graph is noise": (file("denoiser.onnx", lambda b: bytes(range(256)) * 9), "ONNX"),
    "graph cut off": (file("decoder.onnx", lambda b: b[: len(b) // 2]), "decoder.onnx"),
    "graph of another place": (swapped, "do not belong together"),
    "graph reaches outside": (outside, "denoiser.onnx"),
    "inputs renamed": (put("graphs", "denoiser", "inputs", 0, value="sample"), "inputs sample"),
    "inputs of the other graph": (put("graphs", "decoder", "inputs", value=["x"]), "inputs z"),
    "outputs of the other graph": (put("graphs", "decoder", "outputs", value=["z"]), "outputs x"),
    "condition taken away": (put("condition", value=None), "inputs"),
    "shape of another net": (put("shape", value=[4, 16, 16]), "denoiser.onnx"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_refused_with_its_name_and_reason(kind: str, home: Path) -> None:
    change, says = BAD[kind]
    folder = home / "models" / "tiny"
    change(folder)
    with pytest.raises(BadModel) as error:
        use(folder)
    assert says in str(error.value)
    assert str(folder) in str(error.value) or "tiny" in str(error.value)
    assert len(str(error.value)) < 700


def use(folder: Path) -> None:
    """Everything that drawing does with a folder, once."""
    model = load(folder, threads=1)
    assert model.condition is not None
    x = np.zeros((1, *model.manifest.shape), np.float32)
    tokens = model.condition.encode(["a cat"])
    model.net(x, 0.5, tokens.states, tokens.mask)
    model.decode(x)


def test_the_unchanged_folder_is_good(home: Path) -> None:
    use(home / "models" / "tiny")


def test_a_model_may_be_called_as_people_call_things(home: Path) -> None:
    put("name", value="Großmutters Blumen, 2")(home / "models" / "tiny")
    use(home / "models" / "tiny")


@pytest.mark.parametrize("kind", ["a file", "nothing", "empty folder", "diffusers folder"])
def test_what_is_no_folder_of_ours(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "it"
    if kind == "a file":
        place.write_bytes(pickle.dumps({}))
    elif kind != "nothing":
        place.mkdir()
    if kind == "diffusers folder":
        (place / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    says = {"a file": "is a file", "nothing": "does not exist", "empty folder": "no model folder"}
    with pytest.raises(BadModel, match=says.get(kind, "diffusers")):
        load(place)


def test_nothing_is_unpickled(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, forbidden)
    use(home / "models" / "tiny")
    weights(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94.")(home / "models" / "tiny")
    with pytest.raises(BadModel):
        use(home / "models" / "tiny")
