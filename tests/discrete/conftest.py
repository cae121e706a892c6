"""`import discrete_checks` is checks.py beside this file."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "discrete_checks", Path(__file__).with_name("checks.py")
)
assert _spec is not None
assert _spec.loader is not None
sys.modules["discrete_checks"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["discrete_checks"])
