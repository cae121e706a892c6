"""What tests of commands on pictures share: a picture to begin with, and what must hold of any."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tasks.evaluating import own_features, pictures
from unstir.apps.cli import main
from unstir.datasets import qm9
from unstir.tasks.show import show


@pytest.fixture
def saved(home: Path) -> Callable[..., np.ndarray]:
    """Writes noise on a slope, which no codec could give back by luck, and returns it."""

    def save(
        name: str = "it.png", mode: str = "RGB", width: int = 90, height: int = 70, **options: Any
    ) -> np.ndarray:
        rng = np.random.default_rng(width)
        slope = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, len(mode)))
        pixels = (slope + rng.integers(0, 55, slope.shape)).astype(np.uint8)
        pixels = pixels if len(mode) > 1 else pixels[..., 0]
        Image.fromarray(pixels, mode).save(name, **options)
        return pixels

    return save


@pytest.fixture
def repeats(capsys: pytest.CaptureFixture[str]) -> Callable[[Path, str], None]:
    """`unstir show FILE` prints a command that makes the same bytes again."""

    def check(file: Path, verb: str) -> None:
        first, shown = file.read_bytes(), show(str(file))
        assert shown.command[:2] == ("unstir", verb)
        assert not shown.notes
        capsys.readouterr()
        assert main(["show", str(file)]) == 0
        command = capsys.readouterr().out
        file.unlink()
        assert main(shlex.split(command)[1:]) == 0
        assert file.read_bytes() == first

    return check


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[[Sequence[str], int, str], None]:
    """A command says why not, in words, and leaves nothing behind."""

    def check(words: Sequence[str], code: int, says: str) -> None:
        before = sorted(Path.cwd().iterdir())
        assert main(list(words)) == code
        said = capsys.readouterr()
        assert says in said.err.replace("\n", " ")
        assert said.out == ""
        assert "Traceback" not in said.err
        assert sorted(Path.cwd().iterdir()) == before

    return check


@pytest.fixture
def upscaler(home: Path) -> Callable[..., Path]:
    """Makes a model of kind "upscaler" with random weights, for tiles of any side; the same seed
    is the same weights: tanh(conv(x, extra) + t)."""
    onnx = pytest.importorskip("onnx")
    node, real = onnx.helper.make_node, onnx.TensorProto.FLOAT

    def make(name: str = "upscaler", side: int = 16, factor: int = 4, std: float = 0.2) -> Path:
        rng = np.random.default_rng(0)
        channels, place = 3 * factor**2, home / "models" / name
        weight = rng.standard_normal((channels, channels + 4, 5, 5)).astype(np.float32)
        weight *= 0.8 / np.sqrt(25 * (channels + 4))
        nodes = [
            node("Concat", ["x", "extra"], ["seen"], axis=1),
            node("Conv", ["seen", "weight"], ["mixed"], pads=[2, 2, 2, 2]),
            node("Tanh", ["mixed"], ["bent"]),
            node("Unsqueeze", ["t", "axes"], ["column"]),
            node("Mul", ["column", "tenth"], ["time"]),
            node("Add", ["bent", "time"], ["out"]),
        ]
        shapes = {"x": ["B", channels, side, side], "t": ["B"], "extra": ["B", 4, side, side]}
        told = [onnx.helper.make_tensor_value_info(k, real, v) for k, v in shapes.items()]
        graph = onnx.helper.make_graph(
            nodes, "tiny", told, [onnx.helper.make_tensor_value_info("out", real, shapes["x"])],
            [onnx.numpy_helper.from_array(weight, "weight"),
             onnx.numpy_helper.from_array(np.array([1, 2, 3]), "axes"),
             onnx.numpy_helper.from_array(np.float32(0.1), "tenth")],
        )  # fmt: skip
        opset = [onnx.helper.make_opsetid("", 18)]
        data = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
        place.mkdir(parents=True)
        (place / "denoiser.onnx").write_bytes(data)
        said = {
            "format": 1, "kind": "upscaler", "name": name, "title": "Random weights, for tests",
            "network": None, "codec": None, "condition": None,
            "upscale": {"factor": factor, "std": std},
            "schedule": {"name": "flow", "shift": 1.0}, "parametrization": "flow",
            "shape": [channels, side, side], "size": [factor * side, factor * side],
            "defaults": {"sampler": "dpmpp_2m", "steps": 4, "scale": 1.0, "spacing": "uniform"},
            "graphs": {"denoiser": {"file": "denoiser.onnx", "inputs": list(shapes),
                                    "outputs": ["out"]}},
            "weights": [], "licences": {"weights": "Apache-2.0"}, "aliases": {}, "training": {},
            "files": {"denoiser.onnx": hashlib.sha256(data).hexdigest()},
        }  # fmt: skip
        (place / "model.json").write_text(json.dumps(said))
        return place

    return make


def _chains() -> qm9.Molecules:
    """Chains of carbons, and a few that end in oxygen."""
    tokens, bonds = (
        np.zeros((10, qm9.MOST), np.uint8),
        np.zeros((10, qm9.MOST, qm9.MOST), np.uint8),
    )
    x = np.zeros((10, qm9.MOST, 3), np.float32)
    sizes = np.repeat([2, 3, 9], [3, 5, 2])
    for i, n in enumerate(sizes):
        tokens[i, :n] = 1
        tokens[i, n - 1] = 1 + 2 * (i % 2)
        x[i, :n, 0] = 1.5 * (np.arange(n) - (n - 1) / 2)
        x[i, :n, 1] = 0.4 * (-1) ** np.arange(n) * (n % 2 == 0)
        for j in range(n - 1):
            bonds[i, j, j + 1] = bonds[i, j + 1, j] = 1
    ends_in_oxygen = np.arange(10, dtype=np.float32) % 2
    numbers = {name: ends_in_oxygen for name in qm9.PROPERTIES}
    return qm9.Molecules(tokens, x, bonds, np.array([f"C{i}" for i in range(10)]), numbers)


@pytest.fixture(scope="session")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of chains, trained for some seconds."""
    yield from _trained(tmp_path_factory, ())


@pytest.fixture(scope="session")
def wishing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One that knows which of them end in oxygen: those whose dipole is 1, not 0."""
    yield from _trained(tmp_path_factory, ("dipole",))


def _trained(
    tmp_path_factory: pytest.TempPathFactory, properties: tuple[str, ...]
) -> Iterator[Path]:
    torch = pytest.importorskip("torch")
    from unstir.recipes import atoms

    torch.manual_seed(0)
    patch = pytest.MonkeyPatch()
    patch.setattr(qm9, "building", lambda root: iter(()))
    patch.setattr(qm9, "load", lambda root: _chains())
    patch.setattr(qm9.Molecules, "split", lambda self, name: self)
    settings = replace(
        atoms.recipe.trainer, steps=400, batch=32, warmup=10, threads=1, lr=3e-3, muon_lr=0.02
    )
    small = {"width": 32, "edge": 16, "message": 32, "depth": 2}
    out = tmp_path_factory.mktemp("models") / "chains"
    stages = {
        p.stage
        for p in atoms.run(
            replace(atoms.recipe, trainer=settings, sizes=small, properties=properties), out
        )
    }
    assert stages == {"denoiser", "done"}
    yield out
    patch.undo()


@pytest.fixture
def place(home: Path) -> Path:
    """A folder with real pictures, training pictures and a small feature space."""
    here = Path.cwd()
    pictures(here / "real", 40, 1)
    pictures(here / "learned", 50, 2)
    own_features(here)
    return here
