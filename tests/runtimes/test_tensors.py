"""Our reader of safetensors headers agrees with the reference implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from unstir.runtimes.tensors import read_header

DTYPES = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}
shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
names = st.text("abcXYZ019_.", min_size=1, max_size=12).filter(lambda name: "__" not in name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(names, st.tuples(st.sampled_from(sorted(DTYPES)), shapes), max_size=6))
def test_every_tensor_is_found_where_it_is(
    tmp_path: Path, said: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        name: rng.integers(0, 99, shape).astype(DTYPES[dtype])
        for name, (dtype, shape) in said.items()
    }
    path = tmp_path / "it.safetensors"
    save_file(arrays, path, metadata={"format": "pt"})
    raw, found = path.read_bytes(), read_header(path)
    assert found.keys() == arrays.keys()
    for name, tensor in found.items():
        stored = np.frombuffer(raw[tensor.start : tensor.stop], DTYPES[tensor.dtype])
        assert np.array_equal(stored.reshape(tensor.shape), arrays[name])
