"""The house stays lean: short files and functions, and a core to be read in a sitting."""

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "unstir").rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def lines_of_code(path: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return sum(bool(t.strip()) and t.strip()[0] != "#" and i not in docs for i, t in lines)


def functions(path: Path) -> list[tuple[str, int]]:
    """(name, length) of every function in a file, docstrings not counted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS)]
    return [(f"{path.name}:{n.name}", _length(n) - _length(_docstring(n))) for n in found]


def _docstring(node: ast.AST) -> ast.AST | None:
    first = node.body[0]
    constant = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return first if constant and isinstance(first.value.value, str) else None


def _length(node: ast.AST | None) -> int:
    return 0 if node is None else (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_and_functions_are_short():
    long = {p.name: n for p in FILES if (n := len(p.read_text().splitlines())) > 400}
    assert not long
    every = [f for p in FILES for f in functions(p)]
    assert not [f for f in every if f[1] > 60]
    assert statistics.median(n for _, n in every) <= 12


def test_the_core_is_small():
    core = [p for p in FILES if "core" in p.parts]
    assert sum(map(lines_of_code, core)) <= 1500
    assert statistics.median(n for p in core for _, n in functions(p)) <= 12


def test_nothing_unpickles_or_evaluates():
    """No model file, checkpoint or data set can run code: the package has none of the ways to."""
    bad = (
        "pickle",
        "marshal",
        "dill",
        "shelve",
        "eval",
        "exec",
        "torch.load",
        "allow_pickle=True",
    )
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                assert not set(names) & set(bad), f"{path}:{node.lineno}"
            if isinstance(node, ast.Call):
                text = ast.unparse(node.func)
                assert text not in bad, f"{path}:{node.lineno} calls {text}"
                assert "allow_pickle=True" not in ast.unparse(node), f"{path}:{node.lineno}"
