"""What the tests of `unstir evaluate` share: pictures, a feature space of two layers, a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from unstir.modalities.images import write
from unstir.tasks.comparison import Report
from unstir.tasks.evaluate import evaluate

CAPTIONS = ("a red cat", "a blue dog", "a green star")


def own_features(folder: Path, **changes: object) -> str:
    """Random convolutions, ReLU, the mean over positions: 12 features of 16 px."""
    w = np.random.default_rng(0).normal(size=(12, 3, 4, 4)).astype("f4")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], strides=[4, 4]),
        helper.make_node("Relu", ["c"], ["r"]),
    ]
    ins = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 3, 16, 16])]
    out = helper.make_tensor_value_info("r", TensorProto.FLOAT, ["B", 12, 4, 4])
    graph = helper.make_graph(nodes, "g", ins, [out], [numpy_helper.from_array(w, "w")])
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    (folder / "own.onnx").write_bytes(model.SerializeToString())
    about = {"name": "own-16", "size": 16, "mean": [0.5] * 3, "std": [0.5] * 3} | changes
    (folder / "own.json").write_text(json.dumps(about))
    return "own.onnx"


def pictures(folder: Path, n: int, seed: int, captions: tuple[str, ...] = CAPTIONS) -> Path:
    """Smooth colored noise, captioned in turn."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(n):
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        name = f"{i:03d}.png"
        write(folder / name, np.kron(coarse, np.ones((6, 6, 1), np.uint8)))
        if captions:
            lines.append({"file_name": name, "text": captions[i % len(captions)]})
    if lines:
        (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def report(*args: Any, **flags: Any) -> Report:
    given = {"features": "own.onnx", "threads": 1} | flags
    *_, last = evaluate(*args, **given)
    assert isinstance(last, Report)
    return last
