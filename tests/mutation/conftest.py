"""`import sampler_checks` is tests/samplers/checks.py, `discrete_checks` tests/discrete/checks.py;
and a way to plant a bug."""

import importlib.util
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

for _name, _folder in (("sampler_checks", "samplers"), ("discrete_checks", "discrete")):
    _file = Path(__file__).parents[1] / _folder / "checks.py"
    _spec = importlib.util.spec_from_file_location(_name, _file)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """(package, module's name, bugged file, text, replacement) -> the module, in a copy of the
    package under another name; the text must be there."""
    copied = f"bugged_{tmp_path.name}"
    monkeypatch.syspath_prepend(tmp_path)

    def make(package, name, file, text, replacement):
        folder = tmp_path / copied
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(package.__file__).parent, folder, ignore=ignore)
        for path in folder.rglob("*.py"):
            source = path.read_text().replace(package.__name__, copied)
            if path == folder / f"{file}.py":
                assert text in source, f"{text!r} is not in {file}.py any more"
                source = source.replace(text, replacement)
            path.write_text(source)
        return import_module(f"{copied}.{name}")

    yield make
    for loaded in [m for m in sys.modules if m.partition(".")[0] == copied]:
        del sys.modules[loaded]
