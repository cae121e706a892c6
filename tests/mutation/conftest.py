"""`import sampler_checks` is tests/samplers/checks.py."""

import importlib.util
import sys
from pathlib import Path

_file = Path(__file__).parents[1] / "samplers" / "checks.py"
_spec = importlib.util.spec_from_file_location("sampler_checks", _file)
assert _spec is not None
assert _spec.loader is not None
sys.modules["sampler_checks"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["sampler_checks"])
