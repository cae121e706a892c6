import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOY = Path(__file__).with_name("toy.py")
ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """tests/training/toy.py as a module."""
    spec = importlib.util.spec_from_file_location("unstir_training_toy", TOY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def script() -> Callable[..., dict[str, Any]]:
    """tests/training/toy.py as a script: script("kill", out, 3) -> what it prints."""

    def run(*words: object) -> dict[str, Any]:
        command = [sys.executable, str(TOY), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=ENV, timeout=900)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
