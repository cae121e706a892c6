"""The graphs of model folders anew from their weights, as this version writes them.

    python tools/redraw.py unstir/models/emoji ...

For models that are trained by recipes: their weights stay as they are, byte for byte.
"""

from __future__ import annotations

import sys
from pathlib import Path

from unstir.runtimes.export import redraw

if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: python tools/redraw.py FOLDER ...")
    for name in sys.argv[1:]:
        redraw(Path(name))
        sizes = {file.name: file.stat().st_size for file in sorted(Path(name).glob("*.onnx"))}
        print(name, *(f"{file} {size:,} bytes" for file, size in sizes.items()), sep="\n  ")
