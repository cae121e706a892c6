"""Graphs in 8 bits: like those in single precision, made of the same weights, taken when asked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from unstir.apps.cli import main
from unstir.networks.autoencoder import Autoencoder
from unstir.networks.build import build
from unstir.runtimes.export import redraw, write
from unstir.runtimes.manifest import BadModel, read
from unstir.runtimes.model import Model, load
from unstir.runtimes.quantize import candidates, listed, watched
from unstir.runtimes.shelf import SHIPPED
from unstir.tasks import quantize as task
from unstir.tasks.generate import generate
from unstir.tasks.process import resolve
from unstir.tasks.quantize import Report, quantize
from unstir.tasks.request import BadRequest

SIZES: dict[str, Any] = dict(channels=4, widths=[32, 32], blocks=1, attention=[1], embedding=32)
CODEC: dict[str, Any] = dict(latent=4, widths=[32, 32], encoder=[1, 1], decoder=[1, 1])
SAID: dict[str, Any] = dict(
    kind="image", name="noise", title="Noise", network=dict(name="unet", sizes=SIZES),
    codec=dict(name="autoencoder", sizes=CODEC, mean=[0.0] * 4, std=[1.0] * 4), condition=None,
    schedule=dict(name="flow", shift=1.0), parametrization="flow", shape=[4, 8, 8],
    size=[32, 32], defaults=dict(sampler="ddim", steps=4, spacing="uniform"),
    licences={}, aliases={}, training={},
)  # fmt: skip


def made(folder: Path) -> Path:
    torch.manual_seed(0)
    net, codec = build("unet", SIZES), Autoencoder(**CODEC)
    with torch.no_grad():
        for p in [*net.parameters(), *codec.parameters()]:
            p.add_(0.05 * torch.randn_like(p))
    write(folder, SAID, net, codec)
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = made(tmp_path_factory.mktemp("models") / "noise")
    *_, report = quantize(str(folder), n=8, threads=1)
    assert isinstance(report, Report)
    return folder, report


def states(model: Model) -> np.ndarray:
    way = resolve(model)
    *_, last = way.walk(way.denoiser(model, None, None), range(6), model.manifest.shape)
    return last.x


def test_pictures_stay_alike_and_the_report_is_true(done: tuple[Path, Report]) -> None:
    folder, report = done
    assert [(row.name, row.kept) for row in report.rows] == [("denoiser", True), ("decoder", True)]
    assert all(row.convolutions >= 4 and row.decibels >= 30 for row in report.rows)
    exact, coarse = load(folder), load(folder, "int8")
    a, b = states(exact), states(coarse)
    assert 0 < np.square(a - b).mean() < 1e-3 * a.var()
    x, y = exact.decode(a), coarse.decode(a)
    assert 0 < np.square(x - y).mean() < 4e-3  # 30 dB


def test_convolutions_are_whole_numbers_of_the_stored_weights(done: tuple[Path, Report]) -> None:
    """No weight is stored again, and each inner convolution reads and gives 8 bits."""
    folder, _ = done
    graph = onnx.load(folder / "denoiser-int8.onnx", load_external_data=False).graph
    assert sum(len(w.raw_data) for w in graph.initializer if not w.external_data) < 20_000
    made_by = {name: node for node in graph.node for name in node.output}
    eight = [n for n in graph.node if n.op_type == "Conv" and n.output[0].endswith(".exact")]
    assert len(eight) == next(r for r in done[1].rows if r.name == "denoiser").convolutions
    for node in eight:
        assert [made_by[name].op_type for name in node.input] == ["DequantizeLinear"] * 3


def test_weights_go_to_63(tmp_path: Path, done: tuple[Path, Report]) -> None:
    """Products of two neighbors must fit into 16 bits: 2 x 255 x 63 < 2^15."""
    graph = onnx.load(done[0] / "decoder-int8.onnx")
    stored = {w.name: onnx.numpy_helper.to_array(w) for w in graph.graph.initializer}
    casts = {n.output[0]: n.input[0] for n in graph.graph.node if n.op_type == "Cast"}
    seen = 0
    for node in graph.graph.node:
        if node.op_type == "Div" and node.input[0] in casts and node.input[1] in stored:
            weight, scale = stored[casts[node.input[0]]].astype(np.float32), stored[node.input[1]]
            if weight.ndim == 4:
                whole = np.abs(np.round(weight / scale)).max((1, 2, 3))
                assert (whole == 63).all()
                seen += 1
    assert seen == next(r for r in done[1].rows if r.name == "decoder").convolutions


def test_a_sample_is_the_same_whatever_is_beside_it(done: tuple[Path, Report]) -> None:
    model = replace(load(done[0], "int8"), padded=True)
    x = np.random.default_rng(0).standard_normal((6, 4, 8, 8)).astype(np.float32)
    assert np.array_equal(model.net(x, 0.5)[4:5], model.net(x[4:5], 0.5))


def test_generate_takes_them_and_records_it(
    done: tuple[Path, Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = done
    words = ["generate", "--model", str(folder), "--seed", "3", "--size", "native"]
    assert main([*words, "--runtime", "int8", "-o", str(tmp_path / "a.png")]) == 0
    assert main([*words, "-o", str(tmp_path / "b.png")]) == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    capsys.readouterr()
    assert main(["show", str(tmp_path / "a.png")]) == 0
    assert "--runtime int8" in capsys.readouterr().out


def test_what_is_unlike_is_not_kept(tmp_path: Path) -> None:
    """And what there was before goes."""
    folder = made(tmp_path / "noise")
    *_, report = quantize(str(folder), n=4, threads=1)
    assert (folder / "denoiser-int8.onnx").is_file()
    *_, report = quantize(str(folder), n=4, least=150, threads=1)
    assert isinstance(report, Report)
    assert not any(row.kept for row in report.rows)
    assert not list(folder.glob("*int8*"))
    assert not list(folder.glob(".*"))
    assert set(read(folder).graphs) == {"denoiser", "encoder", "decoder"}
    load(folder).manifest.verify()
    with pytest.raises(BadModel, match="no graphs in 8 bits; `unstir quantize`"):
        load(folder, "int8")
    with pytest.raises(BadRequest, match="give onnx, int8 or torch"):
        generate(model=str(folder), runtime="int4")  # type: ignore[arg-type]


def test_a_stop_leaves_the_model_that_was(
    done: tuple[Path, Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one in the midst of taking new graphs in."""
    folder = tmp_path / "noise"
    shutil.copytree(done[0], folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (folder / "new.tmp").write_bytes(b"new")

    def stop(path: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("unstir.runtimes.quantize.sha256_of", stop)
    with pytest.raises(KeyboardInterrupt):
        listed(folder, {"decoder": folder / "new.tmp"})
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_what_runs_in_single_precision_is_told_of(
    done: tuple[Path, Report], tmp_path: Path
) -> None:
    """Graphs without a form in 8 bits, where that is asked for."""

    def notes(folder: Path, runtime: Any) -> tuple[str, ...]:
        return generate(model=str(folder), runtime=runtime, size="native").notes

    assert notes(done[0], "int8") == notes(done[0], "onnx") == ()
    shutil.copytree(done[0], tmp_path / "noise")
    said = json.loads((tmp_path / "noise" / "model.json").read_text())
    del said["graphs"]["decoder-int8"]
    (tmp_path / "noise" / "model.json").write_text(json.dumps(said))
    (note,) = notes(tmp_path / "noise", "int8")
    assert "the decoder of noise has no graph in 8 bits" in note
    assert notes(tmp_path / "noise", "onnx") == ()


def test_a_model_without_convolutions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to compute in 8 bits, and nothing to draw with."""
    sizes = dict(channels=3, width=64, depth=1)
    said = SAID | dict(network=dict(name="transformer", sizes=sizes), codec=None)
    said |= dict(shape=[3, 32, 32])
    write(tmp_path / "noise", said, build("transformer", sizes), None)
    assert main(["quantize", str(tmp_path / "noise"), "--n", "2", "--threads", "1"]) == 0
    told = capsys.readouterr()
    assert "nothing to compute in 8 bits" in told.out
    assert "--runtime int8" not in told.err
    assert not read(tmp_path / "noise").eight_bits


def test_other_weights_lose_them(done: tuple[Path, Report], tmp_path: Path) -> None:
    """Graphs drawn anew would not fit the ranges of the old ones."""
    for file in done[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    redraw(tmp_path)
    assert not any(name.endswith("-int8") for name in read(tmp_path).graphs)
    load(tmp_path).manifest.verify()


def test_a_graph_that_takes_something_else_is_refused(
    done: tuple[Path, Report], tmp_path: Path
) -> None:
    for file in done[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    said = json.loads((tmp_path / "model.json").read_text())
    said["graphs"]["denoiser-int8"]["inputs"] = ["x"]
    (tmp_path / "model.json").write_text(json.dumps(said))
    with pytest.raises(BadModel, match="does not take what the exact one takes"):
        read(tmp_path)


def test_ranges_are_those_that_were_seen(tmp_path: Path) -> None:
    """A convolution between two others: its input's range, and zero is a value of its own."""
    net = torch.nn.Sequential(*(torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)))
    from unstir.runtimes.export import write_graph

    write_graph(tmp_path, "net", net, {"input": torch.randn(2, 3, 8, 8)}, "out")
    x = np.random.default_rng(0).standard_normal((4, 3, 8, 8)).astype(np.float32)
    seen = watched(tmp_path / "net.onnx", [{"input": x[:2]}, {"input": x[2:]}])
    with torch.no_grad():
        inside = net[0](torch.tensor(x)).numpy()
    (entry,) = [s for s in seen.values() if abs(s.high - inside.max()) < 1e-4]
    assert entry.low == pytest.approx(inside.min(), abs=1e-4)
    assert entry.positions == 64
    assert abs((0 - float(entry.zero)) * entry.scale - entry.low) <= entry.scale
    assert len(candidates(tmp_path / "net.onnx", seen)) == 1


def test_the_mildest_are_taken_where_all_move_the_features_too_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held to half of what all together move, fewer are taken, and those move it less."""
    folder = made(tmp_path / "noise")
    *_, report = quantize(str(folder), n=4, threads=1)
    assert isinstance(report, Report)
    every = {row.name: row for row in report.rows}
    assert all(row.convolutions == row.possible for row in every.values())
    monkeypatch.setattr(task, "FURTHEST", every["denoiser"].moved / 2)
    *_, report = quantize(str(folder), n=4, threads=1)
    assert isinstance(report, Report)
    row = next(row for row in report.rows if row.name == "denoiser")
    assert 0 < row.convolutions < row.possible
    assert row.moved < every["denoiser"].moved


def test_the_mildest_come_first() -> None:
    alone = {"a": 0.3 * task.FURTHEST, "b": 0.1 * task.FURTHEST, "c": 0.2 * task.FURTHEST}
    assert task._mildest(alone) == ["b", "c"]


@pytest.mark.slow
def test_an_upscaler(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the shipped one, made anew; `generate` takes it."""
    upscaler = tmp_path / "larger"
    shutil.copytree(SHIPPED / "upscaler", upscaler)
    *_, report = quantize(str(upscaler), n=4, threads=1)
    assert isinstance(report, Report)
    (row,) = report.rows
    assert row.kept
    assert row.decibels > 40
    words = ["generate", "a cat", "--steps", "2", "--seed", "3", "--runtime", "int8"]
    for name in (str(upscaler), "lanczos"):
        out = tmp_path / f"{Path(name).stem}.png"
        assert main([*words, "--enlarge", name, "-o", str(out)]) == 0
        with Image.open(out) as picture:
            assert picture.size == (256, 256)
