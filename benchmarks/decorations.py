"""Strings completed around parts of real ones: are they molecules?

    python -m benchmarks.decorations smiles 200

Of test molecules of MOSES a part is taken out and drawn anew by `unstir inpaint "c1ccc(*)cc1"
--model smiles`: a branch (decoration), or what lies between two rings (linker). Valid, by rdkit;
and of the valid ones how many are not the molecule that was taken, beside as many drawn whole.
Needs rdkit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from unstir.datasets import moses
from unstir.evaluation import share
from unstir.folders import cache_dir
from unstir.modalities.smiles import symbols
from unstir.tasks.domains.smiles import building, molecule
from unstir.tasks.strings import decorate, strings

LEAST = 3
"""Symbols of a part that is taken out, at least."""
Part = tuple[int, int]
"""Where the symbols of a part begin and end."""


def main(which: str, count: int) -> None:
    """A line for each kind of part, and one for what is drawn whole."""
    for _ in building():
        pass
    test = moses.load(cache_dir() / "moses", "test")
    order = np.random.default_rng(0).permutation(len(test))
    for name, parts in (("decorations", branches), ("linkers", between_rings)):
        true, made = [], []
        for text, cut in cuts((test[i] for i in order), parts, count):
            true.append(text)
            made += [w.text for w in decorate(cut, model=which, seed=len(made))]
        report(name, made, true)
    report("drawn whole", [w.text for w in strings(model=which, n=count, seed=0)], None)


def cuts(
    texts: Iterator[str], parts: Callable[[Sequence[str]], list[Part]], count: int
) -> Iterator[tuple[str, str]]:
    """So many strings with a part in them, and each with one of its parts taken out."""
    rng = np.random.default_rng(0)
    for text in texts:
        if not count:
            return
        each = symbols(text)
        found = parts(each)
        if found:
            first, last = found[int(rng.integers(len(found)))]
            yield text, "".join((*each[:first], "*", *each[last:]))
            count -= 1


def branches(text: Sequence[str]) -> list[Part]:
    """Insides of brackets in which no ring begins or ends that does not end or begin there."""
    inside, found = [], []
    for i, symbol in enumerate(text):
        if symbol == "(":
            inside.append(i + 1)
        elif symbol == ")":
            found.append((inside.pop(), i))
    return [
        part for part in found if part[1] - part[0] >= LEAST and not _rings(text[slice(*part)])
    ]


def between_rings(text: Sequence[str]) -> list[Part]:
    """Parts outside of all brackets and rings, with rings before and after them."""
    depth, free = 0, []
    for i, symbol in enumerate(text):
        depth += (symbol == "(") - (symbol == ")")
        if not depth and symbol[0].isalpha() and not _rings(text[:i]):
            free.append(i)
    return [
        (a, b) for a in free for b in free
        if b - a >= LEAST and _closed(text[:a]) and _closed(text[b:]) and not _closed(text[a:b])
    ]  # fmt: skip


def _rings(text: Sequence[str]) -> set[str]:
    """Ring numbers that are open at the end."""
    found: set[str] = set()
    for symbol in text:
        if symbol.isdigit() or symbol.startswith("%"):
            found ^= {symbol}
    return found


def _closed(text: Sequence[str]) -> bool:
    """Whether there is a ring in it."""
    return any(symbol.isdigit() or symbol.startswith("%") for symbol in text)


def report(name: str, made: Sequence[str], true: Sequence[str] | None) -> None:
    """How many are molecules, and how many of these others than the true ones."""
    from rdkit import Chem

    found = [molecule(text) for text in made]
    valid = share("valid", [m is not None for m in found])
    line = f"{name:12} {_percent(valid.value)} ({_percent(valid.low)} to {_percent(valid.high)})"
    if true is not None:
        known = [Chem.CanonSmiles(text) for text in true]
        pairs = zip(found, known, strict=True)
        other = [Chem.MolToSmiles(m) != same for m, same in pairs if m is not None]
        line += f" valid, {_percent(float(np.mean(other)))} of these another than it was"
    print(line, flush=True)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which, count] if count.isdigit():
            main(which, int(count))
        case _:
            sys.exit("usage: python -m benchmarks.decorations MODEL N")
