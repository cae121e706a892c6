"""The default runtime: ONNX graphs on the CPU by onnxruntime, numpy in and numpy out.

    graphs = load_graphs(folder, manifest, threads=2)
    out = graphs["denoiser"](x, t, tokens, token_mask)        # inputs in the order of model.json

A graph is opened when it is first called, so that drawing never opens an encoder. Threads do not
spin while they wait: a shared machine would pay for it, and small graphs gain nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from unstir.runtimes.checks import INT8
from unstir.runtimes.manifest import BadModel, Graph, Manifest

if TYPE_CHECKING:
    import onnxruntime


class Call(Protocol):
    """A network as a runtime gives it: arrays in the order of its inputs, the first output
    back."""

    def __call__(self, *arrays: np.ndarray) -> np.ndarray: ...


def load_graphs(
    folder: Path, manifest: Manifest, threads: int, eight: bool = False
) -> Mapping[str, Call]:
    """Every graph of a model folder by name; with `eight` those in 8 bits where there are any."""
    graphs = {n: g for n, g in manifest.graphs.items() if not n.endswith(INT8)}
    if eight:
        graphs = {name: manifest.graphs.get(name + INT8, g) for name, g in graphs.items()}
    return {name: OnnxGraph(folder / g.file, g, threads) for name, g in graphs.items()}


class OnnxGraph:
    """One ONNX graph; its session is made at the first call and may be used by several threads."""

    def __init__(self, path: Path, graph: Graph, threads: int) -> None:
        self.path, self.graph, self.threads = path, graph, threads
        self._session: onnxruntime.InferenceSession | None = None

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        """The first output, float32."""
        session = self._session = self._session or self._open()
        feeds = dict(zip(self.graph.inputs, map(_ready, arrays), strict=True))
        try:
            return np.asarray(session.run(list(self.graph.outputs[:1]), feeds)[0])
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise _failure(self.path, "could not run", error) from error

    def _open(self) -> onnxruntime.InferenceSession:
        try:
            session = open_session(self.path, self.threads)
        except Exception as error:
            raise _failure(
                self.path, "is not an ONNX graph that onnxruntime can open", error
            ) from error
        for kind, said, there in (
            ("inputs", self.graph.inputs, session.get_inputs()),
            ("outputs", self.graph.outputs, session.get_outputs()),
        ):
            names = {node.name for node in there}
            if not set(said) <= names or (kind == "inputs" and set(said) != names):
                raise BadModel(
                    f"{self.path} has the {kind} {', '.join(sorted(names))}; "
                    f"model.json says {', '.join(said)}: the two do not belong together"
                )
        return session


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """An onnxruntime session on the CPU with a fixed number of threads, silent on stderr."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # on Windows; elsewhere see unstir/__init__.py
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _ready(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def _failure(path: Path, what: str, error: Exception) -> Exception:
    said: Any = str(error).replace("\n", " ")
    if "Failed to allocate" in said or "bad_alloc" in said:
        return MemoryError(f"not enough memory to run {path.name}; draw fewer pictures at once")
    return BadModel(f"{path} {what}: {said[:300]}")
