"""Makes tests/runtimes/home: a model folder of random weights (32 px, text) and its text encoder,
20 KB in all.

    python tests/runtimes/make_tiny.py tests/runtimes/home/models

The folder is committed and stays as it is: it is the proof that a folder of format 1 loads for
ever. A later format gets a folder of its own beside it.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

CHANNELS, SIDE, WIDTH, LENGTH, FACTOR = 4, 8, 16, 8, 4
WORDS = [
    "a", "the", "cat", "dog", "hat", "red", "blue", "green", "star", "wearing", "on", "with",
    "two", "three", "circle", "square",
]  # fmt: skip


def weights(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Names as the ONNX graphs use them, half precision."""
    out = FACTOR * FACTOR * 3
    shapes = {
        "denoiser.conv": (CHANNELS, CHANNELS, 3, 3),
        "denoiser.words": (WIDTH, CHANNELS),
        "denoiser.time": (1, CHANNELS),
        "decoder.conv": (out, CHANNELS, 3, 3),
        "encoder.conv": (CHANNELS, out, 1, 1),
    }
    return {
        name: (rng.standard_normal(shape) / np.prod(shape[1:]) ** 0.5).astype(np.float16)
        for name, shape in shapes.items()
    }


def safetensors(tensors: dict[str, np.ndarray]) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """The file, and where each tensor's bytes lie in it."""
    header, at = {}, 0
    for name, array in tensors.items():
        span = [at, at + array.nbytes]
        header[name] = {"dtype": "F16", "shape": array.shape, "data_offsets": span}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    places = {
        name: (8 + len(text) + entry["data_offsets"][0], array.nbytes)
        for (name, entry), array in zip(header.items(), tensors.values(), strict=True)
    }
    data = b"".join(array.tobytes() for array in tensors.values())
    return struct.pack("<Q", len(text)) + text + data, places


def graph(nodes: list, inputs: dict, output: tuple, tensors: dict, places: dict) -> bytes:
    """A graph whose weights are half-precision bytes of model.safetensors, cast when it is
    loaded."""
    stored, casts = [], []
    for name in tensors:
        half = TensorProto(
            name=name + ".half", data_type=TensorProto.FLOAT16, dims=tensors[name].shape
        )
        half.data_location = TensorProto.EXTERNAL
        offset, length = places[name]
        for key, value in (
            ("location", "model.safetensors"),
            ("offset", offset),
            ("length", length),
        ):
            half.external_data.add(key=key, value=str(value))
        stored.append(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    stored.append(helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]))
    stored.append(helper.make_tensor("last", TensorProto.INT64, [1], [-1]))
    stored.append(helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))
    made = helper.make_graph(
        casts + nodes,
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        stored,
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(made, opset_imports=opset, ir_version=9).SerializeToString()


def denoiser(w: dict, places: dict) -> bytes:
    """F = tanh(conv(x) + words(mean of the real tokens) + time t)."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "denoiser.conv"], ["conv"], pads=[1, 1, 1, 1]),
        node("Unsqueeze", ["token_mask", "last"], ["mask"]),
        node("Mul", ["tokens", "mask"], ["real"]),
        node("ReduceMean", ["real", "second"], ["pooled"], keepdims=0),
        node("MatMul", ["pooled", "denoiser.words"], ["words"]),
        node("Unsqueeze", ["t", "last"], ["column"]),
        node("Mul", ["column", "denoiser.time"], ["time"]),
        node("Add", ["words", "time"], ["told"]),
        node("Unsqueeze", ["told", "axes"], ["spread"]),
        node("Add", ["conv", "spread"], ["sum"]),
        node("Tanh", ["sum"], ["out"]),
    ]
    nodes.insert(0, node("Constant", [], ["second"], value_ints=[1]))
    mine = {name: w[name] for name in w if name.startswith("denoiser.")}
    state = ["B", CHANNELS, SIDE, SIDE]
    inputs = {"x": state, "t": ["B"], "tokens": ["B", LENGTH, WIDTH], "token_mask": ["B", LENGTH]}
    return graph(nodes, inputs, ("out", state), mine, places)


def codec(w: dict, places: dict, name: str) -> bytes:
    """decoder: conv, depth to space, tanh. encoder: space to depth, conv."""
    node, side = helper.make_node, SIDE * FACTOR
    code, picture = ["B", CHANNELS, SIDE, SIDE], ["B", 3, side, side]
    mine = {f"{name}.conv": w[f"{name}.conv"]}
    if name == "decoder":
        nodes = [
            node("Conv", ["z", "decoder.conv"], ["deep"], pads=[1, 1, 1, 1]),
            node("DepthToSpace", ["deep"], ["wide"], blocksize=FACTOR),
            node("Tanh", ["wide"], ["x"]),
        ]
        return graph(nodes, {"z": code}, ("x", picture), mine, places)
    nodes = [
        node("SpaceToDepth", ["x"], ["deep"], blocksize=FACTOR),
        node("Conv", ["deep", "encoder.conv"], ["z"]),
    ]
    return graph(nodes, {"x": picture}, ("z", code), mine, places)


def text_encoder(rng: np.random.Generator, pieces: int) -> bytes:
    """The state of a token is the tanh of its row."""
    rows = rng.standard_normal((pieces, WIDTH)).astype(np.float32)
    table = helper.make_tensor("rows", TensorProto.FLOAT, rows.shape, rows.ravel())
    node, whole = helper.make_node, TensorProto.INT64
    made = helper.make_graph(
        [
            node("Gather", ["rows", "input_ids"], ["found"]),
            node("Tanh", ["found"], ["all"]),
            node("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["real", "last"], ["column"]),
            node("Mul", ["all", "column"], ["last_hidden_state"]),
        ],
        "text",
        [
            helper.make_tensor_value_info(n, whole, ["B", "L"])
            for n in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["B", "L", WIDTH])],
        [table, helper.make_tensor("last", whole, [1], [-1])],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(made, opset_imports=opset, ir_version=9).SerializeToString()


def place(folder: Path, files: dict[str, bytes], manifest: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    text = json.dumps({"format": 1, **manifest, "files": digests}, indent=1)
    (folder / "model.json").write_text(text + "\n")


def make(models: Path) -> None:
    rng = np.random.default_rng(0)
    w = weights(rng)
    stored, places = safetensors(w)
    files = {
        "model.safetensors": stored,
        "denoiser.onnx": denoiser(w, places),
        "decoder.onnx": codec(w, places, "decoder"),
        "encoder.onnx": codec(w, places, "encoder"),
    }
    graphs = {
        "denoiser": ("denoiser.onnx", ["x", "t", "tokens", "token_mask"], ["out"]),
        "decoder": ("decoder.onnx", ["z"], ["x"]),
        "encoder": ("encoder.onnx", ["x"], ["z"]),
    }
    manifest = {
        "kind": "image",
        "name": "tiny",
        "title": "Random weights, for tests",
        "network": None,
        "codec": {
            "name": "tiny",
            "sizes": {},
            "mean": [0.1, 0.0, -0.1, 0.0],
            "std": [1, 2, 0.5, 1],
        },
        "condition": {"name": "text", "encoder": "tiny-text", "length": LENGTH, "width": WIDTH},
        "schedule": {"name": "cosine"},
        "parametrization": "v",
        "shape": [CHANNELS, SIDE, SIDE],
        "size": [SIDE * FACTOR, SIDE * FACTOR],
        "defaults": {"sampler": "ddim", "steps": 6, "scale": 2.0, "spacing": "uniform"},
        "graphs": {n: {"file": f, "inputs": i, "outputs": o} for n, (f, i, o) in graphs.items()},
        "weights": ["model.safetensors"],
        "licences": {"weights": "Apache-2.0"},
        "aliases": {"tiny-old": "tiny"},
        "training": {},
    }
    place(models / "tiny", files, manifest)
    make_text(models, rng)


def make_text(models: Path, rng: np.random.Generator) -> None:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, ",", "."]
    encoder = text_encoder(rng, len(pieces))
    vocabulary = ("\n".join(pieces) + "\n").encode()
    place(
        models / "tiny-text",
        {"encoder.onnx": encoder, "vocab.txt": vocabulary},
        {
            "kind": "text-encoder",
            "name": "tiny-text",
            "title": "Random rows, for tests",
            "width": WIDTH,
            "length": LENGTH,
            "positions": 64,
            "graphs": {
                "encoder": {
                    "file": "encoder.onnx",
                    "inputs": ["input_ids", "attention_mask"],
                    "outputs": ["last_hidden_state"],
                }
            },
            "licences": {"weights": "Apache-2.0"},
        },
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
