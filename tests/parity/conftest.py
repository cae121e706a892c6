"""`import sampler_twins` is benchmarks/twins.py."""

import importlib.util
import sys
from pathlib import Path

_file = Path(__file__).parents[2] / "benchmarks" / "twins.py"
_spec = importlib.util.spec_from_file_location("sampler_twins", _file)
assert _spec is not None
assert _spec.loader is not None
sys.modules["sampler_twins"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["sampler_twins"])
